"""Overrides: scenarios placed while the sandbox runs."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.spec.conftest import ERRORS, Serve, eventually

from .conftest import NUMBER, Caller, Join, assert_problem

IN_A_FILE = "100000000103"
ANA = {"customer": {"fullName": "Ana Otra", "customerSegment": "40", "birthday": "today"}}
ANA_REPLY = {"customer": {"fullName": "Ana Otra", "customerSegment": "40", "birthdayTodayFlag": True}}


@pytest.mark.parametrize("code", ERRORS)
def test_an_override_beats_the_files_with_any_documented_error(tester: Caller, code: str) -> None:
    assert tester.call(IN_A_FILE).status_code == 200
    tester.override(IN_A_FILE, {"error": code})
    reply = tester.call(IN_A_FILE)
    assert (reply.status_code, reply.json()["code"]) == (ERRORS[code][0], code)
    assert reply.headers["x-sandbox-rule"] == "override"


def test_an_override_makes_a_customer_of_a_number_that_nobody_wrote_down(tester: Caller) -> None:
    tester.override(NUMBER, ANA)
    assert tester.call().json() == ANA_REPLY


def test_an_override_comes_back_as_it_was_sent(tester: Caller) -> None:
    placed = tester.override(NUMBER, ANA)
    assert placed == {"customerId": NUMBER, "entry": ANA, "expiresAt": None, "answered": 0, "left": None}
    assert tester.get(f"/overrides/customerId/{NUMBER}") == placed
    assert tester.get("/overrides") == [placed]


def test_an_override_may_be_yaml_as_in_a_file(tester: Caller) -> None:
    text = "error: {code: businessValidationFailed, details: blocked}\n"
    path = f"/overrides/customerId/{NUMBER}"
    placed = tester.steer("PUT", path, content=text, headers={"Content-Type": "application/yaml"})
    assert placed.status_code == 200, placed.text
    assert tester.call().json()["details"] == "blocked"


def test_a_second_override_takes_the_place_of_the_first(tester: Caller) -> None:
    tester.override(NUMBER, {"error": "serverUnavailable"})
    tester.override(NUMBER, ANA)
    assert tester.call().json() == ANA_REPLY
    assert len(tester.get("/overrides")) == 1


def test_times_lets_an_override_answer_so_often_and_then_the_next_rule(tester: Caller) -> None:
    tester.override(IN_A_FILE, {"error": "serverUnavailable", "times": 2})
    rules = [tester.call(IN_A_FILE).headers["x-sandbox-rule"] for _ in range(4)]
    assert rules == ["override", "override", "scenario_file", "scenario_file"]


def test_an_override_that_is_placed_anew_counts_anew(tester: Caller) -> None:
    for _ in range(2):
        tester.override(NUMBER, {"error": "serverUnavailable", "times": 1})
        assert [tester.call().status_code for _ in range(2)] == [500, 200]


def test_an_override_expires(tester: Caller) -> None:
    placed = tester.override(NUMBER, {"error": "serverUnavailable", "expires": "1s"})
    assert placed["expiresAt"]
    assert tester.call().status_code == 500
    eventually(lambda: tester.call().status_code == 200)
    assert tester.get("/overrides") == []


def test_a_sequence_is_gone_through_and_stays_on_the_last(tester: Caller) -> None:
    steps = [{"error": "serverUnavailable", "times": 2}, {"error": "tooManyRequests"}, {"customer": "synthetic"}]
    tester.override(NUMBER, {"sequence": steps})
    assert [tester.call().status_code for _ in range(5)] == [500, 500, 429, 200, 200]


def test_a_prefix_stands_for_all_numbers_that_begin_with_it_and_an_exact_number_beats_it(tester: Caller) -> None:
    tester.override("1000000003*", {"error": "resourceNotFound"})
    tester.override(NUMBER, ANA)
    assert tester.call("100000000302").status_code == 404
    assert tester.call(NUMBER).status_code == 200
    assert tester.call("100000000402").status_code == 200


def test_an_override_for_a_card_answers_for_the_card(tester: Caller) -> None:
    tester.override("9990000000000017", {"error": "accessNotConfigured"}, "cardNumber")
    assert tester.ask({"cardNumber": "9990000000000017"}).status_code == 403


def test_a_delay_takes_its_time(tester: Caller) -> None:
    tester.override(NUMBER, {**ANA, "delay": "300ms"})
    reply = tester.call()
    assert reply.json() == ANA_REPLY
    assert reply.elapsed.total_seconds() >= 0.3


def test_a_fault_strikes(tester: Caller) -> None:
    tester.override(NUMBER, {**ANA, "fault": "wrongContentType"})
    reply = tester.call()
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.json() == ANA_REPLY


def test_a_customer_with_both_numbers_is_found_by_either_and_by_both(tester: Caller) -> None:
    card = "9990000000000025"
    tester.override(NUMBER, {**ANA, "cardNumber": card})
    bodies = {"customerId": NUMBER}, {"cardNumber": card}, {"customerId": NUMBER, "cardNumber": card}
    assert [tester.ask(body).json() for body in bodies] == [ANA_REPLY] * 3
    assert tester.ask({"customerId": NUMBER, "cardNumber": "9990000000000033"}).status_code == 422


def test_what_was_tried_becomes_a_scenario_file(tester: Caller, tmp_path: Path) -> None:
    tester.override(NUMBER, {**ANA, "cardNumber": "9990000000000025", "delay": "10ms"})
    tester.override("3211*", {"sequence": [{"error": "serverUnavailable", "times": 2}, {"customer": "synthetic"}]})
    tester.override("000000000123", {"error": {"code": "resourceNotFound", "details": "ñ: {{ today }}"}, "times": 1})
    tester.override("9990000000000017", {"fault": {"name": "slowDrip", "every": 2}}, "cardNumber")
    tester.override("100000000305", {"error": "serverUnavailable", "expires": "1h"})
    file = tester.steer("GET", "/overrides", headers={"Accept": "application/yaml"})
    assert file.headers["content-type"].startswith("application/yaml")
    (tmp_path / "tried.yaml").write_bytes(file.content)
    command = [sys.executable, "-m", "sandbox", "check", str(tmp_path)]
    check = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (check.returncode, "warning" in check.stderr) == (0, False), check.stdout + check.stderr
    document = yaml.load(file.content, Loader=yaml.BaseLoader)
    assert list(document["customerId"]) == [NUMBER, "3211*", "000000000123", "100000000305"]
    assert document["customerId"]["000000000123"]["error"]["details"] == "ñ: {{ today }}"


MISTAKES: Mapping[str, tuple[object, set[str]]] = {
    "unknown word": ({"eror": "serverUnavailable"}, {"eror"}),
    "unknown error": ({"error": "serverUnavailible"}, {"error"}),
    "no such birthday": ({"customer": {"birthday": "02-30"}}, {"customer.birthday"}),
    "two at once": (
        {"customer": {"birthday": "tomorrow", "customerSegment": 20}},
        {"customer.birthday", "customer.customerSegment"},
    ),
    "bad delay": ({"error": "serverUnavailable", "delay": "soon"}, {"delay"}),
    "bad fault": ({"error": "serverUnavailable", "fault": "explode"}, {"fault"}),
    "bad expiry": ({"error": "serverUnavailable", "expires": "tomorrow"}, {"expires"}),
    "no times": ({"error": "serverUnavailable", "times": 0}, {"times"}),
    "bad step": ({"sequence": [{"error": "serverUnavailable"}, {"eror": "x"}]}, {"sequence.1.eror"}),
    "template": ({"error": {"code": "resourceNotFound", "details": "{{ nobody }}"}}, {"error.details"}),
}


@pytest.mark.parametrize(("entry", "paths"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_in_an_entry_is_a_problem_that_says_where(tester: Caller, entry: object, paths: set[str]) -> None:
    refused = tester.steer("PUT", f"/overrides/customerId/{NUMBER}", json=entry)
    assert_problem(refused, 400)
    assert {mistake["path"] for mistake in refused.json()["mistakes"]} == paths, refused.text
    assert tester.get("/overrides") == []


@pytest.mark.parametrize(
    "entry", [None, [], "synthetic", 7, {}, {"error": "resourceNotFound", "customer": "synthetic"}]
)
def test_what_is_no_entry_is_a_problem(tester: Caller, entry: Any) -> None:
    refused = tester.steer("PUT", f"/overrides/customerId/{NUMBER}", json=entry)
    assert_problem(refused, 400)


def test_a_mistake_reads_the_same_as_in_a_file(tester: Caller, tmp_path: Path) -> None:
    entry = {"customer": {"birthday": "tomorrow"}, "delai": "1s"}
    problem = tester.steer("PUT", f"/overrides/customerId/{NUMBER}", json=entry).json()
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump({"customerId": {NUMBER: entry}}))
    command = [sys.executable, "-m", "sandbox", "check", str(tmp_path)]
    check = subprocess.run(command, capture_output=True, text=True, check=False)
    for mistake in problem["mistakes"]:
        assert f"customerId.{NUMBER}.{mistake['path']}: {mistake['message']}" in check.stdout


@pytest.mark.parametrize(
    "target",
    [
        "named/404",
        "customer/100000000301",
        "customerId/1234567890123",
        "customerId/12ab",
        "cardNumber/**",
        "customerId/٣",
    ],
)
def test_what_is_no_number_can_not_be_overridden(tester: Caller, target: str) -> None:
    refused = tester.steer("PUT", f"/overrides/{target}", json={"error": "resourceNotFound"})
    assert_problem(refused, 400)


@pytest.mark.parametrize("target", ["customerId/999900000404", "customerId/9999*", "cardNumber/9999000000000404"])
def test_the_sandboxs_own_numbers_are_reserved(tester: Caller, target: str) -> None:
    refused = tester.steer("PUT", f"/overrides/{target}", json={"customer": "synthetic"})
    assert_problem(refused, 400, "9999")
    magic = {"cardNumber": "9999000000000404", "customer": "synthetic"}
    assert_problem(tester.steer("PUT", f"/overrides/customerId/{NUMBER}", json=magic), 400, "the sandbox's own")


def test_a_number_of_one_customer_can_not_become_another_customers(tester: Caller) -> None:
    card = "9990000000000025"
    tester.override(NUMBER, {**ANA, "cardNumber": card})
    refused = tester.steer("PUT", "/overrides/customerId/100000000302", json={**ANA, "cardNumber": card})
    assert_problem(refused, 400, NUMBER)
    assert card not in refused.text


def test_one_override_can_be_taken_away(tester: Caller) -> None:
    tester.override(NUMBER, {"error": "resourceNotFound"})
    tester.override("100000000302", {"error": "resourceNotFound"})
    assert tester.steer("DELETE", f"/overrides/customerId/{NUMBER}").status_code == 204
    assert [tester.call(number).status_code for number in (NUMBER, "100000000302")] == [200, 404]
    assert tester.steer("DELETE", f"/overrides/customerId/{NUMBER}").status_code == 404
    assert tester.steer("GET", f"/overrides/customerId/{NUMBER}").status_code == 404


def test_all_overrides_can_be_taken_away(tester: Caller) -> None:
    for number in (NUMBER, "100000000302", "3211*"):
        tester.override(number, {"error": "resourceNotFound"})
    assert tester.steer("DELETE", "/overrides").status_code == 204
    assert tester.get("/overrides") == []
    assert tester.call().status_code == 200


def test_another_space_does_not_see_an_override(tester: Caller, other: Caller) -> None:
    tester.override(NUMBER, {"error": "resourceNotFound"})
    assert other.call().status_code == 200
    assert other.get("/overrides") == []


def test_an_override_for_all_holds_where_a_space_says_nothing_itself(
    everybody: Caller, tester: Caller, other: Caller
) -> None:
    everybody.override(NUMBER, {"error": "resourceNotFound"})
    tester.override(NUMBER, ANA)
    assert (tester.call().status_code, other.call().status_code) == (200, 404)
    everybody.steer("DELETE", "/overrides")
    assert (tester.call().status_code, other.call().status_code) == (200, 200)


def test_a_sequence_for_all_is_counted_for_each_space(everybody: Caller, tester: Caller, other: Caller) -> None:
    everybody.override(NUMBER, {"error": "serverUnavailable", "times": 1})
    assert [space.call().status_code for space in (tester, tester, other, other)] == [500, 200, 500, 200]


def test_the_header_beats_an_override_and_an_override_does_not_hide_a_breach(tester: Caller) -> None:
    tester.override(NUMBER, ANA)
    assert tester.call(X_Sandbox_Scenario="404").status_code == 404
    assert tester.call(countryCode="XX").status_code == 403


def test_an_override_is_never_read_from_another_method(tester: Caller) -> None:
    refused = tester.steer("POST", f"/overrides/customerId/{NUMBER}", json=ANA)
    assert refused.status_code == 405
    assert set(refused.headers["allow"].replace(" ", "").split(",")) >= {"GET", "PUT", "DELETE"}


def test_a_spent_override_says_so(tester: Caller) -> None:
    tester.override(NUMBER, {"error": "serverUnavailable", "times": 2})
    tester.override("3211*", {"error": "serverUnavailable", "times": 1})
    tester.override("100000000302", {"error": "serverUnavailable"})
    for number in (NUMBER, NUMBER, NUMBER, "321100000001", "321100000002", "100000000302"):
        tester.call(number)
    found = [(each["answered"], each["left"]) for each in tester.get("/overrides")]
    assert found == [(2, 0), (2, None), (1, None)]
    assert tester.get(f"/overrides/customerId/{NUMBER}")["left"] == 0


def test_a_customers_two_numbers_are_counted_together(tester: Caller) -> None:
    card = "5500000000000004"
    tester.override(NUMBER, {"error": "serverUnavailable", "times": 1, "cardNumber": card})
    assert [tester.call().status_code, tester.ask({"cardNumber": card}).status_code] == [500, 200]
    assert [each["left"] for each in tester.get("/overrides")] == [0]


def test_thousands_of_overrides_change_nothing_for_a_call(serve: Serve, join: Join) -> None:
    tester = join(serve("--no-access-log"))
    for number in range(2_000):
        tester.override(f"1{number:011}", {"error": "resourceNotFound", "expires": "1h"})
    assert tester.call("100000000007").status_code == 404
    assert tester.call("200000000007").status_code == 200
    assert len(tester.get("/overrides")) == 2_000
