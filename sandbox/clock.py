"""The only module that asks what time it is."""

import time
from datetime import UTC, datetime


class Clock:
    """The sandbox's time; always aware, in UTC."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)


def timestamp() -> float:
    """Return the present moment as seconds since 1970; a log line needs no more."""
    return time.time()
