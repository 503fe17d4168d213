"""Whatever is asked of a state, in whatever order: it answers as a model of plain dicts and lists does."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sandbox.core.credentials import LENIENT, STRICT, Profile, read_checks
from sandbox.core.messages import Identity
from sandbox.state.interface import ClockSetting, Subscriber
from sandbox.state.spaces import FOR_ALL

from .conftest import IDLE, IMPLEMENTATIONS, START, FakeClock, call, ids, override

NAMES = ("a", "b", "c", "d", "e")
PATTERNS = ("100000000301", "100000000302", "3211*")
JOURNAL_SIZE, MAX_SPACES = 3, 3
spaces = st.sampled_from(NAMES)
places = st.sampled_from((*NAMES, FOR_ALL))
patterns = st.sampled_from(PATTERNS)


class Space:
    """What the model knows of a space; entries are (id, at), overrides are serial, answered and expiry."""

    def __init__(self, lost: list[datetime]) -> None:
        self.used_at = START
        self.is_configured = False
        self.subscribers = 0
        self.counts: dict[Any, int] = {}
        self.overrides: dict[str, list[Any]] = {}
        self.clock: ClockSetting | None = None
        self.profile: Profile | None = None
        self.entries: list[tuple[int, datetime]] = []
        self.lost = lost

    @property
    def has_settings(self) -> bool:
        return bool(self.overrides or self.clock or self.profile)


class Model(RuleBasedStateMachine):
    """Asks the state and the model alike."""

    implementation = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.state = IMPLEMENTATIONS[self.implementation](self.clock, JOURNAL_SIZE, MAX_SPACES)
        self.for_all = Space([])
        # In the order of their use.
        self.known: dict[str, Space] = {}
        self.lost: dict[str, list[datetime]] = {}
        self.evicted = self.last_id = self.next_identity = self.serial = 0
        self.subscribed: list[tuple[str, Subscriber, AbstractAsyncContextManager[Subscriber], list[int]]] = []

    def teardown(self) -> None:
        while self.subscribed:
            self.unsubscribe()
        self.runner.close()

    # What the model does

    def find(self, name: str) -> Space | None:
        space = self.for_all if name == FOR_ALL else self.known.get(name)
        if space:
            space.overrides = {
                pattern: each for pattern, each in space.overrides.items() if each[2] is None or each[2] > self.clock.at
            }
        return space

    def use(self, name: str) -> Space:
        if name == FOR_ALL:
            space = self.for_all
        else:
            space = self.known.pop(name) if name in self.known else Space(self.lost.pop(name, []))
            self.known[name] = space
        space.used_at = self.clock.at
        self.forget()
        self.find(name)
        return space

    def forget(self) -> None:
        for name, space in [*self.known.items()]:
            if not space.subscribers and self.clock.at - space.used_at > IDLE:
                self.evict(name)
        while len(self.known) > MAX_SPACES:
            used_last = next(reversed(self.known))
            free = [name for name, space in self.known.items() if not space.subscribers and name != used_last]
            plain = [name for name in free if not self.known[name].is_configured]
            if not free:
                return
            self.evict((plain or free)[0])

    def evict(self, name: str) -> None:
        self.find(name)
        space = self.known.pop(name)
        self.evicted += space.has_settings
        if lost := space.lost + [at for _, at in space.entries]:
            self.lost[name] = lost

    def change(self, name: str) -> None:
        """Note that a space was changed by a tester."""
        space = self.use(name)
        space.is_configured = space.has_settings

    # What is asked of both

    @rule(name=spaces, key=st.sampled_from("xy"))
    def take(self, name: str, key: str) -> None:
        counts = self.use(name).counts
        expected = counts.get(key, 0)
        counts[key] = expected + 1
        assert self.runner.run(self.state.take(name, (key, "", 0, ""))) == expected

    @rule(name=spaces, pattern=st.none() | patterns, place=places)
    def record(self, name: str, pattern: str | None, place: str) -> None:
        owner = self.find(place)
        answering = owner.overrides.get(pattern) if owner and pattern and place in (name, FOR_ALL) else None
        space = self.use(name)
        self.last_id += 1
        space.entries.append((self.last_id, self.clock.at))
        if len(space.entries) > JOURNAL_SIZE:
            space.lost.append(space.entries.pop(0)[1])
        if answering:
            answering[1] += 1
        for told, *_, expected in self.subscribed:
            if told in (name, FOR_ALL):
                expected.append(self.last_id)
        entry = call(self.clock.at, override=answering[0] if answering else None)
        assert self.runner.run(self.state.record(name, entry)) == self.last_id

    @rule(name=places, pattern=patterns, minutes=st.none() | st.integers(1, 50))
    def place(self, name: str, pattern: str, minutes: int | None) -> None:
        expires_at = self.clock.at + timedelta(minutes=minutes) if minutes else None
        self.serial += 1
        space = self.use(name)
        space.overrides.pop(pattern, None)
        space.overrides[pattern] = [self.serial, 0, expires_at]
        self.change(name)
        placed = self.runner.run(self.state.place(name, override(pattern, expires_at=expires_at, times=2)))
        assert placed.scenario.serial == self.serial

    @rule(name=places, pattern=patterns)
    def remove(self, name: str, pattern: str) -> None:
        space = self.find(name)
        is_there = bool(space and space.overrides.pop(pattern, None))
        if is_there:
            self.change(name)
        assert self.runner.run(self.state.remove(name, "customerId", pattern)) == is_there

    @rule(name=places)
    def clear_overrides(self, name: str) -> None:
        if space := self.find(name):
            space.overrides.clear()
            self.change(name)
        self.runner.run(self.state.clear_overrides(name))

    @rule(name=places, year=st.none() | st.integers(2020, 2030))
    def set_clock(self, name: str, year: int | None) -> None:
        clock = year and ClockSetting(self.clock.at, START.replace(year=year), is_ticking=True)
        self.use(name).clock = clock or None
        self.change(name)
        assert self.runner.run(self.state.set_clock(self.state.view(name), clock or None))

    @rule(name=places, checks=st.none() | st.sampled_from((LENIENT, STRICT)))
    def set_profile(self, name: str, checks: str | None) -> None:
        profile = Profile(read_checks(checks)) if checks else None
        self.use(name).profile = profile
        self.change(name)
        assert self.runner.run(self.state.set_profile(self.state.view(name), profile))

    @rule(name=places)
    def reset(self, name: str) -> None:
        self.lost.pop(name, None)
        if space := self.find(name):
            self.start(space)
            self.change(name)
        self.runner.run(self.state.reset(name))

    @rule()
    def reset_everything(self) -> None:
        self.lost.clear()
        for space in (self.for_all, *self.known.values()):
            self.start(space)
        self.known = {name: space for name, space in self.known.items() if space.subscribers}
        self.runner.run(self.state.reset())

    def start(self, space: Space) -> None:
        used_at, subscribers = space.used_at, space.subscribers
        space.__init__([])  # type: ignore[misc]
        space.used_at, space.subscribers = used_at, subscribers

    @rule(name=places)
    def clear_journal(self, name: str) -> None:
        for each, space in self.known.items():
            if name in (each, FOR_ALL):
                space.entries.clear()
                space.lost.clear()
        for each in [*self.lost]:
            if name in (each, FOR_ALL):
                del self.lost[each]
        self.runner.run(self.state.clear_journal(name))

    @rule(name=places)
    def subscribe(self, name: str) -> None:
        subscription = self.state.subscribe(name)
        self.use(name).subscribers += 1
        self.subscribed.append((name, self.runner.run(subscription.__aenter__()), subscription, []))

    @precondition(lambda self: self.subscribed)
    @rule()
    def unsubscribe(self) -> None:
        name, subscriber, subscription, expected = self.subscribed.pop(0)
        assert [entry.id for entry in subscriber.take()] == expected
        self.use(name).subscribers -= 1
        self.change(name)
        self.runner.run(subscription.__aexit__(None, None, None))

    @rule(position=st.integers(0, 20))
    def hand_out(self, position: int) -> None:
        is_free = position >= self.next_identity
        self.next_identity = position + 1 if is_free else self.next_identity
        assert self.runner.run(self.state.hand_out(position)) == is_free

    @rule(minutes=st.integers(1, 40))
    def time_goes_on(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)

    # What is compared

    @invariant()
    def spaces_are_the_same_and_in_the_same_order(self) -> None:
        self.forget()
        assert [each.name for each in self.runner.run(self.state.spaces())] == [FOR_ALL, *self.known]
        assert self.state.evicted_spaces == self.evicted

    @invariant()
    def settings_are_the_same(self) -> None:
        for name in (*NAMES, FOR_ALL):
            space, view = self.find(name) or Space([]), self.state.view(name)
            assert (view.clock, view.profile) == (space.clock, space.profile)
            assert bool(view.overrides) == bool(space.overrides)
            for pattern in PATTERNS:
                digits = pattern.replace("*", "00000000")
                found = view.overrides and view.overrides.match(Identity("customerId", digits))
                assert bool(found) == (pattern in space.overrides)
            placed = self.runner.run(self.state.overrides(name))
            assert [[each.override.scenario.serial, each.answered] for each in placed] == [
                each[:2] for each in space.overrides.values()
            ]

    @invariant()
    def journals_are_the_same(self) -> None:
        everything = []
        for name in NAMES:
            space = self.known.get(name) or Space(self.lost.get(name, []))
            kept = [number for number, _ in space.entries]
            everything += kept
            assert self.runner.run(ids(self.state, name)) == kept[::-1]
            forgotten = self.runner.run(self.state.journal(name)).forgotten
            assert (forgotten and tuple(forgotten)) == (
                (len(space.lost), min(space.lost), max(space.lost)) if space.lost else None
            )
        assert self.runner.run(ids(self.state, FOR_ALL)) == sorted(everything, reverse=True)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_state_answers_as_its_model_does(implementation: str) -> None:
    machine: Any = type("Machine", (Model,), {"implementation": implementation})
    machine.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
    machine.TestCase("runTest").runTest()
