"""What the state promises, whatever keeps it: each test is a sentence, and runs on every implementation."""

import asyncio
from datetime import timedelta

import pytest

from sandbox.core.credentials import STRICT, Profile, read_checks
from sandbox.core.messages import Identity
from sandbox.state import interface
from sandbox.state.interface import ClockSetting, SpaceView, State
from sandbox.state.spaces import FOR_ALL
from sandbox.user_errors import UserError

from .conftest import IDLE, START, FakeClock, Make, call, ids, override

pytestmark = pytest.mark.anyio

KEY = ("customerId", "3211*", 0, "321100000000")
NUMBER = "100000000301"
CARD = "5500000000000004"
FROZEN = ClockSetting(START, START.replace(year=2028), is_ticking=False)
STRICTLY = Profile(read_checks(STRICT))


# Counts


async def test_two_callers_at_once_never_get_the_same_number(state: State) -> None:
    taken = await asyncio.gather(*(state.take("a", KEY) for _ in range(50)))
    assert sorted(taken) == list(range(50))


async def test_a_number_that_is_peeked_at_is_still_there(state: State) -> None:
    assert [await state.peek("a", KEY), await state.peek("a", KEY), await state.take("a", KEY)] == [0, 0, 0]
    assert await state.peek("a", KEY) == 1


async def test_spaces_count_for_themselves(state: State) -> None:
    await state.take("a", KEY)
    assert await state.take("b", KEY) == 0


