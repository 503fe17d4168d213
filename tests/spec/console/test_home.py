"""Home: what this is, how it is, and a call to copy."""

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.core.faults import FAULTS
from tests.spec.conftest import Client, Connect, Serve

from .conftest import DESKTOP, PHONE, THEMES, Visit, Visitor, serious_issues


def test_the_curl_is_copied_by_a_button_and_works_when_pasted(visit: Visit) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.open("/")
    button = page.get_by_role("button", name="Copy the call")
    button.press("Enter")
    page.get_by_text("Copied").wait_for()
    pasted = page.evaluate("navigator.clipboard.readText()")
    command = shlex.split(pasted.replace("\\\n", " "))
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Luis Diaz Salinas" in answer


def test_what_is_wrong_with_the_last_save_is_shown_with_file_and_line(
    serve: Serve, connect: Connect, visit: Visit, tmp_path: Path
) -> None:
    server = serve("--no-watch", scenarios=tmp_path)
    (tmp_path / "<b>demo.yaml").write_text('customerId:\n  "1": {eror: "<i>"}\n')
    connect(server).control("POST", "/reload")
    page = visit(server).open("/")
    notice = page.get_by_role("region", name="The last save has 1 mistake")
    assert f"{tmp_path}/<b>demo.yaml:2" in notice.inner_text()
    assert "did you mean error?" in notice.inner_text()
    assert page.get_by_text("degraded", exact=True).is_visible()


def test_health_tells_how_many_scenarios_there_are(visitor: Visitor, client: Client) -> None:
    scenarios = client.control("GET", "/health").json()["scenarios"]
    card = visitor.open("/").get_by_role("region", name="How it is").inner_text()
    assert f"{scenarios['entries']} in {len(scenarios['files'])} files" in card


def test_the_day_in_each_country_is_that_of_the_space_and_a_frozen_clock_says_so(
    visitor: Visitor, caller: Client
) -> None:
    clock = caller.control("PUT", "/spaces/{space}/clock", json={"now": "2028-02-29T23:30:00-06:00"}).json()
    card = visitor.open(f"/?space={visitor.space}").get_by_role("region", name="Today", exact=True).inner_text()
    assert "Time is frozen in this space at 2028-03-01 05:30:00 UTC" in card
    for country, day in clock["today"].items():
        assert f"{country}\n{day}" in card
    assert "it ticks" in visitor.open("/").get_by_role("region", name="Today", exact=True).inner_text()


def test_the_whole_catalogue_is_seen_at_a_glance(visitor: Visitor, client: Client) -> None:
    lines = visitor.open("/").get_by_role("region", name="Every error").get_by_role("listitem").all_inner_texts()
    errors = client.control("GET", "/errors").json()
    assert [line.split() for line in lines] == [
        [str(error["status"]), error.get("code") or error["gateway"]] for error in errors
    ]


# Once there are calls


def opened(visitor: Visitor) -> Page:
    return visitor.open(f"/?space={visitor.space}")


def test_without_a_call_it_is_the_sixty_second_start_and_turns_into_a_dashboard_with_the_first(
    visitor: Visitor, caller: Client
) -> None:
    page = opened(visitor)
    expect(page.get_by_role("region", name="Call it")).to_be_visible()
    expect(page.get_by_role("region", name="Last calls")).to_have_count(0)
    caller.ask({"customerId": "321116471234"})
    expect(page.get_by_role("region", name="Last calls")).to_contain_text("Luis Diaz Salinas")


def test_the_last_calls_are_listed_with_what_they_came_to_and_lead_to_live(visitor: Visitor, caller: Client) -> None:
    caller.ask({"customerId": "321116471234"})
    caller.ask({"customerId": "999900000404"})
    caller.ask({"customerId": "321116471234"}, X_Sandbox_Fault="malformedJson")
    page = opened(visitor)
    calls = page.get_by_role("region", name="Last calls").get_by_role("listitem")
    expect(calls).to_have_count(3)
    expect(calls.nth(0)).to_contain_text("fault malformedJson: the body is cut off")
    expect(calls.nth(1)).to_contain_text("404 resourceNotFound: customerId 999900000404")
    expect(calls.nth(2)).to_contain_text("200 Luis Diaz Salinas")
    calls.nth(1).get_by_role("link").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("resourceNotFound")


def test_answers_by_status_are_drawn_and_told_in_numbers(visitor: Visitor, caller: Client) -> None:
    for number in ("321116471234", "999900000404", "999900000422", "999900000500"):
        caller.ask({"customerId": number})
    caller.ask({"customerId": "321116471234"}, X_Sandbox_Fault="malformedJson")
    part = opened(visitor).get_by_role("region", name="Answers by status")
    for line, count in (("answered", 1), ("refused (4xx)", 2), ("failed (5xx)", 1), ("broken by a fault", 1)):
        expect(part.get_by_role("listitem").filter(has_text=line)).to_contain_text(str(count))
    sums = [
        sum(int(cell) for cell in column)
        for column in zip(*(row.split("\t")[1:] for row in part.locator("tbody tr").all_inner_texts()), strict=True)
    ]
    assert sums == [1, 2, 1, 1]
    heights = "[...document.querySelectorAll('.columns rect[data-kind=\"4\"]')].map((each) => each.getBBox().height)"
    assert visitor.page.evaluate(heights)


def test_coverage_counts_errors_rules_and_faults_and_a_hollow_one_opens_the_call_that_fills_it(
    visitor: Visitor, caller: Client
) -> None:
    caller.ask({"customerId": "999900000404"})
    page = opened(visitor)
    part = page.get_by_role("region", name="Coverage")
    for heading in ("Errors 1 of 9", "Rules 1 of 7", f"Faults 0 of {len(FAULTS)}"):
        expect(part.get_by_role("heading", name=heading)).to_be_visible()
    expect(part.get_by_role("link", name="resourceNotFound 1")).to_be_visible()
    part.get_by_role("link", name="businessValidationFailed not yet").press("Enter")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer .status").first).to_have_text("422")
    expect(opened(visitor).get_by_role("heading", name="Errors 2 of 9")).to_be_visible()


def test_who_celebrates_today_is_whom_customers_finds(visitor: Visitor, caller: Client, client: Client) -> None:
    caller.ask({"customerId": "321116471234"})
    caller.control("PUT", "/spaces/{space}/clock", json={"now": "2028-03-14T12:00:00-06:00"})
    found = client.control("GET", f"/customers?birthday=today&count=5&space={caller.space}").json()
    names = opened(visitor).get_by_role("region", name="Who celebrates today").locator(".name").all_inner_texts()
    assert names == [each["fullName"] for each in found]
    assert "Ana Soto" in names


@pytest.mark.parametrize("theme", THEMES)
def test_the_dashboard_has_no_serious_issue_and_never_scrolls_sideways(
    visitor: Visitor, caller: Client, theme: Any
) -> None:
    for number in ("321116471234", "999900000404", "999900000500"):
        caller.ask({"customerId": number})
    visitor.page.emulate_media(color_scheme=theme)
    for size in (DESKTOP, PHONE):
        visitor.page.set_viewport_size(size)
        page = opened(visitor)
        assert serious_issues(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
