"""Explain: a dry run, which says which rule would answer and why."""

import json
from typing import Any

import pytest

from sandbox.core.decide import precedence
from sandbox.files.shipped import load_contract
from tests.spec.conftest import HEADERS

from .conftest import NUMBER, Caller, assert_problem


def explain(caller: Caller, body: object = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    sent = {**HEADERS, "client_id": caller.space, **(headers or {})}
    response = caller.control("POST", "/explain", json={"headers": sent, "body": body or {"customerId": NUMBER}})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize(
    "number", [NUMBER, "100000000103", "999900000404", "999900000503", "999920000005", "999930000001", "123"]
)
def test_a_dry_run_says_what_a_call_would_get(tester: Caller, number: str) -> None:
    tester.put("/clock", {"now": "2028-03-14T09:00:00Z"})
    answer = explain(tester, {"customerId": number})
    assert tester.exchanges() == []
    reply = tester.call(number, X_Sandbox_Delay="0s", X_Sandbox_Fault="wrongContentType")
    exchange = tester.exchanges()[0]
    assert answer["body"] == reply.json()
    for name in ("rule", "status", "code", "scenario", "violations"):
        assert answer[name] == exchange[name], name
    assert reply.headers["x-sandbox-reason"].startswith(answer["reason"].removesuffix(f"; with {answer['fault']}"))


def test_it_names_file_and_line_and_what_is_beaten_in_the_order_of_precedence(tester: Caller) -> None:
    tester.override("100000000103", {"error": "resourceNotFound"})
    answer = explain(tester, {"customerId": "100000000103"}, {"X-Sandbox-Scenario": "500", "countryCode": "XX"})
    assert (answer["rule"], answer["status"]) == ("forced", 500)
    beaten = {each["rule"]: each for each in answer["beats"]}
    assert list(beaten) == [rule.__name__ for rule in precedence(load_contract().main) if rule.__name__ in beaten]
    assert [beaten[rule]["status"] for rule in ("contract_breach", "override", "scenario_file")] == [403, 404, 200]
    assert "scenarios/branch-demo.yaml:" in beaten["scenario_file"]["reason"]


def test_a_scenario_of_a_file_is_named_with_its_line(tester: Caller) -> None:
    file, _, line = explain(tester, {"customerId": "100000000103"})["scenario"].rpartition(":")
    assert file == "scenarios/branch-demo.yaml"
    assert int(line) > 1


def test_it_lists_all_violations(tester: Caller) -> None:
    answer = explain(tester, {"customerId": 7}, {"countryCode": "XX", "ChannelId": "", "Authorization": ""})
    locations = [violation["location"] for violation in answer["violations"]]
    assert {"Authorization", "ChannelId", "countryCode", "customerId"} <= set(locations)
    assert answer["status"] == 401


def test_it_counts_nothing(tester: Caller) -> None:
    tester.override(NUMBER, {"sequence": [{"error": "serverUnavailable"}, {"customer": "synthetic"}]})
    assert [explain(tester)["status"] for _ in range(3)] == [500, 500, 500]
    assert tester.call().status_code == 500
    assert [explain(tester)["status"] for _ in range(3)] == [200, 200, 200]
    assert len(tester.exchanges()) == 1


def test_it_does_not_make_a_space(tester: Caller) -> None:
    explain(tester)
    assert_problem(tester.steer("GET"), 404)


def test_it_waits_for_no_delay_and_commits_no_fault(tester: Caller) -> None:
    tester.override(NUMBER, {"error": "gatewayTimeout", "delay": "30s", "fault": "connectionReset"})
    answer = explain(tester)
    assert (answer["status"], answer["delay"], answer["fault"]) == (504, 30.0, "connectionReset")


def test_it_goes_by_overrides_and_clock_of_the_space(tester: Caller, other: Caller) -> None:
    tester.put("/clock", {"now": "2028-03-14T09:00:00-06:00"})
    other.override("100000000103", {"error": "resourceNotFound"})
    wish = {"space": tester.space, "body": {"customerId": "100000000103"}}
    assert tester.control("POST", "/explain", json=wish).json()["body"]["customer"]["birthdayTodayFlag"] is True
    assert tester.control("POST", "/explain", json={**wish, "space": other.space}).json()["status"] == 404


@pytest.mark.parametrize("body", [{"customerId": "321116471234"}, '{"customerId": "321116471234"}'])
def test_a_valid_request_is_meant_where_no_headers_are_given(tester: Caller, body: object) -> None:
    answer = tester.control("POST", "/explain", json={"body": body}).json()
    assert answer["body"]["customer"]["fullName"] == "Luis Diaz Salinas"


@pytest.mark.parametrize("body", ["{", "", "[]", '{"customerId": "1", "customerId": "2"}'])
def test_a_body_that_the_bank_would_refuse_is_explained(tester: Caller, body: str) -> None:
    wish = json.dumps({"body": body})
    answer = tester.control("POST", "/explain", content=wish).json()
    assert (answer["rule"], answer["status"]) == ("contract_breach", 400)


@pytest.mark.parametrize(
    "wish",
    [[], {"header": {}}, {"headers": []}, {"headers": {"uuid": 7}}, {"space": 7}, {"headers": {"uuid": "\ud800"}}],
    ids=repr,
)
def test_what_can_not_be_explained_is_a_problem(tester: Caller, wish: object) -> None:
    assert_problem(tester.control("POST", "/explain", content=json.dumps(wish)), 400)
