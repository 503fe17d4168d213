"""Time and spaces: travel in one click, see who celebrates, take overrides away, reset."""

import re
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect

from tests.spec.conftest import Client, Connect, Serve

from .conftest import DESKTOP, PHONE, THEMES, Visit, Visitor, serious_issues
from .test_frame import MARKUP

PATH = "/console/time"
LEAP_RULES = {
    "02-28": {"2027-02-28": True, "2027-03-01": False, "2028-02-28": False, "2028-02-29": True},
    "03-01": {"2027-02-28": False, "2027-03-01": True, "2028-02-29": True, "2028-03-01": False},
    "leapYearsOnly": {"2027-02-28": False, "2027-03-01": False, "2028-02-29": True},
}


def opened(visitor: Visitor, **query: str) -> Page:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return visitor.open(f"{PATH}?space={visitor.space}{more}")


def expect_said(page: Page, text: str) -> None:
    expect(page.locator("#said")).to_contain_text(text)


def clock_of(caller: Client) -> dict[str, Any]:
    clock: dict[str, Any] = caller.control("GET", "/spaces/{space}/clock").json()
    return clock


def overrides_of(caller: Client) -> list[dict[str, Any]]:
    overrides: list[dict[str, Any]] = caller.control("GET", "/spaces/{space}/overrides").json()
    return overrides


def celebrating(page: Page, where: str = "In scenario files") -> list[str]:
    return page.get_by_role("list", name=where).locator(".name").all_inner_texts()


def test_a_click_on_a_day_shows_who_celebrates_and_another_travels_there(visitor: Visitor, caller: Client) -> None:
    page = opened(visitor, day="2028-03-01")
    page.get_by_role("link", name="Tuesday 14 , 1 of the cast").click()
    expect(page.get_by_role("heading", name="Tuesday 14 March 2028")).to_be_visible()
    assert celebrating(page) == ["Ana Soto"]
    page.get_by_role("button", name="Travel there", exact=True).click()
    expect_said(page, "It is 2028-03-14, and time is frozen.")
    assert clock_of(caller)["today"]["MX"] == "2028-03-14"
    assert caller.ask({"customerId": "100000000103"}).json()["customer"]["birthdayTodayFlag"] is True


def test_those_whom_nobody_wrote_down_celebrate_as_the_endpoint_says(visitor: Visitor, caller: Client) -> None:
    page = opened(visitor, day="2028-02-29")
    page.get_by_role("button", name="Travel there", exact=True).click()
    expect_said(page, "It is 2028-02-29")
    numbers = page.get_by_role("list", name="Made up").get_by_role("link").all_inner_texts()
    assert numbers
    for number in numbers:
        assert caller.ask({"customerId": number}).json()["customer"]["birthdayTodayFlag"] is True
    assert (
        "4 in your scenario files and 10 % of all others have a birthday every day" in page.locator("main").inner_text()
    )


@pytest.mark.parametrize("rule", LEAP_RULES)
def test_the_leap_day_follows_the_worlds_rule_and_the_page_explains_it(
    serve: Serve, connect: Connect, rule: str, tmp_path: Any
) -> None:
    world = {
        "segments": {"A": 1},
        "birthdays": {"leapDay": rule},
        "countries": {"MX": {"locale": "es_MX", "timezone": "America/Mexico_City"}},
    }
    cast = {"customerId": {"1": {"customer": {"fullName": "Leap Ling", "customerSegment": "A", "birthday": "02-29"}}}}
    for name, content in (("world.yaml", world), ("cast.yaml", cast)):
        (tmp_path / name).write_text(yaml.dump(content))
    client = connect(serve(scenarios=tmp_path))
    for day, celebrates in LEAP_RULES[rule].items():
        text = client.http.get(PATH, params={"day": day}).text
        assert f"leapDay: {rule}" in text
        assert ("Leap Ling" in text) is celebrates, day
        cell = re.findall(rf'<a href="[^"]*day={day}#day".*?</a>', text)[0]
        assert ("of the cast" in cell) is celebrates, day


