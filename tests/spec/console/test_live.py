"""Live: calls as they arrive, each with its reasons, and what to make of them."""

import json
import re
import shlex
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Locator, Page, Route, ViewportSize, expect

from sandbox.core.faults import FAULTS
from tests.spec.conftest import HEADERS, PATH, Client, Connect, Serve, Server

from .conftest import Visit, Visitor, layout_shift, serious_issues

STRIP = "/console/strip"
LUIS = "321116471234"
OTHER = "100000000999"
CARD = "4969452123456110"
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture
def live(visitor: Visitor) -> Page:
    return watch(visitor)


def watch(visitor: Visitor, query: str = "") -> Page:
    page = visitor.open(f"/console/live?space={visitor.space}{query}")
    expect(page.locator("#state")).to_have_text("listening")
    return page


def rows(page: Page) -> Locator:
    return page.locator("#calls > li")


def open_call(page: Page, number: int = 0) -> Locator:
    rows(page).nth(number).get_by_role("button").press("Enter")
    return page.get_by_role("dialog")


def test_a_call_that_was_forced_from_one_page_is_seen_on_another_at_once(
    live: Page, visit: Visit, visitor: Visitor
) -> None:
    other = visit().page
    other.goto(f"{visitor.url}/console/try?space={visitor.space}&X-Sandbox-Scenario=businessValidationFailed")
    other.get_by_role("button", name="Send").press("Enter")
    expect(rows(live)).to_have_count(1)
    for part in ("422", LUIS, "businessValidationFailed", "forced"):
        expect(rows(live)).to_contain_text(part)


def test_what_came_before_is_there_and_the_newest_is_on_top(visitor: Visitor, caller: Client) -> None:
    numbers = ["100000000101", "100000000102", "100000000103", "100000000104"]
    for number in numbers[:2]:
        caller.ask({"customerId": number})
    page = watch(visitor)
    for number in numbers[2:]:
        caller.ask({"customerId": number})
    expect(rows(page)).to_have_count(4)
    assert [number for row in rows(page).all_inner_texts() for number in numbers if number in row] == numbers[::-1]


def test_nobody_else_is_seen_in_a_space_and_all_are_in_that_of_everybody(
    live: Page, visit: Visit, caller: Client, client: Client
) -> None:
    everybody = visit().open("/console/live")
    expect(everybody.locator("#state")).to_have_text("listening")
    client.ask({"customerId": LUIS})
    caller.ask({"customerId": LUIS})
    for space in (client.space, caller.space):
        expect(rows(everybody).filter(has_text=f"· {space}")).to_have_count(1)
    expect(rows(live)).to_have_count(1)


@pytest.mark.parametrize(
    "query", ["status=404", "code=resourceNotFound", "customerId=999900000404&rule=scenario_file", "uuid=b"]
)
def test_a_filter_holds_for_what_was_and_for_what_comes(visitor: Visitor, caller: Client, query: str) -> None:
    for uuid, number in (("a", LUIS), ("b", "999900000404")):
        caller.ask({"customerId": number}, uuid=uuid)
    page = watch(visitor, f"&{query}")
    for uuid, number in (("a", LUIS), ("b", "999900000404")):
        caller.ask({"customerId": number}, uuid=uuid)
    expect(rows(page)).to_have_count(2)
    assert set(page.get_by_label("Search").input_value().split()) == set(query.split("&"))


def test_a_wrong_filter_is_said_to_be_wrong(visitor: Visitor) -> None:
    visitor.may_fail |= {f"/_sandbox/spaces/{visitor.space}/exchanges{end}" for end in ("", "/stream")}
    page = visitor.open(f"/console/live?space={visitor.space}&status=abc")
    expect(page.locator("#state")).to_contain_text("status: found 'abc', expected three digits")


def test_a_pause_keeps_what_comes_until_it_is_over(live: Page, caller: Client) -> None:
    live.get_by_role("button", name="Pause").press("Enter")
    for _ in range(3):
        caller.ask({"customerId": LUIS})
    expect(live.locator("#state")).to_have_text("paused; 3 waiting")
    expect(rows(live)).to_have_count(0)
    live.get_by_role("button", name="Go on").press("Enter")
    expect(rows(live)).to_have_count(3)


