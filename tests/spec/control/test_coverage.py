"""Coverage: what a space's calls have exercised, and what the caller could do better."""

from typing import Any

import pytest

from sandbox.core.decide import precedence
from sandbox.files.shipped import load_contract
from tests.spec.conftest import CONTRACT, ERRORS, GATEWAY_ERRORS, HEADERS, PATH, Serve

from .conftest import NUMBER, Caller, Join

OPTIONAL = [each["name"] for each in CONTRACT["components"]["parameters"].values() if not each["required"]]
RULES = [rule.__name__ for rule in precedence(load_contract().main)]


def findings(caller: Caller) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in caller.get("/coverage")["findings"]:
        found.setdefault(finding["finding"], []).append(finding)
    return found


def test_a_space_that_never_was_called_has_seen_nothing(tester: Caller) -> None:
    coverage = tester.get("/coverage")
    assert coverage["errors"] == dict.fromkeys([*ERRORS, *GATEWAY_ERRORS], 0)
    assert coverage["rules"] == dict.fromkeys(RULES, 0)
    assert coverage["neverSeen"] == {"errors": list(ERRORS), "rules": RULES}
    assert coverage["findings"] == []


@pytest.mark.parametrize("code", [*ERRORS, *GATEWAY_ERRORS])
def test_an_error_counts_however_it_came(tester: Caller, code: str) -> None:
    tester.call(X_Sandbox_Scenario=code)
    tester.override(NUMBER, {"error": code})
    tester.call()
    coverage = tester.get("/coverage")
    assert {name: count for name, count in coverage["errors"].items() if count} == {code: 2}
    assert {name: count for name, count in coverage["rules"].items() if count} == {"forced": 1, "override": 1}
    assert coverage["neverSeen"]["errors"] == [name for name in ERRORS if name != code]


def test_every_rule_can_be_exercised(tester: Caller) -> None:
    tester.override("100000000302", {"error": "resourceNotFound"})
    tester.call(X_Sandbox_Scenario="404")
    tester.call(countryCode=None)
    tester.call("100000000302")
    tester.call("100000000103")
    tester.ask({"customerId": NUMBER, "cardNumber": "9990142921876840"})
    tester.call()
    tester.call("123")
    coverage = tester.get("/coverage")
    assert coverage["rules"] == dict.fromkeys(RULES, 1)
    assert coverage["neverSeen"]["rules"] == []


def test_coverage_goes_on_where_the_journal_has_forgotten(serve: Serve, join: Join) -> None:
    tester = join(serve("--journal-size", "2"))
    for _ in range(5):
        tester.call("999900000404")
    assert tester.get("/coverage")["errors"]["resourceNotFound"] == 5


def test_the_space_for_all_sums_up(serve: Serve, join: Join) -> None:
    server = serve()
    for _ in range(2):
        join(server).call("999900000404")
    assert join(server, "*").get("/coverage")["errors"]["resourceNotFound"] == 2


def test_a_reused_uuid_is_a_finding(tester: Caller) -> None:
    for uuid in ("one", "two", "two", "two"):
        tester.call(uuid=uuid)
    (finding,) = findings(tester)["uuid reused"]
    assert (finding["calls"], finding["detail"].split()[0]) == (3, "two")


def test_a_reused_uuid_that_is_a_card_number_is_masked(tester: Caller) -> None:
    for _ in range(2):
        tester.call(uuid="4969452123456110")
    assert "4969452123456110" not in str(findings(tester))


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_missing_optional_header_is_a_finding(tester: Caller, name: str) -> None:
    tester.call(uuid="1", **dict.fromkeys(OPTIONAL, "es"))
    assert "optional header missing" not in findings(tester)
    tester.call(uuid="2", **{other: "es" for other in OPTIONAL if other != name})
    (finding,) = findings(tester)["optional header missing"]
    assert (finding["calls"], finding["detail"].split()[0]) == (1, name)


@pytest.mark.parametrize(("sent", "contract"), [("client-id", "client_id"), ("country_code", "countryCode")])
def test_a_header_spelt_unlike_the_contract_is_a_finding(tester: Caller, sent: str, contract: str) -> None:
    headers = {**HEADERS, "client_id": tester.space, sent: "x"}
    tester.http.post(PATH, json={"customerId": NUMBER}, headers=headers)
    (finding,) = findings(tester)["header spelt otherwise"]
    assert finding["calls"] == 1
    assert sent in finding["detail"]
    assert contract in finding["detail"]


def test_the_contracts_spelling_in_any_case_is_no_finding(tester: Caller) -> None:
    headers = {name.upper(): value for name, value in {**HEADERS, "client_id": tester.space}.items()}
    tester.http.post(PATH, json={"customerId": NUMBER}, headers=headers)
    assert "header spelt otherwise" not in findings(tester)


@pytest.mark.parametrize("name", [name for name in HEADERS if name not in {"client_id", "uuid"}])
def test_a_header_that_comes_twice_with_one_value_is_a_finding(tester: Caller, name: str) -> None:
    headers = [*{**HEADERS, "client_id": tester.space}.items(), (name, HEADERS[name])]
    assert tester.http.post(PATH, json={"customerId": NUMBER}, headers=headers).status_code == 200
    (finding,) = findings(tester)["header sent twice"]
    assert (finding["calls"], finding["detail"].split()[0]) == (1, name)
    assert tester.get("/exchanges")["exchanges"][0]["duplicated"] == [name.lower()]


def test_a_card_number_that_looks_real_is_a_finding_without_the_number(tester: Caller) -> None:
    tester.ask({"cardNumber": "4111111111111111"})
    (finding,) = findings(tester)["real card number"]
    assert finding["calls"] == 1
    assert "4111111111111111" not in str(finding)