def test_the_clock_goes_by_days_and_weeks_freezes_ticks_and_is_released(visitor: Visitor, caller: Client) -> None:
    caller.control("PUT", "/spaces/{space}/clock", json={"now": "2027-12-30T09:00:00-06:00"})
    page = opened(visitor)
    for name, message, expected in (
        ("A day on", "One day on.", "2027-12-31"),
        ("A week on", "One week on.", "2028-01-07"),
        ("A week back", "One week back.", "2027-12-31"),
        ("A day back", "One day back.", "2027-12-30"),
        ("To 29 February 2028", "It is 29 February 2028", "2028-02-29"),
    ):
        page.get_by_role("button", name=name).press("Enter")
        expect_said(page, message)
        assert clock_of(caller)["today"]["MX"] == expected
        expect(page.get_by_role("button", name=name if name[0] != "T" else "To 29 February 2032")).to_be_focused()
    page.get_by_role("button", name="Let it tick").click()
    expect_said(page, "The clock ticks.")
    assert clock_of(caller)["ticking"] is True
    page.get_by_role("button", name="Freeze").click()
    expect_said(page, "Time is frozen.")
    assert clock_of(caller)["ticking"] is False
    page.get_by_role("button", name="Release").click()
    expect_said(page, "The clock is released.")
    assert clock_of(caller)["setBy"] == "machine"
    assert page.get_by_role("button", name="Release").count() == 0


def test_travelling_may_let_the_clock_tick(visitor: Visitor, caller: Client) -> None:
    opened(visitor, day="2030-05-05").get_by_role("button", name="and let it tick").click()
    expect_said(visitor.page, "the clock ticks")
    clock = clock_of(caller)
    assert (clock["ticking"], clock["today"]["MX"]) == (True, "2030-05-05")


def test_the_calendar_has_every_month_by_links_and_any_day_by_a_form(visitor: Visitor) -> None:
    page = opened(visitor, day="2027-12-15")
    page.get_by_role("link", name="January").click()
    expect(page.get_by_role("heading", name="January 2028", exact=True)).to_be_visible()
    page.get_by_role("link", name="December").click()
    expect(page.get_by_role("heading", name="December 2027", exact=True)).to_be_visible()
    page.get_by_label("Any day").fill("1999-07-04")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Sunday 4 July 1999")).to_be_visible()
    assert f"space={visitor.space}" in page.url


@pytest.mark.parametrize("day", ["1900-01-01", "2999-12-31", "2028-02-29"])
def test_the_calendar_ends_where_the_clock_does(client: Client, day: str) -> None:
    assert client.http.get(PATH, params={"day": day}).status_code == 200


@pytest.mark.parametrize(
    "day", ["2027-02-29", "1899-12-31", "3000-01-01", "20280229", "2028-W09-2", "<b>", "٢٠٢٨-٠٢-٢٩"]
)
def test_a_day_that_does_not_exist_is_said_to(client: Client, day: str) -> None:
    answer = client.http.get(PATH, params={"day": day})
    assert answer.status_code == 400
    assert "expected a day that exists" in answer.text
    assert "<b>" not in answer.text


def test_an_override_is_placed_shown_and_taken_away(visitor: Visitor, caller: Client) -> None:
    page = opened(visitor)
    page.get_by_label("Number", exact=True).fill("100000000103")
    page.get_by_label("Entry, in YAML or JSON").fill("error: serverUnavailable\ntimes: 2\nexpires: 10m\n")
    page.get_by_role("button", name="Place it").press("Enter")
    expect_said(page, "customerId 100000000103 is answered so from now on")
    row = page.get_by_role("row").filter(has_text="100000000103").inner_text()
    assert "error: serverUnavailable" in row
    assert re.search(r"\t2\nanswered 0, 2 left\t\d{4}-\d\d-\d\d \d\d:\d\d UTC", row)
    assert caller.ask({"customerId": "100000000103"}).status_code == 500
    page.get_by_role("button", name="Take away customerId 100000000103").press("Enter")
    expect_said(page, "customerId 100000000103 is taken away.")
    assert overrides_of(caller) == []


def test_an_override_that_is_spent_does_not_look_alive(visitor: Visitor, caller: Client) -> None:
    caller.control("PUT", "/spaces/{space}/overrides/customerId/17", json={"error": "resourceNotFound", "times": 2})
    row = opened(visitor).get_by_role("row").filter(has_text="resourceNotFound")
    expect(row).to_contain_text("answered 0, 2 left")
    for _ in range(3):
        caller.ask({"customerId": "17"})
    opened(visitor)
    expect(row).to_contain_text("spent")
    expect(row).to_contain_text("answered 2, 0 left")