async def test_of_too_many_counts_the_least_recently_used_begins_anew(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.state.memory.MAX_COUNTS", 3)
    for name in ("x", "y", "x", "z", "more"):
        await state.take("a", (name, "", 0, ""))
    assert [await state.peek("a", (name, "", 0, "")) for name in ("x", "y", "z", "more")] == [2, 0, 1, 1]


# Changes


async def test_a_change_that_was_answered_is_in_the_very_next_view(state: State) -> None:
    placed = await state.place("a", override())
    assert await state.set_clock(state.view("a"), FROZEN)
    assert await state.set_profile(state.view("a"), STRICTLY)
    view = state.view("a")
    assert view.overrides
    assert view.overrides.exact(Identity("customerId", NUMBER)) == placed.scenario
    assert (view.name, view.clock, view.profile) == ("a", FROZEN, STRICTLY)
    assert state.view("b") == SpaceView("b")


async def test_a_view_is_another_object_where_something_changed_and_the_same_where_nothing_did(state: State) -> None:
    await state.place("a", override())
    before = state.view("a")
    await state.take("a", KEY)
    await state.record("a", call())
    assert state.view("a") is before
    await state.place("a", override("100000000302"))
    assert state.view("a") is not before


async def test_who_changes_what_another_has_changed_meanwhile_is_told(state: State) -> None:
    view = state.view("a")
    assert await state.set_clock(view, FROZEN)
    assert not await state.set_clock(view, None)
    assert not await state.set_profile(view, STRICTLY)
    assert state.view("a") == SpaceView("a", None, FROZEN)


async def test_every_override_has_a_serial_number_of_its_own_also_in_other_spaces(state: State) -> None:
    placed = [await state.place(space, override()) for space in ("a", "b", "a", FOR_ALL)]
    serials = [each.scenario.serial for each in placed]
    assert serials == sorted(set(serials))
    assert [each.scenario.place.line for each in placed] == serials


async def test_an_override_takes_the_place_of_the_one_under_its_pattern_and_comes_last(state: State) -> None:
    for number in ("100000000301", "100000000302", "100000000301"):
        await state.place("a", override(number))
    placed = await state.overrides("a")
    assert [each.override.scenario.pattern for each in placed] == ["100000000302", "100000000301"]


async def test_a_number_that_another_override_names_is_refused(state: State) -> None:
    await state.place("a", override(cardNumber=CARD))
    with pytest.raises(UserError, match="named by the override for customerId 100000000301"):
        await state.place("a", override(CARD, "cardNumber"))
    assert await state.remove("a", "customerId", NUMBER)
    await state.place("a", override(CARD, "cardNumber"))


async def test_there_are_never_too_many_overrides(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.state.memory_space.MAX_OVERRIDES", 2)
    for number in ("100000000301", "100000000302", "100000000301"):
        await state.place("a", override(number))
    with pytest.raises(UserError, match="2 overrides in a already"):
        await state.place("a", override("100000000303"))


async def test_a_whole_set_takes_the_place_of_all_overrides_and_of_no_other_spaces(state: State) -> None:
    before = await state.place("a", override(cardNumber=CARD, expires_at=START + timedelta(hours=1)))
    await state.place("b", override())
    placed = await state.replace_overrides("a", [override(CARD, "cardNumber"), override("100000000302")])
    assert [each.override for each in await state.overrides("a")] == placed
    serials = [before.scenario.serial, *(each.scenario.serial for each in placed)]
    assert serials == sorted(set(serials))
    view = state.view("a")
    assert view.overrides
    assert view.overrides.exact(Identity("customerId", NUMBER)) is None
    assert len(await state.overrides("b")) == 1
    assert await state.replace_overrides("a", []) == []
    assert state.view("a").overrides is None


async def test_a_set_that_is_too_large_changes_nothing(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.state.memory_space.MAX_OVERRIDES", 2)
    await state.place("a", override())
    before = await state.overrides("a")
    with pytest.raises(UserError, match="found 3 overrides, expected at most 2"):
        await state.replace_overrides("a", [override(number) for number in ("1", "2", "3")])
    assert await state.overrides("a") == before


async def test_an_override_is_removed_once(state: State) -> None:
    await state.place("a", override())
    assert [await state.remove("a", "customerId", NUMBER) for _ in range(2)] == [True, False]
    assert state.view("a").overrides is None
    assert await state.find_override("a", "customerId", NUMBER) is None


async def test_an_override_says_how_often_it_has_answered_and_how_many_answers_are_left(state: State) -> None:
    placed = [
        await state.place("a", override(times=2)),
        await state.place("a", override("3211*", times=2)),
        await state.place(FOR_ALL, override("100000000302")),
    ]
    for each in (placed[0], placed[1], placed[1], placed[1], placed[2]):
        await state.record("a", call(override=each.scenario.serial))
    found = [*await state.overrides("a"), *await state.overrides(FOR_ALL)]
    assert [(each.answered, each.left) for each in found] == [(1, 1), (3, None), (1, None)]
    assert await state.find_override("a", "customerId", NUMBER) == found[0]


async def test_an_override_is_there_until_its_time_is_over_and_not_a_moment_longer(
    state: State, clock: FakeClock
) -> None:
    await state.place("a", override(expires_at=START + timedelta(seconds=90)))
    await state.place("a", override("100000000302"))
    clock.advance(seconds=89.999)
    assert await state.find_override("a", "customerId", NUMBER)
    clock.advance(milliseconds=1)
    view = state.view("a")
    assert view.overrides
    assert view.overrides.exact(Identity("customerId", NUMBER)) is None
    assert view.overrides.exact(Identity("customerId", "100000000302"))
    assert len(await state.overrides("a")) == 1


async def test_what_replaced_an_override_does_not_expire_with_it(state: State, clock: FakeClock) -> None:
    await state.place("a", override(expires_at=START + timedelta(seconds=90)))
    await state.place("a", override())
    clock.advance(minutes=5)
    assert len(await state.overrides("a")) == 1


async def test_a_reset_leaves_nothing_in_a_space_and_everything_in_others(state: State) -> None:
    for space in ("a", "b", FOR_ALL):
        await state.place(space, override())
        await state.set_clock(state.view(space), FROZEN)
        await state.set_profile(state.view(space), STRICTLY)
        await state.take(space, KEY)
    for space in ("a", "b"):
        await state.record(space, call())
    await state.reset("a")
    assert state.view("a") == SpaceView("a")
    assert (await state.peek("a", KEY), await ids(state, "a"), (await state.tally("a")).rules) == (0, [], {})
    assert (await state.peek("b", KEY), len(await ids(state, "b"))) == (1, 1)
    await state.reset()
    assert [space.name for space in await state.spaces()] == [FOR_ALL]
    assert [state.view(space) for space in ("b", FOR_ALL)] == [SpaceView("b"), SpaceView(FOR_ALL)]


# The journal


async def test_entries_of_all_spaces_have_one_order_and_the_newest_comes_first(state: State) -> None:
    given = [await state.record(space, call()) for space in ("a", "b", "a", "c")]
    assert given == sorted(set(given))
    assert await ids(state, FOR_ALL) == given[::-1]
    assert await ids(state, "a") == [given[2], given[0]]
    assert await ids(state, FOR_ALL, given[1]) == given[:1:-1]


async def test_what_leaves_the_journal_is_masked_and_found_by_its_full_value(state: State) -> None:
    await state.record("a", call())
    exchange = next((await state.journal("a")).entries).exchange()
    assert "secret-secret-secret" not in str(exchange)
    assert exchange.hashes.fits("headers.authorization", "Bearer secret-secret-secret")
    assert not exchange.hashes.fits("headers.authorization", exchange.headers["authorization"])


async def test_a_journal_knows_what_fell_off_its_end(make: Make) -> None:
    state = make(journal_size=3)
    for minute in range(5):
        await state.record("a", call(START + timedelta(minutes=minute)))
    entries, forgotten = await state.journal("a")
    assert len(list(entries)) == 3
    assert forgotten == (2, START, START + timedelta(minutes=1))
    await state.record("b", call())
    assert (await state.journal("b")).forgotten is None
    assert (await state.journal(FOR_ALL)).forgotten == forgotten
    assert (await state.tally("a")).rules.total() == 5
    await state.clear_journal("a")
    assert (await state.journal("a")).forgotten is None


async def test_what_went_with_a_space_is_known_to_be_forgotten(make: Make, clock: FakeClock) -> None:
    state = make(journal_size=2, max_spaces=1)
    for _ in range(3):
        await state.record("a", call())
    await state.record("b", call())
    assert await state.summary("a") is None
    assert (await state.journal("a")).forgotten == (3, START, START)
    assert (await state.journal(FOR_ALL)).forgotten == (3, START, START)
    assert (await state.journal("never")).forgotten is None
    await state.record("a", call())
    assert (await state.journal("a")).forgotten == (3, START, START)
    await state.clear_journal(FOR_ALL)
    assert (await state.journal(FOR_ALL)).forgotten is None
    assert (await state.journal("b")).forgotten is None


async def test_a_subscriber_is_told_of_every_entry_to_come_in_the_space_or_in_any(state: State) -> None:
    await state.record("a", call())
    async with state.subscribe("a") as mine, state.subscribe(FOR_ALL) as everybodys:
        given = [await state.record(space, call()) for space in ("a", "b")]
        assert mine.news.is_set()
        assert [entry.id for entry in mine.take()] == given[:1]
        assert [entry.id for entry in everybodys.take()] == given
        assert not mine.news.is_set()
    await state.record("a", call())
    assert mine.take() == []


async def test_a_slow_subscriber_is_dropped_and_nobody_else(state: State) -> None:
    async with state.subscribe("a", backlog=3) as slow, state.subscribe("a", backlog=0) as waiting:
        for _ in range(4):
            await state.record("a", call())
        assert (slow.dropped.is_set(), waiting.dropped.is_set()) == (True, False)
        assert len(slow.take()) == 3
        await state.record("a", call())
        assert slow.take() == []


async def test_there_are_never_too_many_subscribers(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.state.memory.MAX_SUBSCRIBERS", 1)
    async with state.subscribe("a"):
        with pytest.raises(UserError, match="1 waits and streams already"):
            async with state.subscribe("b"):
                pass
    async with state.subscribe("b"):
        pass


# Spaces


async def test_a_space_appears_when_it_is_used_and_not_when_it_is_looked_at(state: State) -> None:
    state.view("a")
    await state.peek("a", KEY)
    await state.journal("a")
    await state.clear_overrides("a")
    assert await state.summary("a") is None
    await state.record("a", call())
    summary = await state.summary("a")
    assert summary
    assert (summary.name, summary.used_at, summary.exchanges, summary.overrides) == ("a", START, 1, 0)


async def test_of_too_many_spaces_the_least_recently_used_goes_first(make: Make) -> None:
    state = make(max_spaces=3)
    for space in ("a", "b", "c", "a", "d", "e"):
        await state.record(space, call())
    assert [space.name for space in await state.spaces()] == [FOR_ALL, "a", "d", "e"]
    assert state.evicted_spaces == 0


async def test_a_configured_space_stays_while_others_without_settings_can_go(make: Make) -> None:
    state = make(max_spaces=3)
    await state.place("mine", override())
    await state.set_clock(state.view("yours"), FROZEN)
    for number in range(250):
        await state.record(f"caller-{number}", call())
    assert [space.name for space in await state.spaces()] == [FOR_ALL, "mine", "yours", "caller-249"]
    assert state.evicted_spaces == 0


async def test_a_configured_space_that_must_go_is_counted_and_said_in_the_log(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    state = make(max_spaces=2)
    for space in ("a", "b", "c"):
        await state.place(space, override())
    assert state.view("a").overrides is None
    assert state.evicted_spaces == 1
    (record,) = caplog.records
    for part in ("space a", "with its settings", "--max-spaces"):
        assert part in record.getMessage()


async def test_a_space_that_is_idle_for_long_is_forgotten(
    state: State, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await state.record("a", call())
    await state.place("b", override())
    clock.at = START + IDLE
    assert [space.name for space in await state.spaces()] == [FOR_ALL, "a", "b"]
    clock.advance(seconds=1)
    assert [space.name for space in await state.spaces()] == [FOR_ALL]
    assert state.evicted_spaces == 1
    assert "it was idle" in caplog.text


async def test_a_space_with_a_subscriber_never_goes(make: Make, clock: FakeClock) -> None:
    state = make(max_spaces=2)
    async with state.subscribe("a") as subscriber:
        clock.at = START + 2 * IDLE
        for space in ("b", "c", "d"):
            await state.record(space, call(clock.at))
        assert [space.name for space in await state.spaces()] == [FOR_ALL, "a", "d"]
        await state.reset()
        await state.record("a", call(clock.at))
        assert len(subscriber.take()) == 1
    for space in ("b", "c"):
        await state.record(space, call(clock.at))
    assert [space.name for space in await state.spaces()] == [FOR_ALL, "b", "c"]


# Customers that are handed out


async def test_a_customer_is_handed_out_once_and_nobody_before_them_any_more(state: State) -> None:
    assert await state.next_identity() == 0
    assert [await state.hand_out(position) for position in (5, 5, 3, 6)] == [True, False, False, True]
    assert await state.next_identity() == 7


async def test_a_state_that_is_immediate_never_waits(make: Make) -> None:
    state = make()
    if state.is_immediate:
        assert interface.run_now(state.take("a", KEY)) == 0
        assert interface.run_now(state.record("a", call())) == 1


def test_what_has_to_wait_is_not_run_now() -> None:
    async def waits() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="await the coroutine"):
        interface.run_now(waits())
