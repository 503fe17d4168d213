"""Time as people write it: durations, moments and days."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.times import (
    DAY_GRAMMAR,
    GRAMMAR,
    MAX_SECONDS,
    MOMENT_GRAMMAR,
    read_day,
    read_duration,
    read_moment,
    read_period,
)

MEXICO = ZoneInfo("America/Mexico_City")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("800ms", 0.8),
        ("2s", 2.0),
        ("1.5s", 1.5),
        ("1m", 60.0),
        ("0s", 0.0),
        ("0ms", 0.0),
        ("005s", 5.0),
        (" 2s ", 2.0),
        ("1h", MAX_SECONDS),
        ("60m", MAX_SECONDS),
        ("3600s", MAX_SECONDS),
        ("3600000ms", MAX_SECONDS),
        ("PT2S", 2.0),
        ("PT1.5S", 1.5),
        ("PT0.8S", 0.8),
        ("PT1M30S", 90.0),
        ("PT31M", 1860.0),
        ("PT1H", MAX_SECONDS),
        ("P0D", 0.0),
        ("0d", 0.0),
        (" PT1H ", MAX_SECONDS),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert read_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "s", "2", "2 s", "2s\n", "\t2s", "1d", "1S", "1MS", ".5s", "5.s", "1.5.5s", "1,5s", "1e3s", "1s1ms"),
        *(
            "-1s",
            "+1s",
            "-PT1S",
            "P",
            "PT",
            "P1DT",
            "P1D",
            "PT1H1S",
            "pt1s",
            "PT1S\n",
            "PT1M1H",
            "1h30m",
            "P1S",
            "nan",
            "inf",
            "infs",
            "٢s",
            "\uff12s",
            "3600.000001s",
            "61m",
            "999999999m",
            "9" * 5000 + "s",
        ),
    ],
)
def test_anything_else_is_refused_with_what_was_found_and_the_grammar(text: str) -> None:
    with pytest.raises(ValueError) as refusal:
        read_duration(text)
    found, _, expected = str(refusal.value).partition(", expected ")
    assert expected == GRAMMAR
    assert found == f"found {text!r}" if len(text) < 40 else len(found) < 100


@given(st.integers(0, 3_600_000))
def test_every_millisecond_up_to_an_hour_can_be_written_in_each_unit(milliseconds: int) -> None:
    seconds = Decimal(milliseconds) / 1000
    for text in (f"{milliseconds}ms", f"{seconds}s", f"{milliseconds // 60_000}m"):
        expected = milliseconds // 60_000 * 60 if text.endswith("m") else milliseconds / 1000
        assert read_duration(text) == pytest.approx(expected)


@given(st.text() | st.from_regex(r"[0-9]{0,12}(\.[0-9]{0,8})?(ms|s|m|h)?", fullmatch=True))
def test_no_text_gives_a_duration_out_of_bounds_or_another_error(text: str) -> None:
    try:
        seconds = read_duration(text)
    except ValueError as refusal:
        assert str(refusal).endswith(GRAMMAR)  # noqa: PT017 - some texts are durations
    else:
        assert 0 <= seconds <= MAX_SECONDS


@pytest.mark.parametrize("text", ["P1M", "P1Y", "P1Y2D", "P0Y", "-P1M", "P1Y6M"])
def test_months_and_years_are_refused_because_they_vary(text: str) -> None:
    for read in (read_duration, read_period):
        with pytest.raises(ValueError, match=rf"found {text!r}, .*months and years have no fixed length"):
            read(text)


@pytest.mark.parametrize(
    ("short", "iso"), [("31m", "PT31M"), ("1d", "P1D"), ("2w", "P2W"), ("-90s", "-PT90S"), ("1.5h", "PT1.5H")]
)
def test_a_period_means_the_same_in_either_dialect(short: str, iso: str) -> None:
    assert read_period(short) == read_period(iso)


@given(st.integers(-10_000, 10_000), st.sampled_from(["W", "D", "H", "M", "S"]))
def test_every_period_can_be_written_in_either_dialect(number: int, unit: str) -> None:
    sign, size = "-" if number < 0 else "", abs(number)
    short, iso = f"{sign}{size}{unit.lower()}", f"{sign}P{'T' if unit in 'HMS' else ''}{size}{unit}"
    hours = {"W": 168, "D": 24, "H": 1, "M": 1 / 60, "S": 1 / 3600}[unit]
    assert read_period(short) == read_period(iso)
    assert read_period(short) / timedelta(hours=hours) == pytest.approx(number)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2028-02-29T09:00:00-06:00", datetime(2028, 2, 29, 15, tzinfo=UTC)),
        ("2028-02-29T09:00:00.250Z", datetime(2028, 2, 29, 9, 0, 0, 250_000, UTC)),
        ("2028-02-29", datetime(2028, 2, 29, 6, tzinfo=UTC)),
        ("1900-01-02", datetime(1900, 1, 2, 6, 36, 36, tzinfo=UTC)),
    ],
)
def test_a_moment_is_an_instant_or_the_midnight_of_a_day(text: str, moment: datetime) -> None:
    assert read_moment(text, MEXICO) == moment


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2028-02-29", date(2028, 2, 29)),
        ("2028-02-29T23:30:00-06:00", date(2028, 2, 29)),
        ("2028-03-01T05:59:59Z", date(2028, 2, 29)),
        ("2028-03-01T06:00:00Z", date(2028, 3, 1)),
    ],
)
def test_a_day_is_a_day_or_that_of_an_instant_by_the_clocks_of_a_zone(text: str, day: date) -> None:
    assert read_day(text, MEXICO) == day


@pytest.mark.parametrize(
    "text", ["", "today", "2027-02-29", "20280229", "2028-2-29", "2028-02-29T09:00:00", "2028-W09-2", "\uff12028-02-29"]
)
def test_no_other_text_is_a_moment_or_a_day(text: str) -> None:
    for read, expected in ((read_moment, MOMENT_GRAMMAR), (read_day, DAY_GRAMMAR)):
        with pytest.raises(ValueError) as refusal:
            read(text, MEXICO)
        assert str(refusal.value) == f"found {text!r}, expected {expected}"


@pytest.mark.parametrize("text", ["1899-12-31", "3000-01-02", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_moment_is_from_1900_to_2999(text: str) -> None:
    with pytest.raises(ValueError, match="expected a year from 1900 to 2999"):
        read_moment(text, MEXICO)
