"""What changes at run time, as everybody else sees it: one interface, whatever keeps it.

Rule 1: what is counted is taken: two callers at once never get the same number.
Rule 2: a change is one call; when it is answered, it counts for the very next call.
Rule 3: entries of journals have one order, and what fell off a journal's end is known to have fallen.
Rule 4: everything is bounded; the least recently used goes first, never what somebody subscribes to.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from sandbox.core.call import CallKey
from sandbox.core.credentials import Profile
from sandbox.core.scenario_book import ScenarioBook
from sandbox.core.scenarios import Scenario

from .journal import Exchange

MAX_COUNTS = 10_000
MAX_OVERRIDES = 10_000
MAX_SUBSCRIBERS = 1_000
SUBSCRIBER_BACKLOG = 256

Result = TypeVar("Result")


class Override(NamedTuple):
    """A scenario placed at run time, with the entry as it was sent. It is gone after `expires_at`, if it has one."""

    scenario: Scenario
    entry: Mapping[str, Any]
    expires_at: datetime | None


class PlacedOverride(NamedTuple):
    """An override, how often it has answered, and how many answers it has left; None where nothing bounds them.

    A prefix and a name count each number by themselves, so nothing bounds their answers altogether; nor those of an
    entry that has an otherwise.
    """

    override: Override
    answered: int
    left: int | None

    @classmethod
    def of(cls, override: Override, answered: int) -> "PlacedOverride":
        """Return an override that has answered so often."""
        scenario = override.scenario
        if (
            scenario.times is None
            or scenario.otherwise
            or scenario.section == "named"
            or scenario.pattern.endswith("*")
        ):
            return cls(override, answered, None)
        return cls(override, answered, max(scenario.times - answered, 0))


class ClockSetting(NamedTuple):
    """A clock that was set: at which real moment, to what, and whether it goes on from there."""

    at: datetime
    to: datetime
    is_ticking: bool

    def now(self, real: datetime) -> datetime:
        """Return what time it is on this clock at a real moment."""
        return self.to + (real - self.at) if self.is_ticking else self.to


class SpaceView(NamedTuple):
    """What calls need to know of a space; another object where anything has changed.

    `overrides` is the space's own index, good until the next change: read it at once, don't keep it.
    """

    name: str
    overrides: ScenarioBook | None = None
    clock: ClockSetting | None = None
    profile: Profile | None = None

    @property
    def has_settings(self) -> bool:
        """Whether anybody has configured the space."""
        return any(setting is not None for setting in self[1:])


class SpaceSummary(NamedTuple):
    """A space as lists show it; `exchanges` and `overrides` are counts."""

    name: str
    used_at: datetime
    exchanges: int
    overrides: int
    clock: ClockSetting | None
    profile: Profile | None


class Forgotten(NamedTuple):
    """Calls that a journal no longer has: how many, and when (UTC) the first and the last of them came."""

    calls: int
    first_at: datetime
    last_at: datetime

    def joined(self: "Forgotten | None", other: "Forgotten | None") -> "Forgotten | None":
        """Return both together."""
        if self is None or other is None:
            return self or other
        first_at, last_at = min(self.first_at, other.first_at), max(self.last_at, other.last_at)
        return Forgotten(self.calls + other.calls, first_at, last_at)


class Tally:
    """Sums over all calls since a journal was cleared, also over those that it no longer has."""

    def __init__(self) -> None:
        self._kinds: Counter[tuple[str | None, str, str | None, str | None]] = Counter()

    def count(self, entry: "Entry") -> None:
        """Take one call in."""
        self._kinds[entry.kind] += 1

    def add(self, other: "Tally") -> None:
        """Take the sums of another in."""
        self._kinds.update(other._kinds)

    @property
    def operations(self) -> Counter[str]:
        """How many calls there were of each operation."""
        return self._sums(lambda operation, rule, error, fault: operation)

    @property
    def rules(self) -> Counter[tuple[str | None, str]]:
        """How many calls of an operation, None where it was none, each rule has answered."""
        return self._sums(lambda operation, rule, error, fault: (operation, rule))

    @property
    def codes(self) -> Counter[tuple[str, str]]:
        """How many calls of an operation were answered with each error."""
        return self._sums(lambda operation, rule, error, fault: (operation, error) if operation and error else None)

    @property
    def faults(self) -> Counter[tuple[str | None, str]]:
        """How many calls of an operation were answered with each network fault."""
        return self._sums(lambda operation, rule, error, fault: (operation, fault) if fault else None)

    def _sums(self, name: Callable[..., Any]) -> Counter[Any]:
        sums: Counter[Any] = Counter()
        for kind, count in self._kinds.items():
            if (key := name(*kind)) is not None:
                sums[key] += count
        return sums


class JournalView(NamedTuple):
    """What a journal has at a moment, newest first, and what it has no longer: None where it has all since its start.

    Going through many entries takes a while, and may be done in a thread.
    """

    entries: "Iterator[Entry]"
    forgotten: Forgotten | None


class Entry(Protocol):
    """One call as a journal keeps it.

    `kind` is what is summed up: operation, rule, error and fault. `override` is the serial number of the override that
    answered, if one did.
    """

    id: int

    @property
    def at(self) -> datetime: ...
    @property
    def kind(self) -> tuple[str | None, str, str | None, str | None]: ...
    @property
    def override(self) -> int | None: ...
    def exchange(self) -> Exchange:
        """Return the call masked, which alone may leave the process; made on first use, and remembered."""


class Subscriber:
    """Who is told of every entry from now on, or with no `backlog` only that there are some.

    `news` is set when something came; `dropped` when they took it too slowly, and then nothing comes any more.
    """

    def __init__(self, backlog: int = SUBSCRIBER_BACKLOG) -> None:
        self.news = asyncio.Event()
        self.dropped = asyncio.Event()
        self._queue: deque[Entry] = deque()
        self._backlog = backlog

    def tell(self, entry: Entry) -> bool:
        """Hand on an entry; tell whether the subscriber keeps up."""
        if self._backlog and len(self._queue) >= self._backlog:
            self.dropped.set()
        elif self._backlog:
            self._queue.append(entry)
        self.news.set()
        return not self.dropped.is_set()

    def take(self) -> list[Entry]:
        """Return what was handed on since the last time."""
        taken = list(self._queue)
        self._queue.clear()
        self.news.clear()
        return taken


class State(Protocol):
    """What changes at run time. `*` is the space for all; its journal holds the entries of all spaces.

    What may have to wait is async. `is_immediate` says that nothing ever does: then `run_now` runs it to its end.
    """

    is_immediate: bool
    # How many configured spaces had to go.
    evicted_spaces: int

    def view(self, space: str) -> SpaceView:
        """Return what calls need to know of a space, which need not have appeared."""

    async def take(self, space: str, key: CallKey) -> int:
        """Take the next number of a count, from 0 on."""

    async def peek(self, space: str, key: CallKey) -> int:
        """Return the number that would be taken next."""

    async def record(self, space: str, entry: Entry) -> int:
        """Write an entry into a space's journal, give it its id, and tell all subscribers. Return the id."""

    async def place(self, space: str, override: Override) -> Override:
        """Place an override instead of the one under its pattern; return it with its serial number.

        Raises UserError where another names one of its numbers, or where there are too many.
        """

    async def replace_overrides(self, space: str, overrides: Sequence[Override]) -> list[Override]:
        """Place these overrides instead of all that there are; return them with their serial numbers.

        No two of them name one number. Raises UserError where there are too many, and changes nothing then.
        """

    async def remove(self, space: str, section: str, pattern: str) -> bool:
        """Take an override away; tell whether there was one."""

    async def clear_overrides(self, space: str) -> None:
        """Take all overrides of a space away."""

    async def overrides(self, space: str) -> list[PlacedOverride]:
        """Return the overrides that have not expired, in the order in which they were placed."""

    async def find_override(self, space: str, section: str, pattern: str) -> PlacedOverride | None:
        """Find an override that has not expired."""

    async def set_clock(self, view: SpaceView, clock: ClockSetting | None) -> bool:
        """Set or release a space's clock; tell whether that was done: not where the view is out of date."""

    async def set_profile(self, view: SpaceView, profile: Profile | None) -> bool:
        """Set or release a space's profile, likewise."""

    async def reset(self, space: str | None = None) -> None:
        """Make a space as it was when it appeared, or all of them; subscribers stay."""

    async def clear_journal(self, space: str) -> None:
        """Forget a space's entries and sums; for `*`, those of all spaces."""

    async def spaces(self) -> list[SpaceSummary]:
        """Return the space for all, and then the others, the most recently used last."""

    async def summary(self, space: str) -> SpaceSummary | None:
        """Return how a space is; None where it has not appeared."""

    async def journal(self, space: str, after: int = 0) -> JournalView:
        """Return what a journal has now, as far as it is newer than an id."""

    async def tally(self, space: str) -> Tally:
        """Return the sums over a space's calls."""

    def subscribe(self, space: str, backlog: int = SUBSCRIBER_BACKLOG) -> AbstractAsyncContextManager[Subscriber]:
        """Tell a subscriber of all entries to come in a space, which appears if need be.

        Raises UserError where there are too many subscribers.
        """

    async def next_identity(self) -> int:
        """Return the position from which on nobody was handed out."""

    async def hand_out(self, position: int) -> bool:
        """Hand out whoever is at a position, and nobody before any more; false where somebody was faster."""


def run_now(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that has nothing to wait for, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    coroutine.close()
    raise RuntimeError("this state has to wait; await the coroutine")
