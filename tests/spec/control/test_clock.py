"""The clock of a space: frozen, ticking, travelling, released."""

from datetime import datetime
from itertools import product

import pytest

from tests.spec.conftest import eventually

from .conftest import NUMBER, Caller, assert_problem

BORN = {  # the branch demo's, by birthday
    "02-29": "100000000106",
    "03-14": "100000000103",
    "12-31": "100000000105",
    "01-01": "100000000107",
}


def has_birthday(caller: Caller, birthday: str, country: str = "MX", **headers: str) -> bool:
    reply = caller.call(BORN[birthday], countryCode=country, **headers)
    flag: bool = reply.json()["customer"]["birthdayTodayFlag"]
    return flag


def read(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def test_a_clock_that_nobody_set_is_the_machines(tester: Caller) -> None:
    clock = tester.get("/clock")
    assert (clock["ticking"], clock["setBy"]) == (True, "machine")
    assert set(clock["today"]) >= {"MX", "ES"}


def test_a_frozen_clock_stands_still(tester: Caller) -> None:
    clock = tester.put("/clock", {"now": "2028-03-14T09:00:00-06:00"})
    assert (clock["now"], clock["ticking"], clock["setBy"]) == ("2028-03-14T15:00:00.000Z", False, "space")
    assert has_birthday(tester, "03-14")
    assert tester.get("/clock") == clock


def test_an_answer_is_stamped_by_the_spaces_clock(tester: Caller) -> None:
    tester.put("/clock", {"now": "2028-03-14T09:00:00Z"})
    assert tester.call("999900000404").json()["timestamp"] == "2028-03-14T09:00:00.000Z"


def test_a_ticking_clock_goes_on_from_its_moment_past_midnight(tester: Caller) -> None:
    began = tester.put("/clock", {"now": "2028-03-14T23:59:59.700-06:00", "ticking": True})
    assert began["ticking"] is True
    assert began["today"]["MX"] == "2028-03-14"
    eventually(lambda: not has_birthday(tester, "03-14"))
    assert tester.get("/clock")["today"]["MX"] == "2028-03-15"


def test_a_frozen_clock_travels_exactly_and_stays_frozen(tester: Caller) -> None:
    tester.put("/clock", {"now": "2028-03-13T09:00:00-06:00"})
    clock = tester.put("/clock", {"advance": "P1DT1H30M5S"})
    assert (clock["now"], clock["ticking"]) == ("2028-03-14T16:30:05.000Z", False)
    assert has_birthday(tester, "03-14")


def test_a_clock_travels_backwards(tester: Caller) -> None:
    tester.put("/clock", {"now": "2028-03-15T09:00:00-06:00"})
    assert tester.put("/clock", {"advance": "-P1D"})["now"] == "2028-03-14T15:00:00.000Z"
    assert has_birthday(tester, "03-14")
    assert tester.put("/clock", {"advance": "-P2W"})["now"] == "2028-02-29T15:00:00.000Z"
    assert has_birthday(tester, "02-29")


def test_a_clock_that_nobody_set_travels_and_goes_on_ticking(tester: Caller) -> None:
    real = read(tester.get("/clock")["now"])
    clock = tester.put("/clock", {"advance": "P100D"})
    assert clock["ticking"] is True
    assert 100 <= (read(clock["now"]) - real).total_seconds() / 86_400 < 100.01
    eventually(lambda: tester.get("/clock")["now"] > clock["now"])


def test_a_ticking_clock_can_be_frozen_where_it_is(tester: Caller) -> None:
    tester.put("/clock", {"now": "2028-03-14T09:00:00Z", "ticking": True})
    clock = tester.put("/clock", {"advance": "PT0S", "ticking": False})
    assert clock["now"].startswith("2028-03-14T09:00:")
    assert tester.get("/clock") == clock


def test_a_released_clock_is_the_machines_again(tester: Caller) -> None:
    tester.put("/clock", {"now": "1999-12-31T00:00:00Z"})
    released = tester.steer("DELETE", "/clock")
    assert (released.status_code, released.json()["setBy"]) == (200, "machine")
    assert released.json()["now"] > "2025"


@pytest.mark.parametrize(
    ("day", "flag"),
    [
        ("2028-02-28", False),
        ("2028-02-29", True),
        ("2028-03-01", False),
        ("2027-02-28", True),
        ("2027-03-01", False),
        ("2100-02-28", True),
        ("2000-02-28", False),
        ("2000-02-29", True),
    ],
)
def test_29_february_is_celebrated_on_the_28th_where_there_is_none(tester: Caller, day: str, flag: bool) -> None:
    tester.put("/clock", {"now": f"{day}T12:00:00-06:00"})
    assert has_birthday(tester, "02-29") is flag


def test_travelling_from_28_february_meets_the_29th_in_leap_years_alone(tester: Caller) -> None:
    for year, next_day in ((2028, "2028-02-29"), (2027, "2027-03-01")):
        tester.put("/clock", {"now": f"{year}-02-28T12:00:00-06:00"})
        assert tester.put("/clock", {"advance": "P1D"})["today"]["MX"] == next_day


def test_new_year_turns_at_midnight(tester: Caller) -> None:
    tester.put("/clock", {"now": "2027-12-31T23:59:59-06:00"})
    assert [has_birthday(tester, birthday) for birthday in ("12-31", "01-01")] == [True, False]
    assert tester.put("/clock", {"advance": "PT1S"})["today"]["MX"] == "2028-01-01"
    assert [has_birthday(tester, birthday) for birthday in ("12-31", "01-01")] == [False, True]


@pytest.mark.parametrize(
    ("now", "mexico", "spain"),
    [
        ("2028-03-13T22:59:59Z", "2028-03-13", "2028-03-13"),
        ("2028-03-13T23:00:00Z", "2028-03-13", "2028-03-14"),  # midnight in Madrid, winter time
        ("2028-03-14T05:59:59Z", "2028-03-13", "2028-03-14"),
        ("2028-03-14T06:00:00Z", "2028-03-14", "2028-03-14"),  # midnight in Mexico City
        ("2028-03-14T23:00:00Z", "2028-03-14", "2028-03-15"),
        ("2028-03-15T06:00:00Z", "2028-03-15", "2028-03-15"),
    ],
)
def test_today_is_today_in_the_callers_country(tester: Caller, now: str, mexico: str, spain: str) -> None:
    clock = tester.put("/clock", {"now": now})
    assert (clock["today"]["MX"], clock["today"]["ES"]) == (mexico, spain)
    found = [has_birthday(tester, "03-14", country) for country in ("MX", "ES")]
    assert found == [day == "2028-03-14" for day in (mexico, spain)]


def test_the_header_for_one_call_beats_the_clock(tester: Caller) -> None:
    tester.put("/clock", {"now": "2028-03-15T09:00:00-06:00"})
    assert has_birthday(tester, "03-14", X_Sandbox_Date="2028-03-14")
    assert not has_birthday(tester, "03-14")


def test_a_clock_belongs_to_its_space(tester: Caller, other: Caller) -> None:
    tester.put("/clock", {"now": "2028-03-14T09:00:00-06:00"})
    other.put("/clock", {"now": "2028-12-31T09:00:00-06:00"})
    found = [has_birthday(space, birthday) for space, birthday in product((tester, other), ("03-14", "12-31"))]
    assert found == [True, False, False, True]


def test_a_clock_for_all_holds_where_a_space_has_none_of_its_own(
    everybody: Caller, tester: Caller, other: Caller
) -> None:
    everybody.put("/clock", {"now": "2028-03-14T09:00:00-06:00"})
    tester.put("/clock", {"now": "2028-12-31T09:00:00-06:00"})
    assert [has_birthday(space, "03-14") for space in (tester, other)] == [False, True]
    assert [space.get("/clock")["setBy"] for space in (everybody, tester, other)] == ["all", "space", "all"]
    tester.steer("DELETE", "/clock")
    assert has_birthday(tester, "03-14")
    assert other.put("/clock", {"advance": "P1D"})["now"] == "2028-03-15T15:00:00.000Z"
    everybody.steer("DELETE", "/clock")
    assert tester.get("/clock")["setBy"] == "machine"


def test_a_search_for_birthdays_goes_by_the_spaces_clock(tester: Caller) -> None:
    tester.put("/clock", {"now": "2028-03-14T09:00:00-06:00"})
    parameters = {"birthday": "today", "count": 50, "space": tester.space}
    found = tester.control("GET", "/customers", params=parameters).json()
    assert BORN["03-14"] in [customer["customerId"] for customer in found]
    assert all(customer["birthdayTodayFlag"] for customer in found)


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"now": "2028-02-29T09:00:00"},
        {"now": "2027-02-29T09:00:00Z"},
        {"now": "tomorrow"},
        {"now": 1835427600},
        {"now": "2028-02-29T25:00:00Z"},
        {"now": "1899-12-31T23:59:59Z"},
        {"now": "3000-01-01T00:00:00Z"},
        {"now": "0001-01-01T00:00:00+14:00"},
        {"now": "2028-02-29T09:00:00Z", "advance": "P1D"},
        {"now": "2028-02-29T09:00:00Z", "ticking": "perhaps"},
        {"now": "2028-02-29T09:00:00Z", "ticking": 1},
        {"now": "2028-02-29T09:00:00Z", "ticks": True},
        {"ticking": True},
        {"now": "2028-02-30"},
        {"advance": "1day"},
        {"advance": "1M"},
        {"advance": "P1M"},
        {"advance": "P"},
        {"advance": "PT"},
        {"advance": "P1DT"},
        {"advance": "P1W2"},
        {"advance": "P٣D"},
        {"advance": "P999999W"},
        {"advance": "-P999999W"},
        [],
        None,
        "now",
    ],
    ids=str,
)
def test_what_is_no_moment_is_a_problem_and_changes_nothing(tester: Caller, wish: object) -> None:
    before = tester.put("/clock", {"now": "2028-03-14T09:00:00Z"})
    assert_problem(tester.steer("PUT", "/clock", json=wish), 400)
    assert tester.get("/clock") == before


