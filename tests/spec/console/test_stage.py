"""The stage: a desk before an audience. Every card comes from a real call; the order of the queue is the demo's own."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.spec.conftest import OPERATION, PATH, Client, Connect, Serve

from .conftest import THEMES, Visit, Visitor, serious_issues
from .test_frame import MARKUP

JUAN, ANA, JOSE, MARIA, NOBODY = "100000000109", "100000000103", "100000000102", "100000000101", "999900000404"
CARD, MASKED = "4969452123456110", "496945******6110"


@pytest.fixture
def stage(visitor: Visitor, caller: Client) -> Page:
    """The stage in the visitor's space, on a day that is no birthday in the files."""
    caller.control("PUT", "/spaces/{space}/clock", json={"now": "2026-11-24T12:00:00-06:00"})
    return visitor.open(f"/console/stage?space={visitor.space}")


def scan(page: Page, number: str) -> None:
    """Do what a scanner does: type fast, and end with Enter."""
    with page.expect_response(lambda response: response.url.endswith(PATH)):
        page.keyboard.type(number)
        page.keyboard.press("Enter")


def expect_waiting(page: Page, *names: str) -> None:
    expect(page.locator("#queue .name")).to_have_text(names)


def spot(page: Page) -> str:
    return page.get_by_role("region", name="The customer").inner_text()


def test_a_scan_shows_the_customer_large_without_a_click(stage: Page) -> None:
    scan(stage, CARD)
    expect(stage.get_by_role("heading", name="Luis Diaz Salinas")).to_be_visible()
    assert "Segment 20" in spot(stage)
    assert "Birthday today" in spot(stage)
    assert stage.evaluate("parseFloat(getComputedStyle(document.querySelector('.who')).fontSize)") >= 40
    expect(stage.get_by_label("Scan a card")).to_have_value("")
    expect(stage.get_by_label("Scan a card")).to_be_focused()


def test_it_is_a_real_call_of_the_desk_that_was_chosen(stage: Page, caller: Client) -> None:
    for desk in ("BRANCH", "CALLCENTRE"):
        stage.get_by_label("Desk").select_option(desk)
        stage.get_by_label("Scan a card").focus()
        scan(stage, ANA)
        exchange = caller.control("GET", "/spaces/{space}/exchanges").json()["exchanges"][0]
        assert exchange["headers"]["channelid"] == desk
        assert exchange["violations"] == []
    stage.reload()
    assert stage.get_by_label("Desk").input_value() == "CALLCENTRE"


def test_where_no_space_is_chosen_the_stage_has_one_of_its_own(visitor: Visitor, client: Client) -> None:
    page = visitor.open("/console/stage")
    scan(page, ANA)
    assert client.control("GET", "/spaces/stage/exchanges").json()["count"] > 0


def test_a_scan_counts_wherever_the_focus_is(stage: Page) -> None:
    stage.get_by_role("link", name="Leave").focus()
    scan(stage, f"{JUAN[:6]}-{JUAN[6:]}")
    expect(stage.get_by_role("heading", name="Juan Pérez")).to_be_visible()


def test_the_queue_is_ordered_by_birthday_then_segment_then_arrival(stage: Page) -> None:
    for number in (JUAN, "100000000110", ANA, JOSE, MARIA):
        scan(stage, number)
    names = [
        "María Fernanda López Ortega",
        "José Luis Ramírez Peña",
        "Ana Soto",
        "Juan Pérez",
        "Xóchitl Hernández Cruz",
    ]
    expect_waiting(stage, *names)


def test_the_presenter_decides_which_segment_comes_first_and_the_page_says_whose_rule_that_is(stage: Page) -> None:
    for number in (JUAN, ANA, JOSE, MARIA):
        scan(stage, number)
    stage.get_by_text("How the queue is ordered").click()
    assert "own, and yours to change" in stage.get_by_role("region", name="Waiting").inner_text()
    order = stage.get_by_label("Segments, first to last")
    assert order.input_value() == "40, 30, 20, 10"
    order.fill("10, 30")
    expect_waiting(stage, "María Fernanda López Ortega", "Juan Pérez", "Ana Soto", "José Luis Ramírez Peña")
    stage.reload()
    assert stage.locator("#order").input_value() == "10, 30"


def test_serving_takes_the_first_to_the_desk_and_keeps_them_on_the_list(stage: Page) -> None:
    for number in (JUAN, MARIA):
        scan(stage, number)
    expect_waiting(stage, "María Fernanda López Ortega", "Juan Pérez")
    stage.keyboard.press("n")
    expect(stage.get_by_text("At the desk")).to_be_visible()
    assert "María Fernanda" in spot(stage)
    stage.get_by_role("button", name="Serve next").click()
    expect(stage.locator("#served-list .name")).to_have_text(["Juan Pérez", "María Fernanda López Ortega"])
    expect(stage.get_by_text("Nobody is waiting.")).to_be_visible()
    expect(stage.get_by_role("button", name="Serve next")).to_be_disabled()
    expect(stage.get_by_label("Scan a card")).to_be_focused()


def test_who_waits_already_does_not_wait_twice(stage: Page) -> None:
    scan(stage, ANA)
    scan(stage, ANA)
    expect(stage.get_by_text("Is waiting already")).to_be_visible()
    expect_waiting(stage, "Ana Soto")


def test_an_error_is_a_calm_card_in_the_contracts_words_with_its_code_in_small(stage: Page) -> None:
    for status, response in OPERATION["responses"].items():
        if not status.startswith("2"):
            scan(stage, f"999900000{status}")
            expect(stage.get_by_role("heading", name=response["description"])).to_be_visible()
            (code,) = response["content"]["application/json"]["examples"]
            assert f"{status} {code}" in spot(stage)
    expect_waiting(stage)


