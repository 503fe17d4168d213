"""The only module that asks what time it is, and the one that reads how people write it."""

import time
from datetime import UTC, datetime

from .core.messages import shown


class Clock:
    """The sandbox's time; always aware, in UTC."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)


def timestamp() -> float:
    """Return the present moment as seconds since 1970; a log line needs no more."""
    return time.time()


def read_instant(text: str) -> datetime:
    """Read a moment with its offset (ISO 8601). Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    except ValueError:
        pass
    raise ValueError(f"found {shown(text[:40])}, expected a moment with its offset, such as 2028-02-29T09:00:00-06:00")
