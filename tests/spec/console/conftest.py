"""The console as people have it: in a real Chromium, Debian's, driven by Playwright.

A page fails its test when it writes an error to its console, when a script of it fails, and when it asks another host
for anything. That an answer of the bank is an error is no error of a page.
"""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, ViewportSize, sync_playwright

from tests.spec.conftest import PATH, Client, Connect, Server

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_VISITORS = count()


class Visitor:
    """Somebody at the console, with a space of their own."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.space = f"visitor-{next(_VISITORS)}"
        self.mistakes: list[str] = []
        # Paths whose errors a test is about.
        self.may_fail: set[str] = set()
        page.set_default_timeout(10_000)
        page.on("console", self._hear)
        page.on("pageerror", self._notice)
        page.on("request", self._watch)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def leave(self) -> None:
        """Leave the page as it was found."""
        self.page.evaluate("location.protocol === 'http:' && localStorage.clear()")
        self.page.goto("about:blank")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(DESKTOP)
        self.page.remove_listener("console", self._hear)
        self.page.remove_listener("pageerror", self._notice)
        self.page.remove_listener("request", self._watch)

    def _notice(self, error: Error) -> None:
        self.mistakes.append(f"script: {error}")

    def _hear(self, message: ConsoleMessage) -> None:
        path = urlsplit(message.location["url"]).path
        is_answer = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not (is_answer and (path.endswith(PATH) or path in self.may_fail)):
            self.mistakes.append(f"{message.type}: {message.text} ({path})")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.url + "/", "blob:", "data:")):
            self.mistakes.append(f"request to another host: {request.url}")


class HasPort(Protocol):
    """A server, or something in front of one."""

    port: int


Visit = Callable[..., Visitor]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # Not for the whole session: Playwright's event loop would be in the way of tests that run their own.
    if not Path(CHROMIUM).exists():
        message = f"{CHROMIUM} is missing; on Debian: apt-get install chromium fonts-dejavu-core"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def usual(browser: Browser) -> Page:
    """The page that most visitors take, one after the other: a new one each time would double what a test takes."""
    return browser.new_context(viewport=DESKTOP).new_page()


@pytest.fixture
def visit(browser: Browser, usual: Page, server: Server) -> Iterator[Visit]:
    """Make visitors of any server; the test fails for what their pages did wrong."""
    visitors: list[Visitor] = []

    def make(to: HasPort | None = None, **context: Any) -> Visitor:
        if context:
            page = browser.new_context(**{"viewport": DESKTOP, **context}).new_page()
        elif any(visitor.page is usual for visitor in visitors):
            page = usual.context.new_page()
        else:
            page = usual
        visitors.append(Visitor(page, f"http://127.0.0.1:{(to or server).port}"))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.leave()
        if visitor.page.context is not usual.context:
            visitor.page.context.close()
        elif visitor.page is not usual:
            visitor.page.close()
    usual.context.clear_cookies()
    assert [mistake for visitor in visitors for mistake in visitor.mistakes] == []


@pytest.fixture
def visitor(visit: Visit) -> Visitor:
    return visit()


@pytest.fixture
def caller(visitor: Visitor, server: Server, connect: Connect) -> Client:
    """An application in the visitor's space."""
    return connect(server, visitor.space)


def serious_issues(page: Page) -> list[str]:
    """Return what axe finds on a page that is serious or critical."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    results = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}: {node['failureSummary']}"
        for violation in results["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def layout_shift(page: Page) -> float:
    """Return how much of a page has moved by itself since it was opened (Layout Instability API)."""
    shift: float = page.evaluate(
        """() => new Promise((resolve) => {
            let sum = 0;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) sum += entry.value;
            }).observe({type: "layout-shift", buffered: true});
            // Buffered entries come in a task of their own.
            requestAnimationFrame(() => setTimeout(() => resolve(sum), 50));
        })"""
    )
    return shift
