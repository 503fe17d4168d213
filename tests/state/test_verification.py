"""Verification: a yes or no is certain whatever the forgotten calls were, and where it is not, nobody claims it."""

import re
from collections.abc import Sequence
from datetime import UTC, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.state.interface import Forgotten
from sandbox.state.journal import Exchange
from sandbox.state.verification import COMPARISONS, Expectation, OrderExpectation, read_expectation
from tests.core.bank import CONTRACT

from .conftest import START, call

RULES = ("forced", "override", "scenario_file")
JOURNAL = 3
rules = st.sampled_from(RULES)


def exchange(rule: str, minute: int) -> Exchange:
    made = call(START + timedelta(minutes=minute), rule)
    made.id = minute + 1
    return made.exchange()


def expectation(wish: dict[str, Any]) -> Expectation | OrderExpectation:
    return read_expectation(wish, CONTRACT, UTC)


def answers(wish: dict[str, Any], kept: Sequence[str], lost: int) -> set[bool | None]:
    """Judge with a journal that has everything, for each case of what the lost calls may have been."""
    found = set()
    for case in product(RULES, repeat=lost):
        calls = [exchange(rule, minute) for minute, rule in enumerate((*case, *kept))]
        found.add(expectation(wish).verdict(calls, None).verified)
    return found


matches = rules.map(lambda rule: {"rule": rule})
wishes = st.one_of(
    st.builds(
        lambda match, comparison, wanted, only: {"match": match, comparison: wanted, "only": only},
        matches,
        st.sampled_from(sorted(COMPARISONS)),
        st.integers(0, 6),
        st.booleans(),
    ),
    st.builds(lambda order, only: {"inOrder": order, "only": only}, st.lists(matches, min_size=1), st.booleans()),
)


@settings(max_examples=300)
@given(wishes, st.lists(rules, max_size=JOURNAL), st.integers(0, 2))
def test_an_answer_is_certain_or_is_none(wish: dict[str, Any], kept: list[str], lost: int) -> None:
    forgotten = Forgotten(lost, START, START + timedelta(minutes=lost - 1)) if lost else None
    calls = [exchange(rule, lost + minute) for minute, rule in enumerate(kept)]
    verdict = expectation(wish).verdict(calls, forgotten)
    possible = answers(wish, kept, lost)
    assert verdict.verified == (possible.pop() if len(possible) == 1 else None)
    assert (verdict.forgotten is not None) == (verdict.verified is None)


def test_forgotten_calls_that_came_before_what_is_asked_about_change_nothing() -> None:
    forgotten = Forgotten(5, START, START + timedelta(minutes=4))
    later, never = "2027-03-14T12:05:00Z", "2027-03-14T11:00:00Z"
    calls = [exchange("forced", 6)]
    for moment in ({"since": later}, {"until": never}):
        verdict = expectation({"match": {"rule": "override", **moment}, "exactly": 0}).verdict(calls, forgotten)
        assert verdict.verified is True
    assert expectation({"match": {"rule": "override"}, "exactly": 0}).verdict(calls, forgotten).verified is None


def test_what_is_not_known_says_how_many_are_forgotten_since_when_and_what_keeps_more() -> None:
    verdict = expectation({"match": {"rule": "forced"}}).verdict([], Forgotten(5, START, START))
    for part in ("5 calls", "2027-03-14T12:00:00.000Z", "--journal-size"):
        assert part in verdict.message


@pytest.mark.parametrize(
    ("wish", "hint"),
    [
        ({"match": {"headers": {"ChanelId": "ATM"}}}, "did you mean ChannelId?"),
        ({"match": {"headers": ["ChannelId"]}}, "headers: found a list of 1, expected an object"),
        ({"match": {"headers": {"ChannelId": 7}}}, "headers.ChannelId: found 7, expected a text"),
        ({"match": {"body": "text"}}, "body: found 'text', expected an object"),
        ({"match": {"colour": "red"}}, "there are method"),
        ({"match": {}, "only": "yes"}, "only: found 'yes', expected true or false"),
        ({"match": {}, "exactly": 1, "atMost": 2}, "expected one of exactly, atLeast, atMost"),
        ({"inOrder": [{}], "exactly": 2}, "nothing but only and timeout beside it"),
    ],
    ids=str,
)
def test_an_expectation_that_can_not_be_read_says_why(wish: dict[str, Any], hint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(hint)):
        expectation(wish)
