"""Which calls a fault strikes, and the chance that decides without being random."""

import pytest

from sandbox.core.faults import Fault
from sandbox.core.seeded_random import chance


def struck(fault: Fault, calls: int) -> list[int]:
    return [call for call in range(calls) if fault.strikes(call, lambda purpose: chance(purpose, call))]  # noqa: B023


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("x"), [0, 1, 2, 3, 4, 5]),
        (Fault("x", first=2), [0, 1]),
        (Fault("x", every=3), [2, 5]),
        (Fault("x", every=1), [0, 1, 2, 3, 4, 5]),
        (Fault("x", share=0.0), []),
        (Fault("x", share=1.0), [0, 1, 2, 3, 4, 5]),
    ],
)
def test_a_fault_strikes_the_calls_that_it_names(fault: Fault, expected: list[int]) -> None:
    assert struck(fault, 6) == expected


def test_a_share_strikes_about_as_many_calls_and_always_the_same() -> None:
    hit = struck(Fault("x", share=0.2), 10_000)
    assert len(hit) == pytest.approx(2_000, abs=200)
    assert hit == struck(Fault("x", share=0.2), 10_000)


@pytest.mark.parametrize(
    ("fault", "is_scheduled"),
    [(Fault("x"), False), (Fault("x", first=1), True), (Fault("x", every=1), True), (Fault("x", share=0.0), True)],
)
def test_a_fault_is_scheduled_when_it_depends_on_the_call(fault: Fault, is_scheduled: bool) -> None:
    assert fault.is_scheduled == is_scheduled


def test_chance_is_spread_evenly_from_0_to_below_1() -> None:
    drawn = [chance("seed", number) for number in range(10_000)]
    assert all(0 <= number < 1 for number in drawn)
    tenths = [sum(number // 0.1 == tenth for number in drawn) for tenth in range(10)]
    assert all(size == pytest.approx(1_000, abs=150) for size in tenths)


def test_chance_belongs_to_its_parts_and_their_order() -> None:
    assert chance("a", 1) == chance("a", 1)
    assert len({chance("a", 1), chance("a", 2), chance("b", 1), chance(1, "a"), chance("a")}) == 5