def test_a_call_is_opened_and_closed_by_keyboard_and_tells_why(live: Page, caller: Client) -> None:
    caller.ask({"customerId": LUIS}, X_Sandbox_Scenario="404", countryCode="ZZ", ChannelId="WEB é")
    dialog = open_call(live)
    for part in (
        f"in {caller.space}", "forced", "X-Sandbox-Scenario asks for resourceNotFound",
        "accessNotConfigured at countryCode", "contract_breach would answer 403", "scenario_file would answer 200",
    ):  # fmt: skip
        expect(dialog).to_contain_text(part)
    dialog.get_by_text("Headers of the request").click()
    expect(dialog).to_contain_text("channelid: WEB é")
    assert "demo-token" not in dialog.inner_text()
    assert serious_issues(live) == []
    live.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert live.evaluate("document.activeElement.className") == "call"


def test_a_call_is_opened_in_try_it_as_it_was(live: Page, caller: Client) -> None:
    caller.ask({"customerId": LUIS, "more": "é"}, ChannelId="WEB é", X_Sandbox_Delay="1ms")
    before = caller.control("GET", "/spaces/{space}/exchanges").json()["exchanges"][0]
    open_call(live).get_by_role("link", name="Open in Try it").press("Enter")
    live.get_by_role("button", name="Send").press("Enter")
    expect(live.locator("#answer .status")).to_have_text("403")
    after = caller.control("GET", "/spaces/{space}/exchanges").json()["exchanges"][0]
    assert after["body"] == before["body"]
    for name in ("client_id", "channelid", "x-sandbox-delay", "countrycode"):
        assert after["headers"][name] == before["headers"][name]
    assert after["headers"]["uuid"] != before["headers"]["uuid"]


def test_coverage_and_findings_follow_the_calls(live: Page, caller: Client) -> None:
    errors, rules, findings = (live.locator(f"#{part}") for part in ("errors", "rules", "findings"))
    expect(errors.filter(has_text="resourceNotFound")).to_contain_text("not yet")
    for number in (LUIS, "999900000404", "1"):
        caller.ask({"customerId": number}, uuid="the same")
    expect(errors.get_by_role("listitem").filter(has_text="resourceNotFound")).to_contain_text("✓ 2")
    expect(rules.get_by_role("listitem").filter(has_text="scenario_file")).to_contain_text("✓ 2")
    expect(findings).to_contain_text("uuid reused: the same came 3 times")
    coverage = caller.control("GET", "/spaces/{space}/coverage").json()
    assert errors.get_by_role("listitem").count() == len(coverage["errors"])
    assert rules.get_by_role("listitem").count() == len(coverage["rules"])


# What a row, a search and a panel say


def test_a_row_names_the_customer_or_says_why_there_is_none_and_how_long_it_was_held_up(
    live: Page, caller: Client
) -> None:
    caller.ask({"customerId": LUIS}, X_Sandbox_Delay="20ms")
    caller.ask({"customerId": LUIS}, countryCode="ZZ")
    for part in ("Luis Diaz Salinas", "segment 20", "birthday today", "+20 ms"):
        expect(rows(live).nth(1)).to_contain_text(part)
    for part in ("403", "accessNotConfigured", "countryCode 'ZZ' is not one of this world's"):
        expect(rows(live).nth(0)).to_contain_text(part)


@pytest.mark.parametrize("fault", ["connectionReset", "malformedJson"])
def test_a_fault_never_looks_like_success(live: Page, caller: Client, fault: str) -> None:
    with suppress(httpx2.HTTPError):
        caller.ask({"customerId": LUIS}, X_Sandbox_Fault=fault)
    row = rows(live).first
    expect(row.locator(".status")).to_have_text("fault")
    assert row.locator(".status").get_attribute("data-kind") == "x"
    expect(row).to_contain_text(fault)
    expect(row).not_to_contain_text("200")
    panel = open_call(live)
    expect(panel.locator(".status").first).to_have_text("fault")
    expect(panel.locator(".notice.bad")).to_contain_text(f"Fault {fault}: {FAULTS[fault]}")
    expect(panel.locator(".notice.bad")).to_contain_text("A 200 was decided")


