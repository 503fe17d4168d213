"""Try it: a form becomes a real call, with its reasons, as code, and as a link that reopens it."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.spec.conftest import CONTRACT, HEADERS, Client, Connect, Serve

from .conftest import Visit, Visitor

UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HOSTILE_HEADER = """it's "quoted" $(id) `id` \\n %0a ${x} =@; <b>{{7*7}} é"""
HOSTILE_BODY = """{"customerId": "it's \\u0022 $(id) `id` \\\\ ${x} <b> é 😀 \u2028"}
'@file' %s {{7*7}}"""


@pytest.fixture
def form(visitor: Visitor) -> Page:
    page = visitor.open(f"/console/try?space={visitor.space}")
    page.locator("#headers > summary").press("Enter")
    return page


def press_send(page: Page) -> None:
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer .status")).to_be_visible()


def journal(caller: Client) -> list[dict[str, Any]]:
    exchanges: list[dict[str, Any]] = caller.control("GET", "/spaces/{space}/exchanges").json()["exchanges"]
    return exchanges


def test_the_form_is_filled_in_so_that_sending_it_succeeds(form: Page, caller: Client) -> None:
    press_send(form)
    assert form.locator("#answer .status").inner_text() == "200"
    assert "Luis Diaz Salinas" in form.locator("#answer").get_by_label("Body").inner_text()
    (exchange,) = journal(caller)
    assert exchange["violations"] == []
    assert exchange["headers"]["client_id"] == caller.space
    assert set(map(str.lower, HEADERS)) <= set(exchange["headers"])


def test_every_header_of_the_contract_has_a_field_that_says_what_it_is(form: Page) -> None:
    for parameter in CONTRACT["components"]["parameters"].values():
        field = form.get_by_label(parameter["name"], exact=False).first
        assert field.get_attribute("aria-describedby")
        assert " ".join(parameter["description"].split()) in form.locator("#call").inner_text()


def test_the_answer_comes_with_rule_place_breaches_and_what_was_beaten(form: Page, caller: Client) -> None:
    caller.control(
        "PUT", "/spaces/{space}/overrides/customerId/321116471234", json={"error": "resourceNotFound", "times": 1}
    )
    form.get_by_label("countryCode").fill("ZZ")
    form.get_by_label("X-Sandbox-Scenario").fill("serverUnavailable")
    press_send(form)
    reasons = form.locator("#answer .reasons")
    expect(reasons).to_contain_text("forced")
    expect(reasons).to_contain_text("accessNotConfigured at countryCode")
    for beaten in ("contract_breach would have answered 403", "override would have answered 404"):
        expect(reasons).to_contain_text(beaten)
    expect(reasons).to_contain_text("scenario_file would have answered 200")
    form.get_by_label("X-Sandbox-Scenario").fill("")
    form.get_by_label("countryCode").fill("MX")
    press_send(form)
    expect(reasons).to_contain_text("override")
    expect(reasons).to_contain_text("overrides of ")


def test_the_whole_call_works_by_keyboard_alone(form: Page) -> None:
    form.get_by_label("customerId").focus()
    form.keyboard.press("Control+A")
    form.keyboard.type("999900000422")
    form.keyboard.press("Enter")
    expect(form.locator("#answer .status")).to_have_text("422")
    assert form.locator("#answer").get_attribute("aria-live") == "polite"


def test_every_call_has_a_new_uuid_unless_one_was_typed(form: Page, caller: Client) -> None:
    for _ in range(2):
        press_send(form)
        form.wait_for_function(
            "uuid => document.querySelector('[name=uuid]').value !== uuid", arg=journal(caller)[0]["headers"]["uuid"]
        )
    form.get_by_label("uuid", exact=False).first.fill("mine")
    for _ in range(2):
        press_send(form)
        form.locator("#answer").get_by_text("Request as it was sent").wait_for()
    first, second, *others = (exchange["headers"]["uuid"] for exchange in journal(caller)[::-1])
    assert first != second
    assert all(UUID.fullmatch(each) for each in (first, second))
    assert others == ["mine", "mine"]


def test_a_uuid_is_made_also_where_the_browser_has_no_secure_context(visit: Visit) -> None:
    visitor = visit(locale="en")
    visitor.page.add_init_script("delete Crypto.prototype.randomUUID")
    page = visitor.open("/console/try")
    assert page.evaluate("crypto.randomUUID") is None
    assert UUID.fullmatch(page.locator("[name=uuid]").input_value())


def test_a_link_reopens_the_same_call_and_sends_nothing_by_itself(
    visit: Visit, visitor: Visitor, form: Page, caller: Client
) -> None:
    form.get_by_label("customerId").fill("")
    form.get_by_label("cardNumber").fill("4969452123456110")
    form.get_by_label("ChannelId").fill("WEB & <b>")
    form.get_by_label("sid").fill("s-1")
    form.get_by_label("businessCode").fill("")
    form.get_by_label("X-Sandbox-Delay").fill("1ms")
    press_send(form)
    sent = form.evaluate("location.href")
    again = visit().page
    again.goto(sent)
    values = "Object.fromEntries(new FormData(document.querySelector('#call')))"
    before, after = form.evaluate(values), again.evaluate(values)
    assert {**after, "uuid": ""} == {**before, "uuid": ""}
    assert after["uuid"] != before["uuid"]
    assert len(journal(caller)) == 1


