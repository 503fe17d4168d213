"""A whole scenario file as the overrides of a space: all of it or nothing."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from .conftest import NUMBER, Caller, assert_problem

ERROR = {"error": "serverUnavailable"}
FILE: Mapping[str, Any] = {
    "description": "the bank is slow, and down at the ATM",
    "customerId": {
        NUMBER: {"cardNumber": "5500000000000004", "customer": {"fullName": "Ana"}},
        "*": {"when": {"ChannelId": "ATM"}, "error": "serverUnavailable", "otherwise": {"customer": "synthetic"}},
    },
    "named": {"my-outage": {"error": "gatewayTimeout", "times": 2}},
    "companion": {"token": {"error": "serviceUnavailable", "expires": "1h"}},
}


def test_a_whole_file_takes_the_place_of_all_overrides(tester: Caller) -> None:
    tester.override("100000000302", ERROR)
    placed = tester.put("/overrides", FILE)
    assert [next(iter(each.items())) for each in placed] == [
        ("customerId", NUMBER), ("customerId", "*"), ("named", "my-outage"), ("companion", "token")
    ]  # fmt: skip
    assert tester.get("/overrides") == placed
    assert tester.call().json()["customer"]["fullName"] == "Ana"
    assert tester.call("100000000302").status_code == 200
    assert tester.call("100000000302", ChannelId="ATM").status_code == 500


def test_a_named_scenario_is_asked_for_by_its_header_in_that_space_alone(tester: Caller, other: Caller) -> None:
    tester.put("/overrides", FILE)
    assert tester.call(X_Sandbox_Scenario="My-Outage").status_code == 504
    assert tester.get("/overrides/named/my-outage")["answered"] == 1
    unknown = other.call(X_Sandbox_Scenario="my-outage")
    assert unknown.status_code == 400
    assert "my-outage" not in unknown.headers["x-sandbox-reason"].partition("there are")[2]
    assert "my-outage" in tester.call(X_Sandbox_Scenario="nope").headers["x-sandbox-reason"]


def test_one_named_scenario_may_be_placed_and_taken_away(tester: Caller) -> None:
    tester.override("blip", ERROR, "named")
    assert tester.call(X_Sandbox_Scenario="blip").status_code == 500
    assert tester.steer("DELETE", "/overrides/named/blip").status_code == 204
    assert tester.call(X_Sandbox_Scenario="blip").status_code == 400


def test_a_name_is_the_same_in_any_case(tester: Caller) -> None:
    for name in ("Blip", "BLIP"):
        tester.override(name, ERROR, "named")
    assert [each["named"] for each in tester.get("/overrides")] == ["blip"]
    assert tester.get("/overrides/named/bliP")["entry"] == ERROR
    assert [tester.steer("DELETE", "/overrides/named/Blip").status_code for _ in range(2)] == [204, 404]
    refused = tester.steer("PUT", "/overrides", json={"named": {"a": ERROR, "A": ERROR}})
    assert_problem(refused, 400, "one entry for one identity")


def test_a_file_comes_back_and_can_be_placed_again(tester: Caller, other: Caller) -> None:
    tester.put("/overrides", FILE)
    text = tester.steer("GET", "/overrides", headers={"Accept": "application/yaml"}).content
    again = other.steer("PUT", "/overrides", content=text, headers={"Content-Type": "application/yaml"})
    assert again.status_code == 200, again.text
    file = yaml.load(text, Loader=yaml.BaseLoader)
    assert file["customerId"] == FILE["customerId"]
    text_of_other = other.steer("GET", "/overrides", headers={"Accept": "application/yaml"}).content
    assert yaml.load(text_of_other, Loader=yaml.BaseLoader)["named"] == file["named"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"customerId": {"1": {"eror": 1}, "2": {"error": "nope"}}}, "customerId.1.eror"),
        ({"customerId": {"12ab": ERROR}}, "customerId.12ab"),
        ({"custmerId": {}}, "custmerId"),
        ({"customerId": {"999900000404": ERROR}}, "customerId.999900000404"),
        ({"named": {"404": ERROR}}, "named.404"),
        ({"named": {"resourceNotFound": ERROR}}, "named.resourceNotFound"),
        ({"companion": {"token": {"expires": "soon", "error": 503}}}, "companion.token.expires"),
        (
            {"customerId": {"1": {"customer": {}, "cardNumber": "5"}}, "cardNumber": {"5": ERROR}},
            "cardNumber.5",
        ),
        ({"customerId": []}, "customerId"),
    ],
)
def test_a_file_with_a_mistake_changes_nothing_and_names_it(tester: Caller, wrong: dict[str, Any], path: str) -> None:
    tester.override(NUMBER, ERROR)
    before = tester.get("/overrides")
    refused = tester.steer("PUT", "/overrides", json={**wrong, "description": "x"})
    assert_problem(refused, 400)
    assert path in {mistake["path"] for mistake in refused.json()["mistakes"]}
    assert tester.get("/overrides") == before


def test_too_many_overrides_change_nothing(tester: Caller) -> None:
    tester.override(NUMBER, ERROR)
    many = {f"{number:012}": {"error": 404} for number in range(10_001)}
    assert_problem(tester.steer("PUT", "/overrides", json={"customerId": many}), 400, "at most 10000")
    assert len(tester.get("/overrides")) == 1