def ask_all_kinds(caller: Client) -> None:
    caller.ask({"customerId": LUIS})
    caller.ask({"customerId": "999900000404"})
    caller.ask({"customerId": "999900000500"})
    with suppress(httpx2.HTTPError):
        caller.ask({"customerId": LUIS}, X_Sandbox_Fault="emptyResponse")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4xx", ["404"]),
        ("5xx", ["500"]),
        ("2xx faults", ["fault", "200"]),
        ("404", ["404"]),
        ("resourceNotFound", ["404"]),
        ("emptyResponse", ["fault"]),
        ("scenario_file 5xx", ["500"]),
        ("salinas", ["fault", "200"]),
        ("999900000500", ["500"]),
        ("status=404 rule=scenario_file", ["404"]),
    ],
)
def test_one_field_takes_what_the_api_takes_and_words(
    visitor: Visitor, caller: Client, text: str, expected: list[str]
) -> None:
    ask_all_kinds(caller)
    page = watch(visitor)
    page.get_by_label("Search").fill(text)
    page.get_by_label("Search").press("Enter")
    page.wait_for_url("**q=**")
    expect(rows(page).locator(".status")).to_have_text(expected)
    ask_all_kinds(caller)
    expect(rows(page).locator(".status")).to_have_text(expected * 2)


def test_a_chip_narrows_down_and_is_taken_off_again(visitor: Visitor, caller: Client) -> None:
    ask_all_kinds(caller)
    page = watch(visitor)
    page.get_by_role("link", name="4xx").press("Enter")
    expect(rows(page).locator(".status")).to_have_text(["404"])
    expect(page.get_by_role("link", name="4xx")).to_have_attribute("aria-current", "true")
    page.get_by_text("one rule").press("Enter")
    page.get_by_role("link", name="unknown_customer").press("Enter")
    expect(page.locator("#unfit")).to_be_visible()
    assert page.get_by_label("Search").input_value() == "4xx rule=unknown_customer"
    page.get_by_role("link", name="4xx").press("Enter")
    page.get_by_text("one rule").press("Enter")
    page.get_by_role("link", name="unknown_customer").press("Enter")
    expect(rows(page)).to_have_count(4)


def test_nothing_fits_is_not_no_call_yet(visitor: Visitor, caller: Client) -> None:
    page = watch(visitor)
    expect(page.get_by_text("No call yet.")).to_be_visible()
    caller.ask({"customerId": LUIS})
    expect(page.get_by_text("No call yet.")).to_be_hidden()
    page = watch(visitor, "&q=nobodylikethat")
    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    expect(page.get_by_text("No call yet.")).to_be_hidden()
    page.get_by_role("link", name="Show all calls").press("Enter")
    expect(rows(page)).to_have_count(1)


def test_one_filter_asked_for_twice_is_said_to_be(visitor: Visitor) -> None:
    visitor.may_fail.add("/console/live")
    page = visitor.open(f"/console/live?space={visitor.space}&q=404+status%3D422")
    expect(page.get_by_role("alert").filter(has_text="asked for twice")).to_contain_text("404 and 422")


def test_a_call_has_an_address_that_back_leaves_and_a_reload_keeps(
    live: Page, visitor: Visitor, caller: Client
) -> None:
    caller.ask({"customerId": LUIS})
    panel = open_call(live)
    expect(panel).to_contain_text("Luis Diaz Salinas")
    number = caller.control("GET", "/spaces/{space}/exchanges").json()["exchanges"][0]["id"]
    assert live.url.endswith(f"&call={number}")
    live.go_back()
    expect(panel).to_be_hidden()
    expect(live).not_to_have_url(re.compile("call="))
    expect(rows(live)).to_have_count(1)
    live.go_forward()
    expect(panel).to_contain_text(f"Call {number}")
    live.reload()
    expect(panel).to_contain_text(f"Call {number}")
    live.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(live).not_to_have_url(re.compile("call="))


