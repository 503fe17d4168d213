"""The almanac: months and days as a calendar shows them.

Rule 1: a day here is a day in the home country; what it is elsewhere, the clock says.
"""

from calendar import Calendar
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sandbox.core.times import EARLIEST, LATEST, read_day
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


def chosen_day(text: str, zone: tzinfo) -> date:
    """Read the day that a page is asked about, one that the calendar has. Raises UserError."""
    try:
        day = read_day(text, zone)
    except ValueError as mistake:
        raise UserError(f"day: {mistake}") from None
    if not _FIRST <= day <= _LAST:
        raise UserError(f"day: found {day}, expected a day that exists, from 1900 to 2999")
    return day


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
