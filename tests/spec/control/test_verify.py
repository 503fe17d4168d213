"""Verification: was the API called as expected?"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.spec.conftest import Serve

from .conftest import NUMBER, Caller, Join, assert_problem

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


def test_what_a_journal_has_forgotten_makes_an_answer_unknown(serve: Serve, join: Join) -> None:
    tester = join(serve("--journal-size", "10"))
    tester.call(MISSING)
    for _ in range(15):
        tester.call()
    answer = verify(tester, {"match": {"customerId": MISSING}, "exactly": 0})
    assert answer["verified"] is None
    assert answer["forgotten"]["calls"] == 6
    assert answer["forgotten"]["setting"] == "--journal-size"
    assert answer["forgotten"]["since"] <= tester.exchanges()[-1]["at"]
    assert "6 calls" in answer["message"]
    assert verify(tester, {"match": {"customerId": NUMBER}, "atLeast": 10})["verified"] is True
    assert verify(tester, {"match": {"customerId": NUMBER}, "exactly": 17})["verified"] is False
    tester.steer("DELETE", "/exchanges")
    assert verify(tester, {"match": {"customerId": MISSING}, "exactly": 0})["verified"] is True


def test_the_calls_of_a_space_that_had_to_go_are_not_forgotten_silently(serve: Serve, join: Join) -> None:
    server = serve("--max-spaces", "1")
    tester = join(server)
    tester.call(MISSING)
    join(server).call()
    assert verify(tester, {"match": {"customerId": MISSING}, "exactly": 0})["verified"] is None


def test_headers_and_fields_of_the_body_are_matched(tester: Caller) -> None:
    tester.call(ChannelId="ATM")
    tester.ask({"customerId": NUMBER, "more": [1, {"deep": True}]}, ChannelId="IVR")
    for match, count in (
        ({"headers": {"channelid": "ATM"}}, 1),
        ({"headers": {"ChannelId": "ATM"}, "body": {"customerId": NUMBER}}, 1),
        ({"headers": {"ChannelId": "WEB"}}, 0),
        ({"body": {"customerId": NUMBER}}, 2),
        ({"body": {"more": [1, {"deep": True}]}}, 1),
        ({"body": {"customerId": int(NUMBER)}}, 0),
        ({"body": {"another": None}}, 0),
    ):
        assert verify(tester, {"match": match, "exactly": count})["verified"] is True, match
    answer = verify(tester, {"match": {"headers": {"ChannelId": "WEB"}}})
    assert "headers.channelid: expected WEB, found ATM" in answer["message"]


def test_credentials_and_cards_are_matched_by_their_full_value_alone_and_shown_nowhere(tester: Caller) -> None:
    card, token = "4969452123456110", "Bearer a-long-and-secret-token"
    tester.ask({"cardNumber": card, "password": "hunter-22"}, Authorization=token)
    for match in (
        {"headers": {"Authorization": token}},
        {"body": {"cardNumber": card}},
        {"body": {"password": "hunter-22"}},
    ):
        assert verify(tester, {"match": match, "exactly": 1})["verified"] is True, match
    shown = tester.exchanges()[0]["headers"]["authorization"]
    for match in (
        {"headers": {"Authorization": shown}},
        {"headers": {"Authorization": f"{token}s"}},
        {"body": {"cardNumber": "496945******6110"}},
        {"body": {"cardNumber": card[::-1]}},
        {"body": {"password": "hunter-23"}},
    ):
        text = tester.steer("POST", "/verify", json={"match": match}).text
        assert '"verified": false' in text
        for secret in (card, card[::-1], token, "hunter"):
            assert secret not in text


def test_only_wants_these_calls_and_no_others(called: Caller) -> None:
    exact = [{"customerId": NUMBER}, {"status": 404}, {"customerId": NUMBER}, {"customerId": "100000000103"}]
    assert verify(called, {"inOrder": exact, "only": True})["verified"] is True
    for wrong in (exact[:3], exact[1:], [*exact, {}], [exact[1], exact[0], *exact[2:]]):
        assert verify(called, {"inOrder": wrong, "only": True})["verified"] is False
    assert verify(called, {"match": {"method": "POST"}, "exactly": 4, "only": True})["verified"] is True
    answer = verify(called, {"match": {"status": 200}, "atLeast": 1, "only": True})
    assert answer["verified"] is False
    assert answer["closest"]["exchange"]["status"] == 404


def test_an_expectation_can_be_waited_for(tester: Caller) -> None:
    wish = {"inOrder": [{"status": 404}, {"status": 200}], "timeout": "20s"}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(verify, tester, wish)
        while not waiting.done():
            tester.call(MISSING)
            tester.call()
    assert waiting.result()["verified"] is True


def test_waiting_for_an_expectation_ends_in_time_with_what_there_is(tester: Caller) -> None:
    tester.call()
    answer = verify(tester, {"match": {"status": 200}, "exactly": 2, "timeout": "100ms"})
    assert (answer["verified"], answer["count"]) == (False, 1)
    assert_problem(tester.steer("POST", "/verify", json={"timeout": "soon"}), 400, "timeout", "soon")


def test_a_space_that_never_appeared_says_which_one_was_probably_meant(tester: Caller) -> None:
    tester.call(client_id="a-quite-peculiar-name")
    meant = "did you mean a-quite-peculiar-name?"
    space = "/spaces/a-quite-peculiar-nam"
    answer = tester.control("POST", f"{space}/verify", json={"match": {}, "exactly": 0}).json()
    assert answer["verified"] is True
    assert meant in answer["message"]
    for path in ("exchanges", "coverage"):
        assert meant in tester.control("GET", f"{space}/{path}").json()["note"]
    for path in ("", "/exchanges/1", "/exchanges?wait=1&timeout=1ms"):
        assert meant in tester.control("GET", space + path).json()["detail"]
    for space in ("a-quite-peculiar-name", "zzzz"):
        answer = tester.control("POST", f"/spaces/{space}/verify", json={"match": {"status": 500}}).json()
        assert "did you mean" not in answer["message"]