def test_arrow_keys_go_from_row_to_row_and_from_call_to_call(live: Page, caller: Client) -> None:
    numbers = ["100000000101", "100000000102", "100000000103"]
    for number in numbers:
        caller.ask({"customerId": number})
    expect(rows(live)).to_have_count(3)
    rows(live).first.get_by_role("button").focus()
    live.keyboard.press("ArrowDown")
    live.keyboard.press("Enter")
    panel = live.get_by_role("dialog")
    expect(panel).to_contain_text(numbers[1])
    live.keyboard.press("ArrowRight")
    expect(panel).to_contain_text(numbers[0])
    expect(panel.get_by_role("button", name="Older")).to_be_disabled()
    live.keyboard.press("ArrowLeft")
    live.keyboard.press("ArrowLeft")
    expect(panel).to_contain_text(numbers[2])
    expect(panel.get_by_role("button", name="Newer")).to_be_disabled()
    # In a field, arrows move the cursor.
    panel.get_by_label("Entry").press("ArrowRight")
    expect(panel).to_contain_text(numbers[2])
    live.keyboard.press("Escape")
    expect(rows(live).first.get_by_role("button")).to_be_focused()


def test_a_call_that_is_gone_is_said_to_be(visitor: Visitor) -> None:
    visitor.may_fail.add("/_sandbox/spaces/*/exchanges/999999")
    page = visitor.open(f"/console/live?space={visitor.space}&call=999999")
    expect(page.get_by_role("dialog")).to_contain_text("no call 999999 in the journal")


def test_a_call_is_tried_again_and_copied_as_curl_where_tokens_are_checked(visit: Visit, serve: Serve) -> None:
    server = serve("--profile", "tokens")
    visitor = visit(server, permissions=["clipboard-read", "clipboard-write"])
    page = visitor.open("/console/try")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer .status")).to_have_text("200")
    page = visitor.open("/console/live")
    panel = open_call(page)
    panel.get_by_role("button", name="Try again").press("Enter")
    expect(panel.get_by_text("Sent again: 200")).to_be_visible()
    expect(rows(page)).to_have_count(2)
    panel.get_by_role("button", name="Copy as curl").press("Enter")
    panel.get_by_text("Copied").wait_for()
    pasted = page.evaluate("navigator.clipboard.readText()")
    command = shlex.split(pasted.replace("\\\n", " "))
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "200 OK" in answer
    panel.get_by_role("link", name="call ").press("Enter")
    expect(panel).to_contain_text("Call 2")


def test_a_list_of_calls_does_not_shift_while_it_loads(visitor: Visitor, caller: Client) -> None:
    for number in range(20):
        caller.ask({"customerId": f"1000000001{number:02}"})
    for width in (412, 1280):
        visitor.page.set_viewport_size(ViewportSize(width=width, height=900))
        page = watch(visitor)
        expect(rows(page)).to_have_count(20)
        expect(page.locator("#rules").get_by_text("✓").first).to_be_attached()
        assert layout_shift(page) < 0.001


def test_faults_are_counted_beside_errors_and_rules(live: Page, caller: Client) -> None:
    caller.ask({"customerId": LUIS}, X_Sandbox_Fault="malformedJson")
    expect(live.locator("#faults").get_by_role("listitem").filter(has_text="malformedJson")).to_contain_text("✓ 1")


# Overrides and files


def test_what_was_answered_becomes_an_override_that_may_be_edited(live: Page, caller: Client) -> None:
    number = "100000000777"
    first = caller.ask({"customerId": number}).json()["customer"]
    dialog = open_call(live)
    entry = dialog.get_by_label("Entry")
    assert json.dumps(first["fullName"], ensure_ascii=False) in entry.input_value()
    entry.fill(entry.input_value().replace(json.dumps(first["customerSegment"]), '"99"') + "times: 1\n")
    dialog.get_by_role("button", name="Place override").press("Enter")
    expect(dialog).to_contain_text(f"Placed: customerId {number}")
    assert caller.ask({"customerId": number}).json()["customer"] == {**first, "customerSegment": "99"}
    assert caller.ask({"customerId": number}).json()["customer"] == first


def test_an_error_with_delay_and_fault_becomes_an_override_and_so_does_json(live: Page, caller: Client) -> None:
    caller.ask({"customerId": LUIS}, X_Sandbox_Scenario="503", X_Sandbox_Delay="20ms", X_Sandbox_Fault="malformedJson")
    dialog = open_call(live)
    entry = "error: serviceUnavailable\ndelay: 0.02s\nfault: malformedJson\n"
    assert dialog.get_by_label("Entry").input_value() == entry
    dialog.get_by_role("button", name="Place override").press("Enter")
    expect(dialog.locator(".notice.good")).to_contain_text("Placed")
    dialog.get_by_label("Entry").fill('{"error": {"code": "resourceNotFound", "details": "gone"}}')
    dialog.get_by_role("button", name="Place override").press("Enter")
    expect(dialog.locator(".notice.good")).to_contain_text("Placed")
    assert caller.ask({"customerId": LUIS}).json()["details"] == "gone"


