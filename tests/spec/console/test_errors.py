"""Errors and faults: the whole catalogue, and one click tries each."""

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox.core.faults import FAULTS
from tests.spec.conftest import ERRORS, GATEWAY_ERRORS, Client

from .conftest import Visitor

ALL_ERRORS = {**ERRORS, **GATEWAY_ERRORS}
# What a browser shows of each; the two that take their time have tests of their own.
BROKEN = {"connectionReset", "emptyResponse", "closeMidBody", "garbageThenClose"}
QUICK = sorted(BROKEN | {"malformedJson", "wrongContentType"})


@pytest.fixture
def errors(visitor: Visitor) -> Page:
    return visitor.open(f"/console/errors?space={visitor.space}")


def card(page: Page, name: str) -> Locator:
    return page.locator(f"#{name}")


def test_the_catalogue_is_whole_with_texts_and_all_ways_to_each_error(errors: Page, client: Client) -> None:
    catalogue = client.control("GET", "/errors").json()
    assert {error.get("code") or error["gateway"] for error in catalogue} == set(ALL_ERRORS)
    for error in catalogue:
        text = card(errors, error.get("code") or error["gateway"]).inner_text()
        shown = [str(error["status"]), error["customerId"], error["cardNumber"], error["yaml"], *error["headers"]]
        for texts in error.get("texts", {"": {}}).values():
            shown += texts.values()
        assert [part for part in shown if part not in text] == []


@pytest.mark.parametrize("button", ["Ask about its number", "Send its header"])
def test_one_click_tries_an_error_and_shows_the_real_answer(
    errors: Page, visitor: Visitor, caller: Client, button: str
) -> None:
    for name, (status, value) in ALL_ERRORS.items():
        place = card(errors, name)
        place.get_by_role("button", name=button).click()
        body = place.get_by_label("Body")
        expect(place.locator(".answer .status")).to_have_text(str(status))
        answer = json.loads(body.inner_text())
        assert {field: answer[field] for field in value} == value
        rule = "scenario_file" if button == "Ask about its number" else "forced"
        expect(place.get_by_text(rule, exact=True)).to_be_visible()
    journal = caller.control("GET", "/spaces/{space}/exchanges").json()
    assert [exchange["status"] for exchange in journal["exchanges"][::-1]] == [each[0] for each in ALL_ERRORS.values()]
    assert len({exchange["headers"]["uuid"] for exchange in journal["exchanges"]}) == len(ALL_ERRORS)


@pytest.mark.parametrize("button", ["Ask about its number", "Send its header"])
def test_a_fault_is_shown_as_what_it_is_with_the_journals_word_for_it(errors: Page, button: str) -> None:
    assert {locator.get_attribute("id") for locator in errors.locator("li.card").all()} == {*ALL_ERRORS, *FAULTS}
    for name in QUICK:
        place = card(errors, name)
        place.get_by_role("button", name=button).click()
        expect(place.locator(".reasons")).to_contain_text(name)
        broke = place.get_by_text("The connection broke", exact=False)
        assert broke.count() == (name in BROKEN)
    assert "This is not JSON." in card(errors, "malformedJson").inner_text()
    assert "Its Content-Type says text/html" in card(errors, "wrongContentType").inner_text()
    assert card(errors, "closeMidBody").locator(".answer .status").inner_text() == "200"


def test_who_waits_for_an_answer_that_never_comes_may_stop(errors: Page) -> None:
    place = card(errors, "neverAnswer")
    place.get_by_role("button", name="Ask about its number").press("Enter")
    place.get_by_role("button", name="Stop waiting").press("Enter")
    expect(place.locator(".answer")).to_contain_text("You stopped waiting. That is the fault neverAnswer")
    expect(place.get_by_role("button", name="Ask about its number")).to_be_visible()


def test_an_answer_full_of_markup_stays_text(errors: Page, caller: Client) -> None:
    markup = "<img src=x onerror=alert(1)>"
    entry: dict[str, Any] = {"error": {"code": "resourceNotFound", "details": markup}, "description": markup}
    answer = caller.control("PUT", "/spaces/{space}/overrides/customerId/321116471234", json=entry)
    assert answer.status_code == 200
    # The header names a code: the number's own error comes only without it.
    errors.evaluate(
        "document.querySelector('#resourceNotFound button').dataset.try ="
        """ '{"body": {"customerId": "321116471234"}, "headers": {}}'"""
    )
    place = card(errors, "resourceNotFound")
    place.get_by_role("button", name="Ask about its number").click()
    expect(place.get_by_label("Body")).to_contain_text(markup)
    expect(place.locator(".reasons")).to_contain_text(markup)
    assert errors.locator("img[src=x]").count() == 0