def test_what_was_done_is_said_where_one_looks(visitor: Visitor) -> None:
    page = opened(visitor)
    page.get_by_label("Number", exact=True).fill("100000000103")
    page.get_by_role("button", name="Place it").press("Enter")
    expect_said(page, "is answered so from now on")
    expect(page.locator("#said")).to_be_in_viewport()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#said")).to_be_in_viewport()


def test_everybody_was_last_used_when_anybody_was(visitor: Visitor, caller: Client) -> None:
    caller.ask({"customerId": "321116471234"})
    table = opened(visitor).get_by_role("region", name="Table of spaces")
    used = [
        row.locator("td[data-label='Last used'] time").get_attribute("datetime")
        for row in table.locator("tbody tr").all()
    ]
    assert used[0] == max(each for each in used if each)


def test_the_calendar_and_customers_agree_on_who_celebrates(visitor: Visitor) -> None:
    page = opened(visitor)
    page.get_by_role("link", name="4 in your scenario files").click()
    assert page.get_by_text("★ Birthday today").count() >= 4


def test_a_prefix_and_json_will_do_for_an_override(visitor: Visitor, caller: Client) -> None:
    page = opened(visitor)
    page.get_by_label("Number of").select_option("cardNumber")
    page.get_by_label("Number", exact=True).fill(" 5500* ")
    page.get_by_label("Entry, in YAML or JSON").fill('{"error": "resourceNotFound"}')
    page.get_by_role("button", name="Place it").click()
    expect_said(page, "cardNumber 5500* is answered so")
    assert overrides_of(caller) == [
        {"cardNumber": "5500*", "entry": {"error": "resourceNotFound"}, "expiresAt": None, "answered": 0, "left": None}
    ]
    page.get_by_role("button", name="Take away cardNumber 5500*").click()
    expect_said(page, "taken away")
    assert overrides_of(caller) == []


def test_all_mistakes_of_an_entry_are_shown_and_the_text_stays(visitor: Visitor, caller: Client) -> None:
    visitor.may_fail.add(f"/_sandbox/spaces/{visitor.space}/overrides/customerId/12x")
    page = opened(visitor)
    page.get_by_label("Number", exact=True).fill("12x")
    entry = page.get_by_label("Entry, in YAML or JSON")
    entry.fill("eror: <img src=x>\ndelay: soon")
    page.get_by_role("button", name="Place it").press("Enter")
    mistakes = page.locator("#mistakes")
    expect(mistakes).to_contain_text("did you mean error?")
    expect(mistakes).to_contain_text("12x")
    assert entry.input_value() == "eror: <img src=x>\ndelay: soon"
    assert page.locator("img[src=x]").count() == 0
    assert overrides_of(caller) == []


def test_overrides_become_a_scenario_file(visitor: Visitor, caller: Client) -> None:
    caller.control("PUT", "/spaces/{space}/overrides/customerId/17", json={"error": "resourceNotFound"})
    page = opened(visitor)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as scenario file").click()
    assert yaml.safe_load(download.value.path().read_text())["customerId"] == {"17": {"error": "resourceNotFound"}}


def test_what_cannot_be_undone_is_confirmed_by_keyboard(visitor: Visitor, caller: Client) -> None:
    for number in ("17", "18"):
        caller.control("PUT", f"/spaces/{{space}}/overrides/customerId/{number}", json={"error": "resourceNotFound"})
    page = opened(visitor)
    button = page.get_by_role("button", name="Take all away")
    for refusal in ("Escape", "Enter"):
        button.press("Enter")
        expect(page.get_by_role("dialog")).to_contain_text(f"Take all 2 overrides of {visitor.space} away?")
        expect(page.get_by_role("button", name="No", exact=True)).to_be_focused()
        page.keyboard.press(refusal)
        expect(button).to_be_focused()
        assert len(overrides_of(caller)) == 2
    button.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect_said(page, "All overrides are taken away.")
    assert overrides_of(caller) == []