def test_the_mistakes_of_an_entry_are_shown_each_with_its_path(live: Page, visitor: Visitor, caller: Client) -> None:
    visitor.may_fail.add(f"/_sandbox/spaces/{visitor.space}/overrides/customerId/{LUIS}")
    caller.ask({"customerId": LUIS})
    dialog = open_call(live)
    dialog.get_by_label("Entry").fill("customer: {birthday: tomorrow}\neror: 1\n")
    dialog.get_by_role("button", name="Place override").press("Enter")
    expect(dialog.locator(".notice.bad li")).to_have_count(2)
    expect(dialog.locator(".notice.bad")).to_contain_text("customer.birthday: found 'tomorrow'")
    dialog.get_by_label("Entry").fill("a: [")
    dialog.get_by_role("button", name="Place override").press("Enter")
    expect(dialog.locator(".notice.bad")).to_contain_text("body:")


def test_a_card_is_masked_in_the_journal_and_asked_for(live: Page, caller: Client) -> None:
    caller.ask({"cardNumber": CARD})
    dialog = open_call(live)
    assert CARD not in live.content()
    assert dialog.get_by_label("Number of").input_value() == "cardNumber"
    assert dialog.get_by_label("Number", exact=True).input_value() == ""
    dialog.get_by_label("Number", exact=True).fill(CARD)
    dialog.get_by_label("Entry").fill("error: serverUnavailable")
    dialog.get_by_role("button", name="Place override").press("Enter")
    expect(dialog).to_contain_text("Placed")
    assert caller.ask({"cardNumber": CARD}).status_code == 500