@pytest.mark.parametrize(("short", "iso"), [("31m", "PT31M"), ("-2w", "-P2W"), ("1.5d", "P1.5D")])
def test_a_clock_is_moved_in_either_dialect(tester: Caller, other: Caller, short: str, iso: str) -> None:
    moved = []
    for caller, advance in ((tester, short), (other, iso)):
        caller.put("/clock", {"now": "2028-02-29T09:00:00Z"})
        moved.append(caller.put("/clock", {"advance": advance})["now"])
    assert moved[0] == moved[1] != "2028-02-29T09:00:00.000Z"


def test_a_day_without_a_time_is_its_midnight_in_the_home_country(tester: Caller) -> None:
    assert tester.put("/clock", {"now": "2028-02-29"})["now"] == "2028-02-29T06:00:00.000Z"


@pytest.mark.parametrize(
    ("instant", "day"), [("2028-03-01T05:59:59Z", "2028-02-29"), ("2028-03-01T06:00:00Z", "2028-03-01")]
)
def test_an_instant_as_the_day_of_one_call_is_its_day_in_the_country(tester: Caller, instant: str, day: str) -> None:
    tester.override(NUMBER, {"customer": {"fullName": "{{ today }}", "customerSegment": "10", "birthday": "never"}})
    reply = tester.call(countryCode="MX", X_Sandbox_Date=instant)
    assert reply.json()["customer"]["fullName"] == day
    assert tester.call(countryCode="MX", X_Sandbox_Date=day).json() == reply.json()


def test_months_are_refused_with_the_reason(tester: Caller) -> None:
    assert_problem(tester.steer("PUT", "/clock", json={"advance": "P1M"}), 400, "months and years have no fixed length")


def test_an_iso_duration_is_good_for_every_delay_and_lifetime(tester: Caller) -> None:
    assert tester.override(NUMBER, {"error": "resourceNotFound", "delay": "PT0.01S", "expires": "PT10M"})["expiresAt"]
    tester.call()
    assert tester.exchanges()[0]["delay"] == 0.01
    tester.call(X_Sandbox_Delay="PT0.02S")
    assert tester.exchanges(wait=1, timeout="PT2S")[0]["delay"] == 0.02
    token = tester.control("POST", "/tokens", json={"client_id": tester.space, "lifetime": "PT90S"}).json()
    assert token["expires_in"] == 90


def test_a_delay_is_never_negative_and_never_longer_than_an_hour(tester: Caller) -> None:
    for delay in ("-1s", "-PT1S", "1d", "PT61M"):
        assert tester.call(X_Sandbox_Delay=delay).status_code == 400
