"""Make it…: what a customer's calls shall come to is chosen where one looks at them, placed, and taken back."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.spec.conftest import Client

from .conftest import DESKTOP, PHONE, THEMES, Visit, Visitor, serious_issues

LUIS = "321116471234"
ANA = "100000000103"


def open_form(visitor: Visitor, number: str = ANA) -> Locator:
    page = visitor.open(f"/console/customers?number={number}&space={visitor.space}")
    page.get_by_role("button", name="Make it").press("Enter")
    return page.get_by_role("dialog")


def choose(form: Locator, wish: str, **choices: str) -> None:
    form.get_by_label("It shall").select_option(wish)
    for name, value in choices.items():
        field = form.get_by_label(name.replace("_", " "))
        tag = field.evaluate("element => element.tagName")
        if tag == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def place(form: Locator) -> None:
    form.get_by_role("button", name="Place override").press("Enter")
    expect(form.locator(".notice.good")).to_contain_text("Placed")


def customer(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["customer"]
    return found


def test_a_customer_fails_a_few_times_and_then_works_without_any_yaml(visitor: Visitor, caller: Client) -> None:
    form = open_form(visitor)
    choose(form, "fail a few times, then work", Error="businessValidationFailed", How_often="2")
    expect(form.get_by_label("Entry")).to_have_value("error: businessValidationFailed\ntimes: 2\n")
    place(form)
    assert [caller.ask({"customerId": ANA}).status_code for _ in range(3)] == [422, 422, 200]


def test_a_customer_has_a_birthday_today_or_another_segment_and_stays_the_same_person(
    visitor: Visitor, caller: Client
) -> None:
    before = customer(caller.ask({"customerId": ANA}))
    form = open_form(visitor)
    choose(form, "have a birthday today")
    place(form)
    assert customer(caller.ask({"customerId": ANA})) == {**before, "birthdayTodayFlag": True}
    choose(form, "be in another segment", Segment="10")
    place(form)
    assert customer(caller.ask({"customerId": ANA})) == {**before, "customerSegment": "10"}


def test_a_customer_is_slow_or_breaks_the_line(visitor: Visitor, caller: Client) -> None:
    form = open_form(visitor)
    choose(form, "be slow", By_how_much="30ms")
    place(form)
    caller.ask({"customerId": ANA})
    choose(form, "break the line", Fault="malformedJson")
    place(form)
    caller.ask({"customerId": ANA})
    broken, slow = caller.control("GET", "/spaces/{space}/exchanges").json()["exchanges"]
    assert (slow["delay"], broken["fault"]) == (0.03, "malformedJson")


def test_undo_brings_back_what_was_there(visitor: Visitor, caller: Client) -> None:
    path = f"/spaces/{{space}}/overrides/customerId/{ANA}"
    form = open_form(visitor)
    choose(form, "fail with an error", Error="resourceNotFound")
    place(form)
    form.get_by_role("button", name="Undo").press("Enter")
    expect(form).to_contain_text("Undone: the override is taken away.")
    assert caller.ask({"customerId": ANA}).status_code == 200
    caller.control("PUT", path, json={"error": "unAuthorized"})
    place(form)
    assert caller.ask({"customerId": ANA}).status_code == 404
    form.get_by_role("button", name="Undo").press("Enter")
    expect(form).to_contain_text("the override from before stands again")
    assert caller.ask({"customerId": ANA}).status_code == 401


def test_it_may_be_for_everybody_and_the_yaml_may_be_edited(visitor: Visitor, caller: Client, client: Client) -> None:
    form = open_form(visitor, "100000000777")
    choose(form, "fail with an error", Error="resourceNotFound", For="everybody (*)")
    form.get_by_label("Entry").fill("error: {code: resourceNotFound, details: moved}\n")
    place(form)
    for each in (caller, client):
        assert each.ask({"customerId": "100000000777"}).json()["details"] == "moved"
    form.get_by_role("button", name="Undo").press("Enter")
    expect(form).to_contain_text("Undone")


def test_a_call_that_failed_is_made_a_birthday_of_whoever_it_was_about(visitor: Visitor, caller: Client) -> None:
    caller.ask({"customerId": ANA}, X_Sandbox_Scenario="422")
    page = visitor.open(f"/console/live?space={visitor.space}")
    page.locator("#calls > li").first.get_by_role("button").press("Enter")
    form = page.get_by_role("dialog").get_by_role("form", name="Make it")
    expect(form.get_by_label("Entry")).to_have_value("error: businessValidationFailed\n")
    choose(form, "have a birthday today")
    expect(form.get_by_label("Entry")).to_have_value(
        'customer:\n  fullName: "Ana Soto"\n  customerSegment: "30"\n  birthday: today\n'
    )
    place(form)
    assert customer(caller.ask({"customerId": ANA}))["birthdayTodayFlag"] is True


def test_an_answer_in_try_it_is_made_something_else_at_once(visitor: Visitor, caller: Client) -> None:
    page: Page = visitor.open(f"/console/try?space={visitor.space}&customerId={ANA}")
    page.get_by_role("button", name="Send").press("Enter")
    page.locator("#answer").get_by_text("Make it…").press("Enter")
    form = page.get_by_role("form", name="Make it")
    choose(form, "fail with an error", Error="serviceUnavailable")
    place(form)
    page.get_by_role("button", name="Send").press("Enter")
    expect(page.locator("#answer .status").first).to_have_text("503")


@pytest.mark.parametrize("theme", THEMES)
def test_the_form_has_no_serious_issue(visit: Visit, theme: Any) -> None:
    visitor = visit(color_scheme=theme)
    for size in (DESKTOP, PHONE):
        visitor.page.set_viewport_size(size)
        form = open_form(visitor, LUIS)
        for wish in form.get_by_label("It shall").locator("option").all_inner_texts():
            choose(form, wish)
        place(form)
        assert serious_issues(visitor.page) == []
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
