"""The console as people have it: in a real Chromium, Debian's, driven by Playwright.

A page fails its test when it writes an error to its console, when a script of it fails, and when it asks another host
for anything. That an answer of the bank is an error is no error of a page.
"""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize, sync_playwright

from tests.spec.conftest import PATH, Client, Connect, Server

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
THEMES = ("light", "dark")
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
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.mistakes.append(f"script: {error}"))
        page.on("request", self._watch)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def _hear(self, message: ConsoleMessage) -> None:
        path = urlsplit(message.location["url"]).path
        is_answer = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not (is_answer and (path.endswith(PATH) or path in self.may_fail)):
            self.mistakes.append(f"{message.type}: {message.text} ({path})")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.url + "/", "blob:", "data:")):
            self.mistakes.append(f"request to another host: {request.url}")


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
def usual(browser: Browser) -> BrowserContext:
    """What most visitors share: a new one for each would take as long as most tests do."""
    return browser.new_context(viewport=DESKTOP)


@pytest.fixture
def visit(browser: Browser, usual: BrowserContext, server: Server) -> Iterator[Visit]:
    """Make visitors of any server; the test fails for what their pages did wrong."""
    visitors: list[Visitor] = []

    def make(to: Server | None = None, **context: Any) -> Visitor:
        page = (browser.new_context(**{"viewport": DESKTOP, **context}) if context else usual).new_page()
        page.set_default_timeout(10_000)
        url = f"http://127.0.0.1:{(to or server).port}"
        visitors.append(Visitor(page, url))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.page.evaluate("location.protocol === 'http:' && localStorage.clear()")
        visitor.page.close()
        if visitor.page.context is not usual:
            visitor.page.context.close()
    usual.clear_cookies()
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
    page.evaluate(AXE)
    results = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}: {node['failureSummary']}"
        for violation in results["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]