def test_a_broken_connection_and_an_answer_that_is_no_json_are_calm_cards_too(visitor: Visitor, stage: Page) -> None:
    visitor.may_fail.add("/api" + PATH)
    stage.keyboard.type("999930000002\n")
    expect(stage.get_by_role("heading", name="The line is broken")).to_be_visible()
    scan(stage, "999930000004")
    expect(stage.get_by_role("heading", name="be read")).to_be_visible()


def test_the_raw_call_stands_beside_the_card_on_wish(stage: Page) -> None:
    scan(stage, ANA)
    raw = stage.get_by_role("region", name="The raw call")
    expect(raw).to_be_hidden()
    stage.keyboard.press("r")
    expect(raw).to_contain_text(f"POST /api{PATH}")
    expect(raw).to_contain_text("ChannelId: BRANCH")
    expect(raw).to_contain_text("x-sandbox-rule: scenario_file")
    expect(raw).to_contain_text('"fullName": "Ana Soto"')
    button = stage.get_by_role("button", name="Raw call")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.press("Enter")
    expect(raw).to_be_hidden()


def test_no_audience_sees_a_whole_card_number(stage: Page) -> None:
    stage.keyboard.press("r")
    scan(stage, CARD)
    expect(stage.get_by_role("heading", name="Luis Diaz Salinas")).to_be_visible()
    text = stage.locator("body").inner_text()
    assert CARD not in text
    assert MASKED in text
    scan(stage, "9999000000000422")
    expect(stage.get_by_role("heading", name="A business rule")).to_be_visible()
    assert re.search(r"\d{13}", stage.locator("body").inner_text()) is None


def test_a_strict_bank_lets_the_stage_in_and_no_audience_sees_its_token(serve_once: Serve, visit: Visit) -> None:
    page = visit(serve_once("--profile", "strict")).open("/console/stage")
    scan(page, ANA)
    expect(page.get_by_role("region", name="The customer")).to_contain_text("Ana Soto")
    page.keyboard.press("r")
    raw = page.get_by_role("region", name="The raw call")
    expect(raw).to_contain_text("Authorization: Bearer AAIk")
    assert re.search(r"Bearer AAIk\S{2}\*\*\*\S{4}$", raw.inner_text(), re.MULTILINE)


def test_a_name_full_of_markup_stays_text(stage: Page, caller: Client) -> None:
    entry = {
        "customer": {"fullName": MARKUP.replace("{{7*7}}", ""), "customerSegment": "<b>9</b>", "birthday": "never"}
    }
    caller.control("PUT", f"/spaces/{{space}}/overrides/customerId/{ANA}", json=entry)
    scan(stage, ANA)
    expect(stage.get_by_role("heading", name="<img src=x")).to_be_visible()
    assert stage.locator("img[src=x], #spot b, #queue b").count() == 0


def test_there_is_always_somebody_to_try_and_one_with_a_birthday(stage: Page) -> None:
    suggestions = stage.get_by_role("list", name="Numbers to try").get_by_role("button")
    labels = suggestions.all_inner_texts()
    assert labels[0].endswith("★")
    with stage.expect_response(lambda response: response.url.endswith(PATH)):
        suggestions.first.press("Enter")
    expect(stage.locator("#spot")).to_contain_text("Birthday today")
    expect(stage.get_by_label("Scan a card")).to_be_focused()
    assert not any(re.search(r"\d{13}", label) for label in labels)


def test_the_day_on_stage_is_that_of_its_space_and_a_frozen_one_says_so(stage: Page) -> None:
    day = stage.locator(".day").inner_text()
    assert "Tuesday 24 November 2026" in day
    assert "time is frozen" in day


def test_the_screen_is_filled_by_a_button_and_by_a_key(stage: Page) -> None:
    stage.keyboard.press("f")
    stage.wait_for_function("document.fullscreenElement !== null")
    stage.get_by_role("button", name="Full screen").click()
    stage.wait_for_function("document.fullscreenElement === null")


@pytest.mark.parametrize("theme", THEMES)
def test_with_cards_queue_and_raw_call_it_is_sound_on_projector_laptop_and_phone(
    visit: Visit, connect: Connect, theme: Any
) -> None:
    visitor = visit(color_scheme=theme, reduced_motion="reduce")
    for width, height in ((1920, 1080), (1280, 800), (390, 844)):
        visitor.page.set_viewport_size(ViewportSize(width=width, height=height))
        page = visitor.open(f"/console/stage?space={visitor.space}")
        for number in (JUAN, MARIA, NOBODY, CARD):
            scan(page, number)
        page.keyboard.press("r")
        expect(page.get_by_role("heading", name="Luis Diaz Salinas")).to_be_visible()
        assert page.evaluate("getComputedStyle(document.querySelector('.person')).animationName") == "none"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_issues(page) == []


def test_a_world_without_such_a_desk_says_so_on_a_calm_card(
    serve: Serve, visit: Visit, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("world")
    world = {
        "segments": {"A": 1},
        "countries": {"ES": {"locale": "es_ES", "timezone": "Europe/Madrid", "channels": ["WEB"]}},
    }
    (directory / "world.yaml").write_text(json.dumps(world))
    page = visit(serve(scenarios=directory)).open("/console/stage")
    scan(page, ANA)
    expect(page.get_by_role("heading", name="The country, business or channel is not supported")).to_be_visible()
    assert page.locator("#order").input_value() == "A"
