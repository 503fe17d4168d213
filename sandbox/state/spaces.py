"""Spaces: what calls and testers change, each for one client_id.

Rule 1: spaces never see each other; `*` alone speaks for all of them, and only where a space says nothing itself.
Rule 2: a space appears when it is first used, forgets itself when it is idle for long, and there are never too many.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sandbox.core.call import CallKey
from sandbox.core.credentials import Profile
from sandbox.core.masking import masked_text
from sandbox.core.messages import Identity
from sandbox.core.scenarios import Scenario, ScenarioBook

from .journal import Journal, number_hash

FOR_ALL = "*"
ANONYMOUS = "anonymous"
MAX_COUNTS = 10_000
MAX_OVERRIDES = 10_000
_MAX_NAME = 100


class Override(NamedTuple):
    """A scenario placed at run time, with the entry as it was sent. It is gone after `expires_at`, if it has one."""

    scenario: Scenario
    entry: Mapping[str, Any]
    expires_at: datetime | None


class ClockSetting(NamedTuple):
    """A clock that was set: at which real moment, to what, and whether it goes on from there."""

    at: datetime
    to: datetime
    is_ticking: bool

    def now(self, real: datetime) -> datetime:
        """Return what time it is on this clock at a real moment."""
        return self.to + (real - self.at) if self.is_ticking else self.to


class Space:
    """One caller's overrides, counts, clock, profile and journal."""

    def __init__(self, name: str, journal_size: int, used_at: datetime) -> None:
        self.name = name
        self.used_at = used_at
        self.journal = Journal(journal_size)
        self.reset()

    def reset(self) -> None:
        """Make everything as it was when the space appeared; who follows the journal goes on following."""
        self.calls: dict[CallKey, int] = {}
        self.clock: ClockSetting | None = None
        self.profile: Profile | None = None
        self.journal.clear()
        self._overrides: dict[tuple[str, str], Override] = {}
        self._book: ScenarioBook | None = None
        self._next_expiry: datetime | None = None

    def take(self, key: CallKey) -> int:
        """Take the next number of a kind, counted from 0; the oldest count goes where there are too many."""
        number = self.calls.pop(key, 0)
        self.calls[key] = number + 1
        if len(self.calls) > MAX_COUNTS:
            del self.calls[next(iter(self.calls))]
        return number

    @property
    def has_overrides(self) -> bool:
        return bool(self._overrides)

    def overrides(self, now: datetime) -> list[Override]:
        """Return the overrides that still hold."""
        self._expire(now)
        return list(self._overrides.values())

    def book(self, now: datetime) -> ScenarioBook | None:
        """Return the overrides as a book; None where there are none."""
        if not self._overrides:
            return None
        if self._next_expiry and now >= self._next_expiry:
            self._expire(now)
        if self._book is None:
            self._book = ScenarioBook(override.scenario for override in self._overrides.values())
        return self._book

    def place(self, override: Override) -> None:
        """Place an override, instead of the one that was there."""
        scenario = override.scenario
        self._overrides.pop((scenario.section, scenario.pattern), None)
        self._overrides[scenario.section, scenario.pattern] = override
        self._changed()

    def remove(self, section: str, pattern: str) -> bool:
        """Take an override away; tell whether there was one."""
        found = self._overrides.pop((section, pattern), None) is not None
        self._changed()
        return found

    def clear_overrides(self) -> None:
        """Take all overrides away."""
        self._overrides.clear()
        self._changed()

    def find(self, section: str, pattern: str, now: datetime) -> Override | None:
        """Find an override that still holds."""
        self._expire(now)
        return self._overrides.get((section, pattern))

    def owner_of(self, identity: Identity) -> Scenario | None:
        """Find whose override names this number already, as its own or as the customer's other one."""
        for override in self._overrides.values():
            if identity in (override.scenario.identity, override.scenario.other):
                return override.scenario
        return None

    def _expire(self, now: datetime) -> None:
        expired = [key for key, each in self._overrides.items() if each.expires_at and each.expires_at <= now]
        for key in expired:
            del self._overrides[key]
        if expired:
            self._changed()

    def _changed(self) -> None:
        self._book = None
        expiries = [each.expires_at for each in self._overrides.values() if each.expires_at]
        self._next_expiry = min(expiries, default=None)


class Spaces:
    """All spaces. `idle` says after how long a space is forgotten; moments are the machine's, not a space's."""

    def __init__(self, journal_size: int, most: int, idle: timedelta, now: datetime) -> None:
        self._journal_size = journal_size
        self._most = most
        self._idle = idle
        # In the order of their use: the first is the least recently used.
        self._spaces: dict[str, Space] = {}
        self.for_all = Space(FOR_ALL, journal_size, now)
        self._latest = self.for_all

    def __iter__(self) -> Iterator[Space]:
        """Go through the spaces, the one that was used last at the end."""
        return iter(tuple(self._spaces.values()))

    def find(self, name: str) -> Space | None:
        """Find a space without using it."""
        return self.for_all if name == FOR_ALL else self._spaces.get(name)

    def use(self, name: str, now: datetime) -> Space:
        """Return the space, which appears if need be."""
        if name == FOR_ALL:
            return self.for_all
        if self._latest.name != name:
            found = self._spaces.get(name) or Space(name, self._journal_size, now)
            self._spaces.pop(name, found)
            self._spaces[name] = self._latest = found
        space = self._latest
        space.used_at = now
        self.forget(now)
        return space

    def forget(self, now: datetime) -> None:
        """Let those spaces go that were idle for too long, or that are too many; not while somebody follows them."""
        while self._spaces:
            first = next(iter(self._spaces.values()))
            if len(self._spaces) <= self._most and now - first.used_at <= self._idle:
                return
            del self._spaces[first.name]
            if first.journal.is_followed:
                first.used_at = now
                self._spaces[first.name] = first
                return
            if first is self._latest:
                self._latest = self.for_all

    def clear(self) -> None:
        """Reset every space, and forget those whose journal nobody follows."""
        for space in (self.for_all, *self):
            space.reset()
            if not space.journal.is_followed:
                self._spaces.pop(space.name, None)
        self._latest = self.for_all


def space_name(client_id: str) -> str:
    """Return the name of a caller's space: the client_id, or where that is very long or must be masked, its digest."""
    if not client_id:
        return ANONYMOUS
    if client_id == FOR_ALL:
        return f"client_id {FOR_ALL}"
    shown = masked_text(client_id)
    if shown == client_id and len(client_id) <= _MAX_NAME:
        return client_id
    # Keyed, since a card number could be found by its bare digest.
    return f"{shown[:60]}~{number_hash(client_id).hex()}"
