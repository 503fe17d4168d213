"""Entries of scenario files: every mistake that the schema can't see, each with its place in the entry."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.documented_errors import DocumentedError
from sandbox.core.entries import read_birthday, read_entry
from sandbox.core.messages import Place
from sandbox.core.scenarios import ErrorOutcome
from sandbox.core.schema import Path
from sandbox.files.scenarios import entry_schema, scenario_schema

from .bank import CONTRACT, OTHER_CARD

NOT_FOUND = {"error": "resourceNotFound"}
SYNTHETIC = {"customer": "synthetic"}
ONE_ANSWER = "expected exactly one of customer, error or sequence"
ONE_STEP = "expected exactly one of customer or error"


def mistakes(data: dict[str, Any], section: str, pattern: str) -> list[tuple[Path, str]]:
    assert scenario_schema("entry").is_valid(data), "the schema refuses it already"
    return read_entry(data, section, pattern, Place("x.yaml", 1), CONTRACT)[1]


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ({}, (), f"found no answer, {ONE_ANSWER}"),
        ({"description": "x"}, (), f"found no answer, {ONE_ANSWER}"),
        ({"delay": "1s"}, (), f"found no answer, {ONE_ANSWER}"),
        ({**NOT_FOUND, **SYNTHETIC}, (), f"found customer and error, {ONE_ANSWER}"),
        ({**NOT_FOUND, "sequence": [NOT_FOUND]}, (), f"found error and sequence, {ONE_ANSWER}"),
        ({"sequence": [{}]}, ("sequence", 0), f"found no answer, {ONE_STEP}"),
        (
            {"sequence": [NOT_FOUND, {**NOT_FOUND, **SYNTHETIC}]},
            ("sequence", 1),
            f"found customer and error, {ONE_STEP}",
        ),
        ({"sequence": [{**NOT_FOUND, "times": 2}]}, ("sequence", 0, "times"), "the last answer of a sequence stays"),
        ({**NOT_FOUND, "delay": "1d"}, ("delay",), "found '1d', expected a duration such as"),
        ({**NOT_FOUND, "delay": "61m"}, ("delay",), "found '61m', expected a duration such as"),
        ({**NOT_FOUND, "delay": "{{ nope }}s"}, ("delay",), "'nope' is undefined"),
        ({**NOT_FOUND, "delay": "{{ today }}s"}, ("delay",), "found '2000-01-01s', expected a duration such as"),
        (
            {**NOT_FOUND, "delay": {"uniform": ["2s", "1s"]}},
            ("delay", "uniform"),
            "found 2s before 1s, expected the shortest first",
        ),
        (
            {**NOT_FOUND, "delay": {"uniform": ["x", "1s"]}},
            ("delay", "uniform", 0),
            "found 'x', expected a duration such as",
        ),
        (
            {**NOT_FOUND, "delay": {"lognormal": {"median": "x", "sigma": "1"}}},
            ("delay", "lognormal", "median"),
            "found 'x', expected a duration",
        ),
        (
            {"sequence": [{**NOT_FOUND, "delay": "x"}, SYNTHETIC]},
            ("sequence", 0, "delay"),
            "found 'x', expected a duration",
        ),
        ({"customer": {"fullName": "{{ nope }}"}}, ("customer", "fullName"), "'nope' is undefined"),
        ({"customer": {"fullName": "{{"}}, ("customer", "fullName"), "is not a template"),
        ({"customer": {"fullName": "{{ request.nope }}"}}, ("customer", "fullName"), "has no attribute 'nope'"),
        (
            {"customer": {"fullName": "{{ request.cardNumber }}"}},
            ("customer", "fullName"),
            "has no attribute 'cardNumber'",
        ),
        ({"customer": {"fullName": "{{ headers.sid }}"}}, ("customer", "fullName"), "has no attribute 'sid'"),
        (
            {"customer": {"fullName": "{{ headers.client_id }}"}},
            ("customer", "fullName"),
            "has no attribute 'client_id'",
        ),
        ({"customer": {"fullName": "{{ headers.Authorization }}"}}, ("customer", "fullName"), "has no attribute"),
        ({"customer": {"customerSegment": "{{ x() }}"}}, ("customer", "customerSegment"), "holds a call"),
        (
            {"customer": {"birthday": "02-30"}},
            ("customer", "birthday"),
            "found '02-30', expected today, never, or a day",
        ),
        ({"customer": {"birthday": "2027-02-29"}}, ("customer", "birthday"), "found '2027-02-29', expected today"),
        ({"customer": {"birthday": "0000-01-01"}}, ("customer", "birthday"), "found '0000-01-01', expected today"),
        ({"error": {"code": "invalidRequest", "details": "{{ nope }}"}}, ("error", "details"), "'nope' is undefined"),
        ({"error": {"code": "invalidRequest", "location": "{{"}}, ("error", "location"), "is not a template"),
        ({"error": {"code": "tooManyRequests", "details": "x"}}, ("error",), "is the gateway's, which has no details"),
        ({**NOT_FOUND, "customerId": "1"}, ("customerId",), "the entry already stands under customerId"),
    ],
)
def test_a_mistake_has_its_place_in_the_entry(data: dict[str, Any], path: Path, message: str) -> None:
    ((found_path, found_message),) = mistakes(data, "customerId", "100000000001")
    assert found_path == path
    assert message in found_message


@pytest.mark.parametrize(("section", "pattern"), [("customerId", "1*"), ("cardNumber", "5*"), ("named", "slow")])
def test_only_an_entry_for_one_number_can_say_whose_the_other_is(section: str, pattern: str) -> None:
    other = "cardNumber" if section == "customerId" else "customerId"
    ((path, message),) = mistakes({**NOT_FOUND, other: "1"}, section, pattern)
    assert path == (other,)
    assert "only an entry for one number" in message


def test_all_mistakes_of_an_entry_are_named_at_once() -> None:
    data = {
        "delay": "x",
        "cardNumber": OTHER_CARD,
        "customer": {"fullName": "{{", "birthday": "02-30"},
        "error": {"code": "tooManyRequests", "details": "x"},
    }
    found = mistakes(data, "cardNumber", OTHER_CARD)
    assert {path for path, _ in found} >= {(), ("delay",), ("cardNumber",), ("error",)}


@pytest.mark.parametrize(
    ("data", "section", "pattern"),
    [
        ({"fault": "connectionReset"}, "customerId", "1"),
        ({"sequence": [{"fault": "connectionReset"}, SYNTHETIC]}, "customerId", "1"),
        ({"customer": {}}, "customerId", "1"),
        ({"customer": {"fullName": "{{ request.customerId[-2:] }}"}}, "customerId", "1*"),
        ({"customer": {"fullName": "{{ request.cardNumber[-4:] }}"}}, "cardNumber", "5*"),
        ({"customer": {"fullName": "{{ request.cardNumber }}{{ request.customerId }}"}}, "named", "both"),
        ({"customer": {"fullName": "{{ headers.sid | default('-') }}"}}, "customerId", "1"),
        ({"customer": {"birthday": "1980-02-29"}}, "customerId", "1"),
        ({"error": {"code": "resourceNotFound", "type": "warn", "moreInfo": ""}}, "cardNumber", "1"),
        ({**NOT_FOUND, "delay": {"lognormal": {"median": "200ms", "sigma": "0.5"}}}, "customerId", "1"),
        ({**NOT_FOUND, "fault": {"name": "slowDrip", "share": "0.2"}}, "customerId", "1"),
    ],
)
def test_an_entry_without_a_mistake(data: dict[str, Any], section: str, pattern: str) -> None:
    assert mistakes(data, section, pattern) == []


@pytest.mark.parametrize(
    ("text", "birthday"),
    [("today", "today"), ("never", "never"), ("03-14", (3, 14)), ("02-29", (2, 29)), ("1980-02-29", (2, 29))],
)
def test_a_birthday_is_read(text: str, birthday: object) -> None:
    assert read_birthday(text) == birthday


@pytest.mark.parametrize(
    "text",
    [
        *("", "Today", "02-30", "2-3", "1980-02-30", "1981-02-29", "19800101", "1980-W01-1", "13-01", "00-00", "0314"),
        *("03-14\n", "٠٣-١٤", "1980-3-14", "--03-14", "W01-1", "001"),
    ],
)
def test_a_day_that_is_none_is_no_birthday(text: str) -> None:
    with pytest.raises(ValueError, match="expected today, never, or a day that exists"):
        read_birthday(text)


@given(st.dates())
def test_every_day_is_a_birthday(day: Any) -> None:
    assert read_birthday(f"{day:%m-%d}") == read_birthday(day.isoformat()) == (day.month, day.day)


@pytest.mark.parametrize("error", CONTRACT.errors_by_name.values(), ids=lambda error: error.name)
def test_an_error_is_named_as_in_the_header(error: DocumentedError) -> None:
    wishes: list[str | int] = [error.name, error.name.upper(), str(error.status), error.status]
    for wish in wishes:
        for data in ({"error": wish}, {"error": {"code": wish}}):
            assert entry_schema("customerId", "1").is_valid(data)
            scenario, found = read_entry(data, "customerId", "1", Place("x.yaml", 1), CONTRACT)
            assert found == []
            assert scenario.steps[0].outcome == ErrorOutcome(error)


@pytest.mark.parametrize("wish", ["nope", "418", 418, "", "flaky"])
def test_an_error_that_is_none_is_a_mistake(wish: str | int) -> None:
    ((path, message),) = mistakes({"error": {"code": wish}}, "customerId", "1")
    assert path == ("error", "code")
    assert message.startswith(f"found {wish!r}; expected one of invalidRequest, ")


def test_the_token_call_has_errors_of_its_own_and_a_status_means_the_first_of_them() -> None:
    for wish, name in (("INVALID_SCOPE", "invalid_scope"), (400, "invalid_request"), ("404", "resourceNotFound")):
        scenario, found = read_entry({"error": wish}, "companion", "token", Place("x.yaml", 1), CONTRACT)
        assert found == []
        assert isinstance(scenario.steps[0].outcome, ErrorOutcome)
        assert scenario.steps[0].outcome.error.name == name
    for section, pattern in (("companion", "e2eKey"), ("customerId", "1")):
        found = read_entry({"error": "invalid_scope"}, section, pattern, Place("x.yaml", 1), CONTRACT)[1]
        assert [path for path, _ in found] == [("error",)]


# When and otherwise


@pytest.mark.parametrize(
    ("section", "data", "path", "said"),
    [
        ("customerId", {"when": {"ChanelId": "ATM"}, "error": "404"}, ("when", "ChanelId"), "did you mean ChannelId?"),
        (
            "customerId",
            {"when": {"X-Mine": "ATM"}, "error": "404"},
            ("when", "X-Mine"),
            "expected one of Accept, uuid, ",
        ),
        ("customerId", {"when": {"Authorization": "x"}, "error": "404"}, ("when", "Authorization"), "no header that"),
        ("customerId", {"when": {"ChannelId": ""}, "error": "404"}, ("when", "ChannelId"), "ChannelId is empty"),
        ("customerId", {"when": {"Accept": ["text/html"]}, "error": "404"}, ("when", "Accept", 0), "does not admit"),
        (
            "customerId",
            {"when": {"ChannelId": "ATM", "channelid": "IVR"}, "error": "404"},
            ("when", "channelid"),
            "names ChannelId once more",
        ),
        ("named", {"when": {"ChannelId": "ATM"}, "error": "404"}, ("when",), "only an entry for a number has when"),
        ("named", {"error": "404", "otherwise": {"error": "422"}}, ("otherwise",), "only an entry for a number"),
        ("customerId", {"error": "404", "otherwise": {"error": "422"}}, ("otherwise",), "never answers, because"),
        (
            "customerId",
            {"when": {"ChannelId": "ATM"}, "error": "404", "otherwise": {"error": "nope"}},
            ("otherwise", "error"),
            "found 'nope'",
        ),
        (
            "customerId",
            {"times": 1, "error": "404", "otherwise": {"sequence": [{"error": "nope"}]}},
            ("otherwise", "sequence", 0, "error"),
            "found 'nope'",
        ),
        (
            "customerId",
            {"times": 1, "error": "404", "otherwise": {"error": "422", "customer": {}}},
            ("otherwise",),
            "found customer and error",
        ),
    ],
)
def test_a_mistake_in_when_or_otherwise_is_named(
    section: str, data: dict[str, Any], path: tuple[str | int, ...], said: str
) -> None:
    _, found = read_entry(data, section, "x" if section == "named" else "1", Place("x", 1), CONTRACT)
    assert [each for each, _ in found] == [path], found
    assert said in found[0][1]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"when": {}, "error": "404"}, ("when",)),
        ({"when": "ATM", "error": "404"}, ("when",)),
        ({"when": {"ChannelId": []}, "error": "404"}, ("when", "ChannelId")),
        ({"when": {"ChannelId": 7}, "error": "404"}, ("when", "ChannelId")),
        ({"when": {"ChannelId": [7]}, "error": "404"}, ("when", "ChannelId", 0)),
        ({"times": 1, "error": "404", "otherwise": {"cardNumber": "5", "error": "404"}}, ("otherwise", "cardNumber")),
        ({"times": 1, "error": "404", "otherwise": "404"}, ("otherwise",)),
    ],
)
def test_the_shape_of_when_and_otherwise_is_checked(data: dict[str, Any], path: tuple[str | int, ...]) -> None:
    examined = entry_schema("customerId", "1").examine(data)
    assert [each for each, _ in examined.mistakes] == [path], examined
    # What is left is read on, whatever it is.
    read_entry(examined.sound, "customerId", "1", Place("x", 1), CONTRACT, spoilt=examined.spoilt)
