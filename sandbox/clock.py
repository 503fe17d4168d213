"""The only module that asks what time it is."""

from datetime import UTC, datetime


class Clock:
    """The sandbox's time; always aware, in UTC."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)
