"""Time as people write it: how long something takes, at which moment, on which day.

Rule 1: the grammar and the bounds of all durations, moments and days live here.
Rule 2: a duration is `31m` or `PT31M`, and a moment is an instant with its offset or a day, wherever one is asked for.
A day means its midnight where a moment is wanted, and an instant means its day where a day is wanted; both by the
clocks of a time zone that the caller names.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from .messages import shown

MAX_SECONDS = 3600.0
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)

GRAMMAR = "a duration such as 800ms, 1.5s, 1m or PT1M, at most 1 hour"
PERIOD_GRAMMAR = "a duration such as P1D, PT90M, 90m, 1d or -2w"
MOMENT_GRAMMAR = "a moment with its offset, such as 2028-02-29T09:00:00-06:00, or a day, such as 2028-02-29"
DAY_GRAMMAR = "a day that exists, as YYYY-MM-DD, or a moment with its offset"

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_SHORT = re.compile(rf"(-?)({_NUMBER})(ms|s|m|h|d|w)", re.ASCII)
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# ISO 8601, 5.5.2; a fraction may stand in the last part only, which is not held against anybody.
_ISO = re.compile(
    rf"(-?)P(?=.)(?:({_NUMBER})W)?(?:({_NUMBER})D)?"
    rf"(?:T(?=.)(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?",
    re.ASCII,
)
_ISO_UNITS = ("weeks", "days", "hours", "minutes", "seconds")
_CALENDAR_UNITS = re.compile(r"-?P[0-9.,YWD]*[0-9][YM]", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def read_duration(text: str) -> float:
    """Return a duration from 0 to `MAX_SECONDS`, in seconds.

    Raises ValueError, saying what was found and what was expected, for anything else than `GRAMMAR`.
    """
    seconds = _period(text, GRAMMAR).total_seconds()
    if not 0 <= seconds <= MAX_SECONDS:
        raise _mistake(text, GRAMMAR)
    return seconds


def read_period(text: str) -> timedelta:
    """Return how far a clock is moved: a duration of any length, with - for the past. Raises ValueError."""
    return _period(text, PERIOD_GRAMMAR)


def read_moment(text: str, zone: tzinfo) -> datetime:
    """Return a moment from 1900 to 2999 in UTC; a day alone means its midnight in `zone`. Raises ValueError."""
    if (day := _day(text)) is not None:
        moment: datetime | None = datetime.combine(day, time(), zone)
    else:
        moment = _instant(text)
    if moment is None:
        raise _mistake(text, MOMENT_GRAMMAR)
    if not EARLIEST <= moment < LATEST:
        raise _mistake(text, "a year from 1900 to 2999")
    return moment.astimezone(UTC)


def read_day(text: str, zone: tzinfo) -> date:
    """Return a day; a moment means the day that it falls on in `zone`. Raises ValueError."""
    if (day := _day(text)) is not None:
        return day
    if (moment := _instant(text)) is None:
        raise _mistake(text, DAY_GRAMMAR)
    if not EARLIEST <= moment < LATEST:
        raise _mistake(text, "a year from 1900 to 2999")
    return moment.astimezone(zone).date()


def _period(text: str, expected: str) -> timedelta:
    stripped = text.strip(" ")
    if found := _SHORT.fullmatch(stripped):
        sign, parts = found[1], {_UNITS[found[3]]: float(found[2])}
    elif found := _ISO.fullmatch(stripped):
        sign, *numbers = found.groups()
        parts = {unit: float(number or 0) for unit, number in zip(_ISO_UNITS, numbers, strict=True)}
    elif _CALENDAR_UNITS.match(stripped):
        raise _mistake(text, f"{expected}; months and years have no fixed length")
    else:
        raise _mistake(text, expected)
    try:
        period = timedelta(**parts)
    except OverflowError:
        raise _mistake(text, expected) from None
    return -period if sign else period


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _mistake(text: str, expected: str) -> ValueError:
    return ValueError(f"found {shown(text[:40])}, expected {expected}")
