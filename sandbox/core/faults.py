"""Network faults: what can go wrong on the wire, and which calls it strikes.

Rule 1: a decision names a fault; the shell commits it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

FAULTS: Mapping[str, str] = {
    "connectionReset": "the connection is reset (TCP RST) instead of an answer",
    "emptyResponse": "the connection is closed (FIN) without a byte",
    "closeMidBody": "the answer breaks off in the middle of its body",
    "malformedJson": "the body is cut off, yet complete by its Content-Length: not JSON",
    "garbageThenClose": "bytes that are no HTTP, then the connection is closed",
    "wrongContentType": "the body is right, but text/html by its Content-Type",
    "slowDrip": "the body trickles in, over 5 seconds",
    "neverAnswer": "nothing comes for 60 seconds, then the connection is closed",
}


class Fault(NamedTuple):
    """A fault and the calls that it strikes: the `first` n, `every` n-th, a `share` of them; all where none is said."""

    name: str
    first: int | None = None
    every: int | None = None
    share: float | None = None

    @property
    def is_scheduled(self) -> bool:
        return self.first is not None or self.every is not None or self.share is not None

    def strikes(self, call: int, draw: Callable[[str], float]) -> bool:
        """Tell whether the n-th call, counted from 0, is struck; `draw` gives the call's chance."""
        if self.first is not None:
            return call < self.first
        if self.every is not None:
            return (call + 1) % self.every == 0
        return self.share is None or draw("fault") < self.share
