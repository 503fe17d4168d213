"""The almanac: months and days as a calendar shows them.

Rule 1: a day here is a day in the home country; what it is elsewhere, the clock says.
"""

from calendar import Calendar
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sandbox.core.durations import EARLIEST, LATEST
from sandbox.user_errors import UserError

_FIRST, _LAST = EARLIEST.date(), LATEST.date() - timedelta(days=1)
# When a day of travel begins: the desks are open.
_OPENING = time(9)


class Month(NamedTuple):
    """One page of the calendar: its weeks from Monday on, with the days of other months that fill them up."""

    first: date

    @property
    def weeks(self) -> list[list[date]]:
        return Calendar().monthdatescalendar(self.first.year, self.first.month)

    @property
    def before(self) -> date | None:
        """The last day of the month before; None where the calendar begins."""
        return self.first - timedelta(days=1) if self.first > _FIRST else None

    @property
    def after(self) -> date | None:
        """The first day of the month behind; None where the calendar ends."""
        following = (self.first + timedelta(days=31)).replace(day=1)
        return following if following <= _LAST else None


def month_of(day: date) -> Month:
    """Return the month of a day."""
    return Month(day.replace(day=1))


def read_day(text: str) -> date:
    """Read a day as YYYY-MM-DD. Raises UserError."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Other ways to write a day, such as 20280229, are read by the same function.
    if day and day.isoformat() == text and _FIRST <= day <= _LAST:
        return day
    raise UserError(f"day: found {text[:40]!r}, expected a day that exists, as YYYY-MM-DD, from 1900 to 2999")


def next_leap_day(today: date) -> date:
    """Return the first 29 February behind a day."""
    year = today.year if (today.month, today.day) < (2, 29) else today.year + 1
    while True:
        try:
            return date(year, 2, 29)
        except ValueError:
            year += 1


def opening(day: date, zone: ZoneInfo) -> str:
    """Return the moment to travel to for a day, with its offset."""
    return datetime.combine(day, _OPENING, zone).isoformat()
