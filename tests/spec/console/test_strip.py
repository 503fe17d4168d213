"""The status strip: on every page, what holds now; it follows what happens, and says what is broken."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox.console.rendering import ENTRIES, STAGE
from tests.spec.conftest import Client, Connect, Serve, Server

from .conftest import PHONE, THEMES, Visit, Visitor, serious_issues
from .test_live import STRIP, Gate, gate

__all__ = ["gate"]

# The stage has no frame around it.
PATHS = [entry.path for entry in ENTRIES if entry != STAGE]


def strip_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Status")


@pytest.mark.parametrize("path", PATHS)
def test_every_page_says_whose_space_it_is_and_what_holds_there(visitor: Visitor, caller: Client, path: str) -> None:
    caller.control("PUT", "/spaces/{space}/clock", json={"now": "2028-02-29T09:00:00-06:00"})
    caller.control("PUT", "/spaces/{space}/overrides/customerId/17", json={"error": "resourceNotFound"})
    caller.control("PUT", "/spaces/{space}/profile", json={"profile": "uuid"})
    strip = strip_of(visitor.open(f"{path}?space={visitor.space}"))
    for part in (visitor.space, "frozen at Tue 29 Feb 2028, 09:00", "1 override", "uuid", "connected"):
        expect(strip).to_contain_text(part)


def test_it_follows_what_happens_and_focus_stays(visitor: Visitor, caller: Client) -> None:
    strip = strip_of(visitor.open(f"/console/customers?space={visitor.space}"))
    expect(strip).to_contain_text("no overrides")
    strip.get_by_role("link", name="lenient").focus()
    caller.control("PUT", "/spaces/{space}/overrides/customerId/17", json={"error": "resourceNotFound"})
    expect(strip).to_contain_text("1 override")
    expect(strip.get_by_role("link", name="lenient")).to_be_focused()
    caller.control("PUT", "/spaces/{space}/clock", json={"now": "2030-05-05T09:00:00-06:00", "ticking": True})
    expect(strip).to_contain_text("travelled to Sun 5 May 2030")
    caller.control("DELETE", "/spaces/{space}")
    expect(strip).not_to_contain_text("travelled")
    expect(strip).to_contain_text("no overrides")


def test_a_broken_save_is_said_on_an_open_page_with_file_and_line_until_it_is_mended(
    serve: Serve, connect: Connect, visit: Visit, tmp_path: Path
) -> None:
    file = tmp_path / "demo.yaml"
    file.write_text('customerId:\n  "1": {error: resourceNotFound}\n')
    server = serve("--no-watch", scenarios=tmp_path)
    client = connect(server)
    page = visit(server).open("/console/live")
    expect(strip_of(page)).not_to_contain_text("broken")
    file.write_text('customerId:\n  "1": {eror: resourceNotFound}\n')
    client.control("POST", "/reload")
    broken = strip_of(page).get_by_role("link", name="The last save is broken")
    expect(broken).to_contain_text(f"{file}:2")
    expect(page.locator("#announced")).to_have_text("The last save is broken.")
    broken.press("Enter")
    expect(page.get_by_role("region", name="The last save has 1 mistake")).to_contain_text("did you mean error?")
    file.write_text('customerId:\n  "1": {error: resourceNotFound}\n')
    client.control("POST", "/reload")
    expect(strip_of(page)).not_to_contain_text("broken")


def test_warnings_of_the_files_are_shown_where_mistakes_are(serve: Serve, visit: Visit) -> None:
    page = visit(serve(scenarios='customerId:\n  "123": {error: resourceNotFound}\n')).open("/console/customers")
    strip_of(page).get_by_role("link", name="1 warning in the files").press("Enter")
    warnings = page.get_by_role("region", name="1 warning in the files")
    expect(warnings).to_contain_text("test.yaml:2")


def test_a_server_that_is_gone_is_said_and_so_is_its_return(gate: Gate, visit: Visit, server: Server) -> None:
    visitor = visit(gate)
    visitor.may_fail.add(STRIP)
    strip = strip_of(visitor.open("/console/errors"))
    expect(strip).to_contain_text("connected")
    gate.cut()
    expect(strip).to_contain_text("no connection")
    gate.target = server
    expect(strip).to_contain_text("connected")


def test_what_cannot_be_sent_is_said_plainly(gate: Gate, visit: Visit) -> None:
    visitor = visit(gate)
    visitor.may_fail |= {STRIP, f"/_sandbox/spaces/{visitor.space}/clock"}
    page = visitor.open(f"/console/time?space={visitor.space}")
    gate.cut()
    page.get_by_role("button", name="A day on").press("Enter")
    expect(page.locator("#failed")).to_contain_text("Nothing was changed.")
    expect(page.locator("#failed")).not_to_contain_text("fetch")


@pytest.mark.parametrize("theme", THEMES)
def test_with_much_to_say_it_has_no_serious_issue_and_never_scrolls_the_page(
    serve: Serve, visit: Visit, connect: Connect, theme: str
) -> None:
    server = serve(scenarios='customerId:\n  "123": {error: resourceNotFound}\n')
    visitor = visit(server, color_scheme=theme, viewport=PHONE)
    caller = connect(server, visitor.space)
    caller.control("PUT", "/spaces/{space}/clock", json={"now": "2028-02-29T09:00:00-06:00"})
    for space in ("{space}", "*"):
        caller.control("PUT", f"/spaces/{space}/overrides/customerId/17", json={"error": "resourceNotFound"})
    page = visitor.open(f"/console/try?space={visitor.space}")
    expect(strip_of(page)).to_contain_text("1 overrides, 1 for everybody")
    assert serious_issues(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
