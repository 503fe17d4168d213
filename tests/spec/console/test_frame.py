"""What every page promises: it is safe, offline, readable in both themes and at both sizes, and works by keyboard."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from playwright.sync_api import expect

from sandbox.console.rendering import ENTRIES, LIVE, STAGE
from tests.spec.conftest import Client, Serve, Server

from .conftest import DESKTOP, PHONE, THEMES, Visit, Visitor, layout_shift, serious_issues

PATHS = [entry.path for entry in ENTRIES]
HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
    "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
}  # fmt: skip


@pytest.mark.parametrize("path", [path for path in PATHS if path != STAGE.path])
def test_a_page_does_not_shift_while_it_loads(visitor: Visitor, path: str) -> None:
    for size in (DESKTOP, PHONE):
        visitor.page.set_viewport_size(size)
        page = visitor.open(path)
        page.wait_for_load_state("networkidle") if path != LIVE.path else page.wait_for_load_state()
        assert layout_shift(page) < 0.001


class Tags(HTMLParser):
    """The tags of a page, as a browser reads them, whatever its texts and values say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, set[str]]] = []
        self.feed(page)
        assert self.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name for name, _ in attrs}))


@pytest.mark.parametrize("path", [*PATHS, "/docs"])
def test_a_page_has_no_serious_issue_in_either_theme_at_either_size_and_never_scrolls_sideways(
    visitor: Visitor, path: str
) -> None:
    page = visitor.open(path)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            assert serious_issues(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("path", [*PATHS, "/docs", "/console/nowhere"])
def test_a_page_may_load_its_own_files_only_and_holds_no_script_and_no_style(client: Client, path: str) -> None:
    page = client.http.get(path, headers=HTML)
    assert set(page.headers["content-security-policy"].split("; ")) == POLICY
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    for tag, attributes in Tags(page.text).found:
        assert tag != "style"
        assert tag != "script" or "src" in attributes
        assert [name for name in attributes if name == "style" or name.startswith("on")] == []
    assert all(address.startswith("/") for address in re.findall(r'(?:src|href)="([^"#]+)', page.text))


def test_what_a_page_loads_is_there_for_ever_under_its_version_and_under_no_other(client: Client) -> None:
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)', client.http.get("/", headers=HTML).text)
    assert len({address.split("/")[2] for address in addresses}) == 1
    for address in addresses:
        found = client.http.get(address)
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]
        assert client.http.get("/static/0000000000000000/" + address.rpartition("/")[2]).status_code == 404


def test_a_browser_gets_the_console_at_the_root_and_a_program_a_text(client: Client) -> None:
    assert client.http.get("/", headers=HTML).headers["content-type"].startswith("text/html")
    for accept in ("*/*", "text/plain", "text/html;q=0.5, text/plain", "application/json"):
        answer = client.http.get("/", headers={"accept": accept})
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["vary"] == "Accept"


def test_a_page_that_is_not_there_says_so_and_is_no_call_of_the_bank(visitor: Visitor, client: Client) -> None:
    visitor.may_fail.add("/console/nowhere")
    page = visitor.open("/console/nowhere")
    assert page.get_by_role("heading", level=1).inner_text() == "There is no such page"
    assert client.control("GET", "/spaces/*/exchanges?path=/console/nowhere").json()["count"] == 0


def test_the_keyboard_gets_past_the_navigation_with_one_key(visitor: Visitor) -> None:
    page = visitor.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_theme_is_chosen_by_a_button_and_stays_chosen(visitor: Visitor) -> None:
    page = visitor.open("/")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.get_by_role("button", name="Theme")
    for expected in ("Theme: light", "Theme: dark"):
        button.press("Enter")
        assert button.inner_text() == expected
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert button.inner_text() == "Theme: dark"
    assert page.evaluate(paper) == dark


def test_a_page_is_about_a_space_as_soon_as_it_is_chosen_and_links_stay_in_it(visitor: Visitor, caller: Client) -> None:
    caller.ask({"customerId": "321116471234"})
    page = visitor.open("/?birthday=today")
    page.get_by_label("Space").select_option(visitor.space)
    page.wait_for_url(f"{visitor.url}/?birthday=today&space={visitor.space}")
    expect(page.get_by_label("Space")).to_be_focused()
    assert page.get_by_label("Space").input_value() == visitor.space
    assert page.get_by_role("link", name="Home").get_attribute("href") == f"/?space={visitor.space}"


MARKUP = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


def test_a_space_full_of_markup_stays_text(visit: Visit, server: Server, client: Client) -> None:
    client.ask({"customerId": "321116471234"}, client_id=MARKUP)
    visitor = visit()
    page = visitor.open("/?" + str(httpx2.QueryParams({"space": MARKUP, MARKUP: MARKUP})))
    assert page.get_by_label("Space").input_value() == MARKUP
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_without_a_control_api_there_is_no_console_but_the_reference(serve_once: Serve, path: str) -> None:
    with httpx2.Client(base_url=serve_once("--control", "off").url, headers=HTML) as http:
        page = http.get(path)
        assert page.status_code == 200
        assert "/console/" not in page.text
        assert page.headers["content-type"].startswith("text/plain" if path == "/" else "text/html")
        for gone in ("/console/sign-in", *PATHS[1:]):
            assert http.get(gone).status_code == 404


def test_another_site_may_not_look_in(client: Client) -> None:
    wrong: list[dict[str, Any]] = [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
    for path in PATHS:
        for headers in wrong:
            assert client.http.get(path, headers={**HTML, **headers}).status_code == 403
