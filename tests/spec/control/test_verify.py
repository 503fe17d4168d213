"""Verification: was the API called as expected?"""

from typing import Any

import pytest

from .conftest import NUMBER, Caller, assert_problem

MISSING = "999900000404"


@pytest.fixture
def called(tester: Caller) -> Caller:
    """A tester whose application called four times."""
    for number in (NUMBER, MISSING, NUMBER, "100000000103"):
        tester.call(number, uuid=f"uuid-{number}")
    return tester


def verify(caller: Caller, wish: object) -> dict[str, Any]:
    response = caller.steer("POST", "/verify", json=wish)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize(
    ("comparison", "holding"),
    [("exactly", {2}), ("atLeast", {0, 1, 2}), ("atMost", {2, 3, 4})],
)
@pytest.mark.parametrize("wanted", range(5))
def test_exactly_at_least_and_at_most_are_what_they_say(
    called: Caller, comparison: str, holding: set[int], wanted: int
) -> None:
    answer = verify(called, {"match": {"customerId": NUMBER}, comparison: wanted})
    assert (answer["verified"], answer["count"]) == (wanted in holding, 2)


def test_at_least_once_is_meant_where_nothing_is_said(called: Caller) -> None:
    assert verify(called, {"match": {"status": 404}})["verified"] is True
    assert verify(called, {"match": {"status": 500}})["verified"] is False
    assert verify(called, {})["count"] == 4


def test_all_of_a_match_must_fit(called: Caller) -> None:
    wish = {"customerId": MISSING, "status": 404, "code": "resourceNotFound", "rule": "scenario_file", "method": "POST"}
    assert verify(called, {"match": wish, "exactly": 1})["verified"] is True
    assert verify(called, {"match": {**wish, "uuid": "another"}, "exactly": 1})["verified"] is False


def test_a_no_can_be_read_in_a_failed_tests_output(called: Caller) -> None:
    answer = verify(called, {"match": {"customerId": MISSING, "status": 500}, "exactly": 1})
    assert answer["verified"] is False
    closest = answer["closest"]
    assert closest["exchange"] == called.exchanges(status=404)[0]
    assert closest["differences"] == ["status: expected 500, found 404"]
    for part in ("exactly 1", f"customerId={MISSING}", "status=500", "found 0", "4 calls", closest["differences"][0]):
        assert part in answer["message"]


def test_too_many_calls_are_counted(called: Caller) -> None:
    answer = verify(called, {"match": {"status": 200}, "atMost": 2})
    assert (answer["verified"], answer["count"]) == (False, 3)
    assert "at most 2" in answer["message"]


def test_a_match_by_card_number_needs_the_full_number_and_shows_it_nowhere(tester: Caller) -> None:
    card = "4969452123456110"
    tester.ask({"cardNumber": card})
    assert verify(tester, {"match": {"cardNumber": card}, "exactly": 1})["verified"] is True
    answer = tester.steer("POST", "/verify", json={"match": {"cardNumber": "4969452123456111"}})
    assert answer.json()["verified"] is False
    assert card not in answer.text
    assert "4969452123456111" not in answer.text


@pytest.mark.parametrize(
    ("order", "verified"),
    [
        ([200], True),
        ([404], True),
        ([200, 404], True),
        ([404, 200], True),
        ([200, 404, 200, 200], True),
        ([404, 404], False),
        ([404, 200, 200, 200], False),
        ([200, 404, 200, 200, 200], False),
        ([500], False),
    ],
)
def test_calls_in_order_may_have_others_between_them(called: Caller, order: list[int], verified: bool) -> None:
    assert verify(called, {"inOrder": [{"status": status} for status in order]})["verified"] is verified


def test_a_no_to_an_order_says_which_call_failed_and_why(called: Caller) -> None:
    late = verify(called, {"inOrder": [{"status": 404}, {"customerId": NUMBER}, {"status": 404}]})
    assert "the 3. (status=404) came, but not after" in late["message"]
    never = verify(called, {"inOrder": [{"status": 404}, {"customerId": NUMBER, "status": 500}]})
    assert "the 2." in never["message"]
    assert "did not come" in never["message"]
    assert never["closest"]["differences"] == ["status: expected 500, found 200"]


def test_a_space_that_never_was_called_verifies_too(tester: Caller) -> None:
    assert verify(tester, {"match": {}, "exactly": 0})["verified"] is True
    assert verify(tester, {"inOrder": [{}]})["verified"] is False


def test_the_calls_of_others_do_not_count(called: Caller, other: Caller) -> None:
    other.call(MISSING)
    assert verify(called, {"match": {"status": 404}, "exactly": 1})["verified"] is True


@pytest.mark.parametrize(
    "wish",
    [
        [],
        {"matches": {}},
        {"match": []},
        {"match": {"colour": "red"}},
        {"match": {"since": "yesterday"}},
        {"match": {"rule": "nope"}},
        {"match": {"code": "resourceNotfound"}},
        {"match": {"code": None}},
        {"match": {"status": "abc"}},
        {"match": {"status": [200]}},
        {"match": {}, "exactly": 1, "atMost": 2},
        {"match": {}, "exactly": -1},
        {"match": {}, "exactly": "many"},
        {"match": {}, "exactly": None},
        {"match": {}, "atLeast": 1.5},
        {"match": {}, "atLeast": True},
        {"inOrder": []},
        {"inOrder": {}},
        {"inOrder": [7]},
        {"inOrder": [{"status": 200}], "exactly": 1},
        {"inOrder": [{"status": 200}], "match": {}},
    ],
    ids=str,
)
def test_an_expectation_that_can_not_be_understood_is_a_problem(tester: Caller, wish: object) -> None:
    assert_problem(tester.steer("POST", "/verify", json=wish), 400)