def test_overrides_are_saved_as_a_scenario_file_that_has_no_mistake(live: Page, caller: Client, tmp_path: Path) -> None:
    save = live.get_by_role("button", name="Save as scenario file")
    save.press("Enter")
    expect(live.locator("#saved")).to_contain_text("no override here yet")
    caller.control("PUT", f"/spaces/*/overrides/customerId/{OTHER}", json={"error": "serverUnavailable"})
    save.press("Enter")
    expect(live.locator("#saved")).to_contain_text("everybody has 1")
    caller.control("DELETE", f"/spaces/*/overrides/customerId/{OTHER}")
    caller.control("PUT", f"/spaces/{{space}}/overrides/customerId/{LUIS}", json={"error": "serverUnavailable"})
    with live.expect_download() as download:
        save.press("Enter")
    assert download.value.suggested_filename == f"{caller.space}.yaml"
    download.value.save_as(tmp_path / "saved.yaml")
    assert LUIS in (tmp_path / "saved.yaml").read_text()
    checked = subprocess.run(
        [sys.executable, "-m", "sandbox", "check", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


# What goes wrong, and much of it


class Gate(socketserver.ThreadingTCPServer):
    """A way to a server that can be cut and opened again, or be led to another server."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, server: Server) -> None:
        super().__init__(("127.0.0.1", 0), Passage)
        self.port: int = self.server_address[1]
        self.target: Server | None = server
        self.open: set[socket.socket] = set()

    def cut(self) -> None:
        self.target = None
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Passage(socketserver.BaseRequestHandler):
    """One connection through a gate."""

    server: Gate

    def handle(self) -> None:
        if not (target := self.server.target):
            return
        with socket.create_connection(("127.0.0.1", target.port)) as inner:
            ends = {self.request, inner}
            self.server.open |= ends
            back = threading.Thread(target=pour, args=(inner, self.request), daemon=True)
            back.start()
            pour(self.request, inner)
            back.join()
            self.server.open -= ends


def pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def gate(server: Server) -> Iterator[Gate]:
    with Gate(server) as gate:
        threading.Thread(target=gate.serve_forever, args=(0.05,), daemon=True).start()
        yield gate
        gate.cut()
        gate.shutdown()


def test_what_came_during_a_break_is_there_when_the_connection_is_back(
    gate: Gate, visit: Visit, server: Server, connect: Connect
) -> None:
    visitor = visit(gate)
    caller = connect(server, visitor.space)
    visitor.may_fail |= {f"/_sandbox/spaces/{visitor.space}/{what}" for what in ("exchanges/stream", "coverage")}
    visitor.may_fail.add(STRIP)
    page = watch(visitor)
    caller.ask({"customerId": "100000000101"})
    expect(rows(page)).to_have_count(1)
    gate.cut()
    expect(page.locator("#state")).to_contain_text("trying again")
    expect(page.locator("#gone")).to_contain_text("be reached: it was stopped, or restarts")
    caller.ask({"customerId": "100000000102"})
    gate.target = server
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("100000000102")
    expect(page.locator("#state")).to_have_text("listening")
    expect(page.locator("#gone")).to_be_hidden()
    expect(page.locator("#anew")).to_be_hidden()


def test_when_another_server_has_taken_its_place_its_calls_are_shown(
    serve: Serve, gate: Gate, visit: Visit, server: Server, connect: Connect
) -> None:
    visitor = visit(gate)
    visitor.may_fail |= {f"/_sandbox/spaces/{visitor.space}/{what}" for what in ("exchanges/stream", "coverage")}
    visitor.may_fail.add(STRIP)
    page = watch(visitor)
    connect(server, visitor.space).ask({"customerId": "100000000101"})
    expect(rows(page)).to_have_count(1)
    gate.cut()
    expect(page.locator("#state")).to_contain_text("trying again")
    gate.target = other = serve()
    expect(page.locator("#state")).to_have_text("listening")
    expect(rows(page)).to_have_count(0)
    expect(page.locator("#anew")).to_contain_text("the sandbox was restarted")
    connect(other, visitor.space).ask({"customerId": "100000000102"})
    expect(rows(page)).to_have_count(1)


def test_what_comes_while_the_journal_is_still_read_is_not_lost(
    visitor: Visitor, server: Server, caller: Client
) -> None:
    storm(server, visitor.space, 350)

    def delay(route: Route) -> None:
        journal = route.fetch()
        caller.ask({"customerId": "999900000422"})
        route.fulfill(response=journal)

    visitor.page.route("**/exchanges?*", delay, times=1)
    page = watch(visitor)
    expect(rows(page).first).to_contain_text("businessValidationFailed")
    expect(rows(page)).to_have_count(300)


def test_a_call_full_of_markup_stays_text(visit: Visit, server: Server, client: Client) -> None:
    page = visit().open("/console/live")
    expect(page.locator("#state")).to_have_text("listening")
    body: Any = {"customerId": MARKUP, MARKUP: MARKUP}
    client.ask(body, client_id=MARKUP, uuid=MARKUP, ChannelId=MARKUP, countryCode=MARKUP)
    rows(page).filter(has_text=f"contract_breach · {MARKUP}").get_by_role("button").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Headers of the request").click()
    expect(dialog).to_contain_text(f"channelid: {MARKUP}")
    assert page.locator("img[src=x]").count() == 0


def test_thousands_of_calls_leave_a_few_hundred_rows_with_the_last_on_top(
    live: Page, server: Server, caller: Client
) -> None:
    storm(server, caller.space, 3_000)
    caller.ask({"customerId": "999900000422"})
    expect(rows(live).first).to_contain_text("businessValidationFailed", timeout=20_000)
    assert 200 <= rows(live).count() <= 300
    numbers = live.evaluate("[...document.querySelectorAll('#calls button')].map(button => button.exchange.id)")
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == len(numbers)
    expect(open_call(live)).to_be_visible()


def storm(server: Server, client_id: str, calls: int, at_once: int = 50) -> None:
    """Send many calls on one connection, so many at once, and wait for all answers."""
    body = json.dumps({"customerId": LUIS}).encode()
    headers = {**HEADERS, "client_id": client_id, "Host": "127.0.0.1", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    call = f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + body
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        for _ in range(calls // at_once):
            connection.sendall(call * at_once)
            answers = b""
            while answers.count(b"HTTP/1.1 200") < at_once or not answers.endswith(b"}}"):
                received = connection.recv(2**20)
                assert received
                answers += received
