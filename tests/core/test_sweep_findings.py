"""What a sweep finds in the calls of a disturbed run, as tables: letters are calls, as they came."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.sweep.findings import (
    CALLED_ON,
    IMPATIENT,
    NO_LOGIN,
    NOT_RETRIED,
    RETRIED,
    REUSED,
    Call,
    Finding,
    calls_of,
    findings,
)
from sandbox.sweep.plan import Disturbance

BEGIN = datetime(2026, 11, 24, tzinfo=UTC)
OPERATIONS = {"L": "token", "A": "retrieve", "B": "retrieve", "C": "retrieve"}


def calls(text: str, status: int = 200, fault: str | None = None) -> list[Call]:
    """Read calls: L logs in, A, B and C ask about somebody; ! marks the disturbed one, = repeats the uuid before.

    A digit is a pause of so many seconds.
    """
    found: list[Call] = []
    at, uuid = BEGIN, 0
    for letter in text:
        if letter.isdigit():
            at += timedelta(seconds=int(letter))
        elif letter == "!":
            found[-1] = found[-1]._replace(status=status, fault=fault, is_disturbed=True)
        elif letter == "=":
            found[-1] = found[-1]._replace(uuid=found[-2].uuid)
        else:
            uuid += 1
            identity = None if letter == "L" else letter
            found.append(Call(OPERATIONS[letter], identity, None, str(uuid), at, 200, None))
    return found


def found(
    undisturbed: str, disturbed: str, status: int | None, retry_after: int | None = None, fault: str | None = None
) -> list[str]:
    came = calls(disturbed, status or 200, fault)
    position = next((number for number, call in enumerate(came, 1) if call.is_disturbed), 1)
    disturbance = Disturbance("it", "errors", position, "", {}, status, retry_after)
    return [finding.name for finding in findings(calls(undisturbed), came, disturbance)]


@pytest.mark.parametrize(
    ("undisturbed", "disturbed", "status", "expected"),
    [
        ("LAB", "LA!B", 422, []),
        ("LAB", "LA!", 404, []),
        ("LAB", "LA!AB", 422, [RETRIED]),
        ("LAB", "LA!BA", 404, [RETRIED]),
        ("LAAB", "LA!AB", 404, []),
        ("LAAB", "LA!AAB", 403, [RETRIED]),
        ("LABA", "LA!A", 403, [RETRIED]),
        ("LAB", "LA!AAAB", 400, [RETRIED]),
        ("LAB", "LA!AB", 429, []),
        ("LAB", "LA!AB", 500, []),
        ("LAB", "LA!AB", 503, []),
        ("LAB", "LA!B", 503, [NOT_RETRIED]),
        ("LAB", "LA!", 503, [NOT_RETRIED]),
        ("LAAB", "LA!AB", 503, [NOT_RETRIED]),
        ("LAB", "LA!B", 504, []),
    ],
)
def test_a_retry_is_what_comes_more_often_than_undisturbed(
    undisturbed: str, disturbed: str, status: int, expected: list[str]
) -> None:
    assert found(undisturbed, disturbed, status) == expected


@pytest.mark.parametrize(
    ("undisturbed", "disturbed", "status", "expected"),
    [
        ("LAB", "LA!LAB", 401, []),
        ("LAB", "LA!L", 401, []),
        ("LAB", "LA!AB", 401, [NO_LOGIN]),
        ("LAB", "LA!B", 401, [NO_LOGIN]),
        ("LAB", "LA!", 401, [NO_LOGIN]),
        ("AB", "A!B", 401, []),
        ("LAB", "L!", 401, []),
        ("LAB", "L!LLAB", 401, [RETRIED]),
        ("LA", "L!LA", 400, [RETRIED]),
        ("LABC", "L!LL", 400, []),
        ("LAB", "L!AB", 400, [CALLED_ON]),
        ("LAB", "L!AB", 500, [CALLED_ON]),
        ("LAB", "L!LAB", 500, []),
        ("LALB", "LAL!B", 500, []),
    ],
)
def test_a_login_comes_before_the_calls_that_need_it(
    undisturbed: str, disturbed: str, status: int, expected: list[str]
) -> None:
    assert found(undisturbed, disturbed, status) == expected


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("connectionReset", [CALLED_ON]),
        ("malformedJson", [CALLED_ON]),
        ("wrongContentType", []),
        ("slowDrip", []),
        (None, []),
    ],
)
def test_an_answer_that_may_have_been_read_is_a_login(fault: str | None, expected: list[str]) -> None:
    assert found("LAB", "L!AB", None, fault=fault) == expected


@pytest.mark.parametrize(
    ("disturbed", "expected"), [("LA!1AB", []), ("LA!2AB", []), ("LA!AB", [IMPATIENT]), ("LA!B", [])]
)
def test_a_retry_comes_after_the_pause_that_was_asked_for(disturbed: str, expected: list[str]) -> None:
    assert found("LAB", disturbed, 429, retry_after=1) == expected


@pytest.mark.parametrize(
    ("undisturbed", "disturbed", "expected"),
    [
        ("LAB", "LA!A=B", [REUSED]),
        ("LAB", "LA!AB", []),
        ("LAB", "LA!AA=B", [REUSED]),
        ("LAA=", "LA!A=", []),
    ],
)
def test_a_retry_has_a_uuid_of_its_own(undisturbed: str, disturbed: str, expected: list[str]) -> None:
    assert found(undisturbed, disturbed, None, fault="connectionReset") == expected


def test_a_run_that_did_not_end_is_blamed_only_for_what_it_did() -> None:
    away, denied = (Disturbance("it", "errors", 2, "", {}, status) for status in (503, 401))
    assert findings(calls("LAB"), calls("LA!", 503), away, has_ended=False) == []
    assert findings(calls("LAB"), calls("LA!", 401), denied, has_ended=False) == []
    assert [each.name for each in findings(calls("LAB"), calls("LA!AB", 401), denied, has_ended=False)] == [NO_LOGIN]


def test_nothing_is_found_where_nothing_was_disturbed() -> None:
    assert findings(calls("LAB"), calls("LA"), Disturbance("it", "errors", 3, "", {}, 503)) == []


def test_a_finding_says_what_was_seen() -> None:
    disturbance = Disturbance("tooManyRequests", "gateway", 1, "", {}, 429, 5)
    assert findings(calls("AB"), calls("A!2AB", 429), disturbance) == [
        Finding(IMPATIENT, "the answer asked for 5 s, the call came again after 2.00 s")
    ]


def test_calls_are_read_out_of_a_journal_and_the_disturbed_one_by_its_directive() -> None:
    def exchange(number: int, operation: str | None, headers: Mapping[str, str]) -> dict[str, object]:
        return {
            "id": number,
            "operation": operation,
            "customerId": "1",
            "cardNumber": None,
            "headers": headers,
            "at": "2026-11-24T00:00:00.000Z",
            "status": 422,
            "fault": None,
        }

    newest_first = [
        exchange(3, "retrieve", {"uuid": "u3", "x-sandbox-fault": "slowDrip"}),
        exchange(2, None, {}),
        exchange(1, "retrieve", {"uuid": "u1"}),
    ]
    read = calls_of(newest_first, Disturbance("slowDrip", "faults", 2, "", {"X-Sandbox-Fault": "slowDrip"}))
    assert read == [
        Call("retrieve", "1", None, "u1", BEGIN, 422, None),
        Call("retrieve", "1", None, "u3", BEGIN, 422, None, is_disturbed=True),
    ]