def test_a_link_never_holds_a_token(form: Page) -> None:
    form.get_by_label("Authorization").fill("Bearer a-real-token")
    press_send(form)
    assert "a-real-token" not in form.url
    assert "Authorization" not in parse_qs(urlsplit(form.url).query)
    form.get_by_label("Authorization").fill("")
    press_send(form)
    expect(form.locator("#answer .status")).to_have_text("401")
    form.reload()
    assert form.get_by_label("Authorization").input_value() == ""


def test_a_link_full_of_markup_fills_in_text(visitor: Visitor) -> None:
    page = visitor.open('/console/try?customerId="><img src=x onerror=alert(1)>&body=</textarea><img src=x>')
    assert page.get_by_label("customerId").input_value() == '"><img src=x onerror=alert(1)>'
    assert page.get_by_label("Raw body").input_value() == "</textarea><img src=x>"
    assert page.locator("img[src=x]").count() == 0


def test_a_broken_connection_is_an_answer_too(form: Page) -> None:
    form.get_by_label("X-Sandbox-Fault").fill("emptyResponse")
    form.get_by_role("button", name="Send").click()
    expect(form.locator("#answer")).to_contain_text("The connection broke")
    expect(form.locator("#answer")).to_contain_text("That is the fault emptyResponse, as asked.")


def in_shell(code: str, directory: Path) -> str:
    return run(["bash", "-c", code], directory)


def in_python(code: str, directory: Path) -> str:
    (directory / "call.py").write_text(code.replace("import httpx\n", "import httpx2 as httpx\n"), "utf-8")
    return run([sys.executable, "call.py"], directory)


def in_node(code: str, directory: Path) -> str:
    (directory / "call.mjs").write_text(code, "utf-8")
    return run(["node", "call.mjs"], directory)


def in_java(code: str, directory: Path) -> str:
    (directory / "Call.java").write_text(code, "utf-8")
    return run(["java", "Call.java"], directory)


def run(command: list[str], directory: Path) -> str:
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


Runner = Callable[[str, Path], str]
LANGUAGES: dict[str, tuple[str, Runner]] = {
    "curl": ("curl", in_shell), "HTTPie": ("http", in_shell), "Python": (sys.executable, in_python),
    "JavaScript": ("node", in_node), "Java": ("java", in_java),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_sends_exactly_the_call_whatever_is_in_it(
    form: Page, caller: Client, tmp_path: Path, language: str
) -> None:
    program, runs = LANGUAGES[language]
    if not shutil.which(program):
        pytest.skip(f"there is no {program} here")
    # Java's own client writes headers as ASCII.
    header = HOSTILE_HEADER if language != "Java" else HOSTILE_HEADER.replace("é", "e")
    form.get_by_label("ChannelId").fill(header)
    form.get_by_text("A raw body instead").click()
    form.get_by_label("Raw body").fill(HOSTILE_BODY)
    form.get_by_label("Language", exact=True).select_option(language)
    code = form.locator("#code pre").inner_text()
    printed = runs(code, tmp_path)
    assert "accessNotConfigured" in printed
    (exchange,) = journal(caller)
    assert exchange["headers"]["channelid"].encode("latin-1").decode() == header
    assert exchange["body"] == HOSTILE_BODY


def test_the_choice_of_a_language_stays(form: Page) -> None:
    form.get_by_label("Language", exact=True).select_option("Java")
    form.reload()
    assert "public class Call" in form.locator("#code pre").inner_text()


def test_a_customer_asked_for_by_both_numbers_is_sent_so(form: Page, caller: Client) -> None:
    form.get_by_label("cardNumber").fill("4969452123456110")
    press_send(form)
    (exchange,) = journal(caller)
    assert set(json.loads(exchange["body"])) == {"customerId", "cardNumber"}


def test_the_headers_are_folded_while_they_are_valid_and_say_how_many_they_are(visitor: Visitor) -> None:
    page = visitor.open(f"/console/try?space={visitor.space}")
    summary = page.locator("#headers > summary")
    expect(summary).to_have_text(re.compile(r"\d+ headers of the contract, all valid"))
    expect(page.get_by_label("ChannelId")).to_be_hidden()
    summary.press("Enter")
    page.get_by_label("ChannelId").fill("")
    expect(summary).to_have_text(re.compile(r"\d+ headers of the contract$"))
    # A link that changes one shows it.
    page = visitor.open(f"/console/try?space={visitor.space}&ChannelId=FAX")
    expect(page.get_by_label("ChannelId")).to_be_visible()


def test_a_token_that_expired_is_renewed(serve: Serve, visit: Visit, connect: Connect) -> None:
    server = serve("--profile", "tokens")
    page = visit(server).open("/console/try")
    press_send(page)
    expect(page.locator("#answer .status").first).to_have_text("200")
    connect(server).control("PUT", "/spaces/console/clock", json={"advance": "P1D"})
    press_send(page)
    expect(page.locator("#answer .status").first).to_have_text("200")
    page.locator("#headers > summary").press("Enter")
    page.get_by_label("Authorization").fill("Bearer mine")
    press_send(page)
    expect(page.locator("#answer .status").first).to_have_text("401")
