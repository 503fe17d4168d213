"""State in the memory of one process: nothing ever waits.

Rule 1: spaces never see each other; `*` alone speaks for all of them, and only where a space says nothing itself.
Rule 2: a space appears when it is first used, and is forgotten when it is idle for long or when there are too many:
those without settings first, and never one that is subscribed to. Whatever goes with settings is said in the log.
"""

import heapq
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import reduce
from itertools import chain, takewhile

from sandbox.clock import Clock
from sandbox.core.call import CallKey
from sandbox.core.credentials import Profile
from sandbox.core.masking import masked_text
from sandbox.core.messages import Place
from sandbox.user_errors import UserError

from .interface import (
    MAX_COUNTS,
    MAX_SUBSCRIBERS,
    SUBSCRIBER_BACKLOG,
    ClockSetting,
    Entry,
    Forgotten,
    JournalView,
    Override,
    PlacedOverride,
    SpaceSummary,
    SpaceView,
    Subscriber,
    Tally,
)
from .memory_space import MemorySpace
from .spaces import FOR_ALL

# Of so many spaces that had to go one knows how many calls went with each.
MAX_LOST = 10_000

log = logging.getLogger("sandbox")


class MemoryState:
    """The state of one process. `idle` says after how long a space is forgotten; moments are the machine's."""

    is_immediate = True

    def __init__(self, journal_size: int, max_spaces: int, idle: timedelta, clock: Clock) -> None:
        self._journal_size = journal_size
        self._max_spaces = max_spaces
        self._idle = idle
        self._clock = clock
        self._for_all = MemorySpace(FOR_ALL, journal_size, clock.now(), None)
        self._latest = self._for_all
        # Each in the order of use: the first is the least recently used.
        self._plain: OrderedDict[str, MemorySpace] = OrderedDict()
        self._configured: OrderedDict[str, MemorySpace] = OrderedDict()
        self._subscribed: OrderedDict[str, MemorySpace] = OrderedDict()
        self._lost: OrderedDict[str, Forgotten] = OrderedDict()
        self._lost_otherwise: Forgotten | None = None
        self.evicted_spaces = 0
        self._subscribers = 0
        self._uses = 0
        self._serial = 0
        self._last_id = 0
        self._next_identity = 0
        # Before that moment no space can have been idle for too long.
        self._idle_after = clock.now()

    def view(self, space: str) -> SpaceView:
        found = self._find(space)
        if found is None:
            return SpaceView(space)
        if found.expiries:
            found.expire(self._clock.now())
        return found.view

    async def take(self, space: str, key: CallKey) -> int:
        counts = self._use(space).counts
        number = counts.get(key, 0)
        counts[key] = number + 1
        counts.move_to_end(key)
        if len(counts) > MAX_COUNTS:
            counts.popitem(last=False)
        return number

    async def peek(self, space: str, key: CallKey) -> int:
        found = self._find(space)
        return found.counts.get(key, 0) if found else 0

    async def record(self, space: str, entry: Entry) -> int:
        found = self._use(space, entry.at)
        self._last_id += 1
        entry.id = self._last_id
        found.record(entry)
        if entry.override is not None:
            for each in (found, self._for_all):
                each.count_answer(entry.override)
        for each in (found, self._for_all):
            if each.subscribers:
                each.subscribers = [subscriber for subscriber in each.subscribers if subscriber.tell(entry)]
        return entry.id

    async def place(self, space: str, override: Override) -> Override:
        found = self._use(space)
        found.expire(self._clock.now())
        found.check_room_for(override)
        placed = self._numbered(override)
        found.place(placed)
        self._sort(found)
        return placed

    async def replace_overrides(self, space: str, overrides: Sequence[Override]) -> list[Override]:
        found = self._use(space)
        found.check_room_for_all(overrides)
        found.clear_overrides()
        placed = [*map(self._numbered, overrides)]
        for override in placed:
            found.place(override)
        self._sort(found)
        return placed

    def _numbered(self, override: Override) -> Override:
        self._serial += 1
        place = Place(override.scenario.place.file, self._serial)
        return override._replace(scenario=override.scenario.numbered(self._serial, place))

    async def remove(self, space: str, section: str, pattern: str) -> bool:
        found = self._current(space)
        if found is None or (section, pattern) not in found.placed:
            return False
        found.remove(section, pattern)
        self._sort(self._use(space))
        return True

    async def clear_overrides(self, space: str) -> None:
        if found := self._find(space):
            found.clear_overrides()
            self._sort(self._use(space))

    async def overrides(self, space: str) -> list[PlacedOverride]:
        found = self._current(space)
        return [*map(found.with_answers, found.placed.values())] if found else []

    async def find_override(self, space: str, section: str, pattern: str) -> PlacedOverride | None:
        found = self._current(space)
        override = found and found.placed.get((section, pattern))
        return found.with_answers(override) if found and override else None

    async def set_clock(self, view: SpaceView, clock: ClockSetting | None) -> bool:
        return self._set(view, view._replace(clock=clock))

    async def set_profile(self, view: SpaceView, profile: Profile | None) -> bool:
        return self._set(view, view._replace(profile=profile))

    async def reset(self, space: str | None = None) -> None:
        self._clear_lost(space)
        if space is None:
            for each in (self._for_all, *self._all()):
                each.reset()
            self._plain.clear()
            self._configured.clear()
            self._latest = self._for_all
        elif found := self._find(space):
            found.reset()
            self._sort(self._use(space))

    async def clear_journal(self, space: str) -> None:
        for each in self._with_journal(space):
            each.clear_journal()
        self._clear_lost(None if space == FOR_ALL else space)

    async def spaces(self) -> list[SpaceSummary]:
        now = self._clock.now()
        self._forget(now)
        for each in (self._for_all, *self._all()):
            each.expire(now)
        others = sorted(self._all(), key=lambda each: each.last_use)
        return [each.summary() for each in (self._for_all, *others)]

    async def summary(self, space: str) -> SpaceSummary | None:
        found = self._current(space)
        return found.summary() if found else None

    async def journal(self, space: str, after: int = 0) -> JournalView:
        forgotten = self._forgotten(space)
        # Journals are copied here, and gone through later.
        journals = [reversed(tuple(each.journal)) for each in self._with_journal(space)]
        newest_first = heapq.merge(*journals, key=lambda entry: entry.id, reverse=True)
        return JournalView(takewhile(lambda entry: entry.id > after, newest_first), forgotten)

    async def tally(self, space: str) -> Tally:
        total = Tally()
        for each in self._with_journal(space):
            total.add(each.tally)
        return total

    @asynccontextmanager
    async def subscribe(self, space: str, backlog: int = SUBSCRIBER_BACKLOG) -> AsyncIterator[Subscriber]:
        if self._subscribers >= MAX_SUBSCRIBERS:
            raise UserError(f"there are {MAX_SUBSCRIBERS} waits and streams already; end some")
        subscriber = Subscriber(backlog)
        found = self._use(space)
        self._subscribers += 1
        found.subscribed += 1
        found.subscribers.append(subscriber)
        self._sort(found)
        try:
            yield subscriber
        finally:
            self._subscribers -= 1
            # Whoever unsubscribes has used the space until now.
            self._use(space)
            found.subscribed -= 1
            found.subscribers = [each for each in found.subscribers if each is not subscriber]
            self._sort(found)

    async def next_identity(self) -> int:
        return self._next_identity

    async def hand_out(self, position: int) -> bool:
        if position < self._next_identity:
            return False
        self._next_identity = position + 1
        return True

    def _find(self, name: str) -> MemorySpace | None:
        if self._latest.name == name:
            return self._latest
        if name == FOR_ALL:
            return self._for_all
        return self._plain.get(name) or self._configured.get(name) or self._subscribed.get(name)

    def _current(self, name: str) -> MemorySpace | None:
        """Find a space, without what has expired in it."""
        found = self._find(name)
        if found:
            found.expire(self._clock.now())
        return found

    def _with_journal(self, name: str) -> Iterable[MemorySpace]:
        """Return the spaces whose journals together are that of a space."""
        if name == FOR_ALL:
            return self._all()
        found = self._find(name)
        return (found,) if found else ()

    def _forgotten(self, name: str) -> Forgotten | None:
        if name == FOR_ALL:
            everything = chain((each.forgotten for each in self._all()), self._lost.values(), [self._lost_otherwise])
            return reduce(Forgotten.joined, everything, None)
        found = self._find(name)
        return found.forgotten if found else self._lost.get(name, self._lost_otherwise)

    def _all(self) -> Iterator[MemorySpace]:
        return chain(self._plain.values(), self._configured.values(), self._subscribed.values())

    def _use(self, name: str, now: datetime | None = None) -> MemorySpace:
        """Return a space, which appears if need be and is the most recently used one now."""
        now = now or self._clock.now()
        found = self._find(name)
        if found is None:
            found = MemorySpace(name, self._journal_size, now, self._lost.pop(name, self._lost_otherwise))
        self._uses += 1
        found.used_at, found.last_use = now, self._uses
        if found is not self._latest and found is not self._for_all:
            self._latest = found
            self._sort(found).move_to_end(name)
        self._forget(now)
        return found

    def _set(self, view: SpaceView, changed: SpaceView) -> bool:
        if self.view(view.name) != view:
            return False
        found = self._use(view.name)
        found.view = changed
        self._sort(found)
        return True

    def _sort(self, space: MemorySpace) -> OrderedDict[str, MemorySpace]:
        """Put a space where it belongs by its settings and subscribers; what expires counts when it is used again."""
        is_configured = space.view.has_settings
        group = self._subscribed if space.subscribed else self._configured if is_configured else self._plain
        if space.name not in group and space is not self._for_all:
            for each in (self._plain, self._configured, self._subscribed):
                each.pop(space.name, None)
            group[space.name] = space
        return group

    def _forget(self, now: datetime) -> None:
        """Let those spaces go that were idle for too long, and the least recently used where there are too many."""
        if now > self._idle_after:
            for group in (self._plain, self._configured):
                while group and now - (first := next(iter(group.values()))).used_at > self._idle:
                    self._evict(group, first, now, "it was idle")
            firsts = (next(iter(group.values())).used_at for group in (self._plain, self._configured) if group)
            self._idle_after = min(firsts, default=now) + self._idle
        while len(self._plain) + len(self._configured) + len(self._subscribed) > self._max_spaces:
            # Whoever is being used stays, also as the only one without settings.
            for group in (self._plain, self._configured):
                if (oldest := next(iter(group.values()), None)) and oldest is not self._latest:
                    self._evict(group, oldest, now, f"there are more than {self._max_spaces} (--max-spaces)")
                    break
            else:
                return

    def _clear_lost(self, space: str | None) -> None:
        """Know no more of calls that were lost with a space, or with all of them."""
        if space is None:
            self._lost.clear()
            self._lost_otherwise = None
        else:
            self._lost.pop(space, None)

    def _evict(self, group: OrderedDict[str, MemorySpace], space: MemorySpace, now: datetime, reason: str) -> None:
        del group[space.name]
        space.expire(now)
        if space is self._latest:
            self._latest = self._for_all
        if lost := space.everything_forgotten():
            self._lost[space.name] = lost
            if len(self._lost) > MAX_LOST:
                self._lost_otherwise = self._lost.popitem(last=False)[1].joined(self._lost_otherwise)
        if space.view.has_settings:
            self.evicted_spaces += 1
            log.warning("the space %s is forgotten with its settings: %s", masked_text(space.name), reason)
