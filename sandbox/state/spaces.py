"""Names of spaces, and what people write of their times.

Rule 1: a space is what belongs to one client_id; `*` is the space for all, which no client_id can be.
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from sandbox.clock import read_instant
from sandbox.core.durations import read_duration
from sandbox.core.messages import shown

FOR_ALL = "*"
ANONYMOUS = "anonymous"
_LONGEST_NAME = 100


def space_name(client_id: str) -> str:
    """Return the name of a caller's space; a very long client_id is shortened by its digest."""
    if not client_id:
        return ANONYMOUS
    if client_id == FOR_ALL:
        return f"client_id {FOR_ALL}"
    if len(client_id) <= _LONGEST_NAME:
        return client_id
    return f"{client_id[:60]}~{blake2b(client_id.encode(), digest_size=16).hexdigest()}"


EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_PERIOD = re.compile(
    r"(-?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=[0-9])(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?", re.ASCII
)


def read_moment(text: str) -> datetime:
    """Read a moment with its offset (ISO 8601) between 1900 and 3000. Raises ValueError."""
    moment = read_instant(text)
    if EARLIEST <= moment < LATEST:
        return moment.astimezone(UTC)
    raise ValueError(f"found {shown(text[:40])}, expected a year from 1900 to 2999")


def read_period(text: str) -> timedelta:
    """Read an ISO 8601 duration of weeks, days, hours, minutes and seconds, with - for the past. Raises ValueError."""
    match = _PERIOD.fullmatch(text)
    if not match or not any(match.groups()[1:]):
        raise ValueError(f"found {text[:40]!r}, expected a duration such as P1D, PT90M or -P2W; months and years vary")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    period = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -period if match[1] else period


def read_lifetime(text: str) -> timedelta:
    """Read how long an override lasts. Raises ValueError."""
    return timedelta(seconds=read_duration(text))
