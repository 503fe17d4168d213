"""One space in memory: overrides, counts, clock, profile and journal of one caller.

Rule 1: placing, removing and expiring one override costs the same, however many there are.
Rule 2: what falls off the journal's end is counted.
"""

import heapq
from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import datetime

from sandbox.core.call import CallKey
from sandbox.core.scenario_book import ScenarioBook
from sandbox.user_errors import UserError

from .interface import (
    MAX_OVERRIDES,
    Entry,
    Forgotten,
    Override,
    PlacedOverride,
    SpaceSummary,
    SpaceView,
    Subscriber,
    Tally,
)


class MemorySpace:
    """One caller's overrides, counts, clock, profile and journal."""

    def __init__(self, name: str, journal_size: int, used_at: datetime, forgotten: Forgotten | None) -> None:
        self.name = name
        self.used_at = used_at
        self.last_use = 0
        self.journal: deque[Entry] = deque(maxlen=journal_size)
        self.subscribers: list[Subscriber] = []
        self.subscribed = 0
        self._first_fallen_at = self._last_fallen_at = used_at
        self._before: Forgotten | None
        self.reset()
        self._before = forgotten

    def reset(self) -> None:
        """Make everything as it was when the space appeared; subscribers stay."""
        self.view = SpaceView(self.name)
        self.counts: OrderedDict[CallKey, int] = OrderedDict()
        self.placed: dict[tuple[str, str], Override] = {}
        self.expiries: list[tuple[datetime, int, tuple[str, str]]] = []
        self.answered: dict[int, int] = {}
        self.clear_journal()

    def clear_journal(self) -> None:
        self.journal.clear()
        self.tally = Tally()
        self._fallen = 0
        self._before = None

    def record(self, entry: Entry) -> None:
        journal = self.journal
        if len(journal) == journal.maxlen:
            at = journal[0].at
            if self._fallen == 0:
                self._first_fallen_at = at
            self._fallen += 1
            self._last_fallen_at = at
        journal.append(entry)
        self.tally.count(entry)

    @property
    def forgotten(self) -> Forgotten | None:
        """The calls that the journal no longer has."""
        fallen = Forgotten(self._fallen, self._first_fallen_at, self._last_fallen_at) if self._fallen else None
        return Forgotten.joined(fallen, self._before)

    def everything_forgotten(self) -> Forgotten | None:
        """Return what is forgotten when the space goes."""
        if not self.journal:
            return self.forgotten
        return Forgotten(len(self.journal), self.journal[0].at, self.journal[-1].at).joined(self.forgotten)

    def summary(self) -> SpaceSummary:
        view = self.view
        return SpaceSummary(self.name, self.used_at, len(self.journal), len(self.placed), view.clock, view.profile)

    def check_room_for(self, override: Override) -> None:
        """Raise UserError where another override names one of the numbers, or where there are too many."""
        scenario, book = override.scenario, self.view.overrides
        for number in filter(None, (scenario.identity, scenario.other)):
            owner = book.exact(number) if book else None
            if owner and (owner.section, owner.pattern) != (scenario.section, scenario.pattern):
                raise UserError(f"{number} is named by the override for {owner.title}; take that away first")
        if len(self.placed) >= MAX_OVERRIDES and (scenario.section, scenario.pattern) not in self.placed:
            raise UserError(
                f"there are {MAX_OVERRIDES} overrides in {self.name} already; take some away, or write a file"
            )

    def check_room_for_all(self, overrides: Sequence[Override]) -> None:
        """Raise UserError where these are too many for a space."""
        if len(overrides) > MAX_OVERRIDES:
            raise UserError(f"found {len(overrides)} overrides, expected at most {MAX_OVERRIDES}; or write a file")

    def place(self, override: Override) -> None:
        scenario = override.scenario
        key = scenario.section, scenario.pattern
        if key in self.placed:
            self._take_out(key)
        self.placed[key] = override
        self.answered[scenario.serial] = 0
        if override.expires_at:
            heapq.heappush(self.expiries, (override.expires_at, scenario.serial, key))
            if len(self.expiries) > 2 * len(self.placed) + 64:
                self.expiries = [each for each in self.expiries if each[1] in self.answered]
                heapq.heapify(self.expiries)
        book = ScenarioBook() if self.view.overrides is None else self.view.overrides
        book.put(scenario)
        self.view = self.view._replace(overrides=book)

    def remove(self, section: str, pattern: str) -> None:
        self._take_out((section, pattern))
        self.view = self.view._replace(overrides=self.view.overrides if self.placed else None)

    def clear_overrides(self) -> None:
        self.placed.clear()
        self.expiries.clear()
        self.answered.clear()
        self.view = self.view._replace(overrides=None)

    def expire(self, now: datetime) -> None:
        """Take overrides away whose time is over."""
        while self.expiries and self.expiries[0][0] <= now:
            _, serial, key = heapq.heappop(self.expiries)
            # It may be gone, or another may have taken its place.
            if serial in self.answered:
                self.remove(*key)

    def count_answer(self, serial: int) -> None:
        if serial in self.answered:
            self.answered[serial] += 1

    def with_answers(self, override: Override) -> PlacedOverride:
        return PlacedOverride.of(override, self.answered[override.scenario.serial])

    def _take_out(self, key: tuple[str, str]) -> None:
        scenario = self.placed.pop(key).scenario
        del self.answered[scenario.serial]
        assert self.view.overrides is not None
        self.view.overrides.remove(scenario)
