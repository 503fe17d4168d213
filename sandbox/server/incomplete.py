"""Incomplete requests: a head or a body that has begun and does not end.

Rule 1: the time for it is limited; it counts only while the server listens, not while it answers the call before.
Rule 2: where the system lets no more files be opened, the oldest incomplete request gives way to the next connection.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol

INCOMPLETE_SECONDS = 30.0
# What the server opens beside connections: files to read, its own sockets, a little to spare.
RESERVED_FILES = 64


class Receiving(Protocol):
    """A connection, as far as it matters here."""

    transport: asyncio.Transport
    number: int

    @property
    def incomplete(self) -> object | None:
        """What is incomplete, equal as long as it is the same head or body; None where nothing is."""

    def expire(self, seconds: float) -> None:
        """Give up what is incomplete: it had this much time."""


class IncompleteRequests:
    """Those on all connections of a server. `seconds` is how long each may take."""

    def __init__(self, connections: Iterable[Any], seconds: float = INCOMPLETE_SECONDS) -> None:
        self._connections: Iterable[Receiving] = connections
        self.seconds = seconds
        self._since: dict[Receiving, tuple[object, float]] = {}

    def sweep(self, now: float) -> None:
        """End those that took too long; called every now and then, with the time of the event loop."""
        found: dict[Receiving, tuple[object, float]] = {}
        for connection in list(self._connections):
            if (part := connection.incomplete) is None:
                continue
            known, since = self._since.get(connection, (None, now))
            if part != known:
                since = now
            if now - since < self.seconds:
                found[connection] = part, since
            else:
                connection.expire(self.seconds)
        self._since = found

    def close(self) -> None:
        """Close all connections that have one."""
        for connection in list(self._connections):
            if connection.incomplete:
                connection.transport.close()

    def make_room(self, max_connections: int) -> None:
        """Cut off the oldest, so that there are no more connections than that."""
        connections = [each for each in self._connections if not each.transport.is_closing()]
        if (excess := len(connections) - max_connections) <= 0:
            return
        now = asyncio.get_running_loop().time()
        ages = {each: (self._since.get(each, (None, now))[1], each.number) for each in connections if each.incomplete}
        for connection in sorted(ages, key=ages.__getitem__)[:excess]:
            connection.transport.abort()


def max_connections() -> int:
    """Return how many connections may be open at once, by the system's limit of open files."""
    try:
        from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit
    except ImportError:
        # Windows has no such limit.
        return 2**31
    soft, _ = getrlimit(RLIMIT_NOFILE)
    return 2**31 if soft == RLIM_INFINITY else max(soft - RESERVED_FILES, soft // 2)