def test_a_space_is_listed_with_what_it_has_and_reset_alone(visitor: Visitor, caller: Client, client: Client) -> None:
    for each in (caller, client):
        each.ask({"customerId": "321116471234"})
        each.control("PUT", "/spaces/{space}/clock", json={"now": "2028-02-29T09:00:00-06:00"})
    page = opened(visitor)
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=visitor.space, exact=True))
    assert re.search(r"\t1\t0\tfrozen at 2028-02-29 15:00 UTC\t", row.inner_text())
    page.get_by_role("button", name=f"Reset {visitor.space}", exact=True).click()
    page.get_by_role("button", name="Yes", exact=True).click()
    expect_said(page, "as it was when it appeared")
    assert caller.control("GET", "/spaces/{space}/exchanges").json()["count"] == 0
    assert clock_of(caller)["setBy"] == "machine"
    assert client.control("GET", "/spaces/{space}/exchanges").json()["count"] == 1
    assert clock_of(client)["setBy"] == "space"


def test_everything_is_reset_after_a_question(serve: Serve, connect: Connect, visit: Visit) -> None:
    server = serve()
    caller = connect(server)
    caller.control("PUT", "/spaces/*/clock", json={"now": "2028-02-29T09:00:00-06:00"})
    page = visit(server).open(PATH)
    assert "Time is frozen for everybody" in page.get_by_role("region", name="The clock").inner_text()
    page.get_by_role("button", name="Reset everything").click()
    page.get_by_role("button", name="Yes", exact=True).click()
    expect_said(page, "Everything is as it was at the start.")
    assert clock_of(caller)["setBy"] == "machine"


def test_what_the_control_api_refuses_is_said_and_nothing_moves(visitor: Visitor, caller: Client) -> None:
    visitor.may_fail.add(f"/_sandbox/spaces/{visitor.space}/clock")
    caller.control("PUT", "/spaces/{space}/clock", json={"now": "2999-12-30T09:00:00-06:00"})
    page = opened(visitor)
    page.get_by_role("button", name="A week on").click()
    expect(page.locator("#failed")).to_contain_text("expected a year from 1900 to 2999")
    assert clock_of(caller)["today"]["MX"] == "2999-12-30"


def test_a_space_with_a_slash_is_seen_but_not_steered(client: Client) -> None:
    client.ask({"customerId": "321116471234"}, client_id="a/b")
    text = client.http.get(PATH, params={"space": "a/b"}).text
    assert "be seen but not steered" in text
    assert "/clock" not in text
    assert re.search("/spaces/a(/|%2F)", text) is None


def test_spaces_and_entries_full_of_markup_stay_text(visit: Visit, connect: Connect, serve: Serve) -> None:
    server, name = serve(), MARKUP.replace("/", "")
    caller = connect(server, name)
    caller.ask({"customerId": "321116471234"})
    entry = {"description": MARKUP, "customer": {"fullName": "<b>B</b>"}}
    caller.control(
        "PUT", "/spaces/" + name.replace("%", "%25").replace("?", "%3F") + "/overrides/customerId/17", json=entry
    )
    page = visit(server).open(PATH)
    page.get_by_role("table").last.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=f"Overrides of {name}")).to_be_visible()
    expect(page.get_by_label("Entry of 17")).to_contain_text("<b>B</b>")
    assert page.locator("img[src=x], main b").count() == 0
    page.get_by_role("button", name="Take away customerId 17").click()
    expect_said(page, "customerId 17 is taken away.")
    expect(page.get_by_label("Entry of 17")).to_have_count(0)


@pytest.mark.parametrize("theme", THEMES)
def test_with_overrides_mistakes_and_a_question_it_has_no_serious_issue(
    visit: Visit, connect: Connect, server: Any, theme: Any
) -> None:
    visitor = visit(color_scheme=theme)
    visitor.may_fail.add(f"/_sandbox/spaces/{visitor.space}/overrides/customerId/1")
    caller = connect(server, visitor.space)
    caller.control("PUT", "/spaces/{space}/clock", json={"now": "2028-02-29T09:00:00-06:00"})
    caller.control(
        "PUT", "/spaces/{space}/overrides/customerId/17", json={"error": "resourceNotFound", "expires": "10m"}
    )
    for size in (DESKTOP, PHONE):
        visitor.page.set_viewport_size(size)
        page = opened(visitor)
        page.get_by_text("Place one").click()
        page.get_by_label("Number", exact=True).fill("1")
        page.get_by_label("Entry, in YAML or JSON").fill("x: y")
        page.get_by_role("button", name="Place it").click()
        expect(page.locator("#mistakes li").first).to_be_visible()
        assert serious_issues(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        page.get_by_role("button", name="Take all away").click()
        assert serious_issues(page) == []
