"""Whatever is sent to the control API gets a problem that says what was expected, and changes nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import NUMBER, Caller, assert_problem
from .document import OPERATIONS, followed

OVERRIDE = f"/spaces/{{space}}/overrides/customerId/{NUMBER}"
ALONE = "\ud800"  # half of a surrogate pair: JSON can say it, UTF-8 can't


@pytest.mark.parametrize(
    ("method", "path", "wish"),
    [
        ("PUT", OVERRIDE, {"error": {"code": "resourceNotFound", "details": ALONE}}),
        ("PUT", OVERRIDE, {"error": "resourceNotFound", "description": ALONE}),
        ("PUT", OVERRIDE, {"customer": {"fullName": ALONE}}),
        ("PUT", OVERRIDE, {"error": {"code": ALONE}}),
        ("PUT", OVERRIDE, {ALONE: 1}),
        ("PUT", "/spaces/{space}/clock", {"now": ALONE}),
        ("POST", "/spaces/{space}/verify", {"match": {"customerId": ALONE}}),
        ("POST", "/spaces/{space}/verify", {"match": {"cardNumber": ALONE}}),
        ("POST", "/customers", {"segment": ALONE}),
        ("POST", "/explain", {"headers": {ALONE: "a"}}),
    ],
    ids=repr,
)
def test_half_a_character_is_a_problem(tester: Caller, method: str, path: str, wish: object) -> None:
    assert_problem(tester.control(method, path, content=json.dumps(wish)), 400)
    assert tester.get("/overrides") == []


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        '{"times": NaN, "error": "resourceNotFound"}',
        '{"times": 1e400, "error": "resourceNotFound"}',
        '{"times": 99999999999999999999999999, "error": "resourceNotFound"}',
        '{"error": "resourceNotFound", "error": "serverUnavailable"}',
        "1" * 5_000,
        '"' + "x" * 2**20 + '"',
    ],
    ids=lambda body: body[:20],
)
def test_json_that_nobody_should_send_is_a_problem(tester: Caller, body: str) -> None:
    assert_problem(tester.control("PUT", OVERRIDE, content=body), 400)
    assert tester.get("/overrides") == []


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", OVERRIDE), ("PUT", "/spaces/{space}/clock"), ("POST", "/explain")]
)
@pytest.mark.parametrize("body", [b"", b"{", b'{"error": "\xff"}', b"error: resourceNotFound"])
def test_a_body_that_is_not_json_is_a_problem(tester: Caller, method: str, path: str, body: bytes) -> None:
    assert_problem(tester.control(method, path, content=body), 400, "the body is ")


@pytest.mark.parametrize(
    "body", ["a: &a [*a]", "{" * 5_000, "", "a: 1\na: 2", "\t- x", "!!python/name:os.system", "- " * 9]
)
def test_yaml_that_nobody_should_send_is_a_problem(tester: Caller, body: str) -> None:
    assert_problem(tester.control("PUT", OVERRIDE, content=body, headers={"Content-Type": "application/yaml"}), 400)


def test_a_parameter_that_comes_twice_is_a_problem(tester: Caller) -> None:
    assert_problem(tester.steer("GET", "/exchanges?status=404&status=200"), 400)


@pytest.mark.parametrize("path", ["/nowhere", "/spaces/a/b", "/spaces//clock", "/errors/404"])
def test_a_path_that_is_not_there_is_a_problem(tester: Caller, path: str) -> None:
    assert_problem(tester.control("GET", path), 404)


@pytest.mark.parametrize(("method", "path"), [("POST", "/spaces"), ("GET", "/reset"), ("PATCH", OVERRIDE)])
def test_a_method_that_is_not_there_is_a_problem(tester: Caller, method: str, path: str) -> None:
    refused = tester.control(method, path)
    assert_problem(refused, 405)
    assert refused.headers["allow"]


def fields_of_bodies() -> Iterator[tuple[str, str, bool]]:
    """Go through the fields of all bodies; True for one that takes anything."""
    for name, (_, _, operation) in OPERATIONS.items():
        if "requestBody" in operation:
            schema = followed(operation["requestBody"]["content"]["application/json"]["schema"])
            for field, about in schema.get("properties", {}).items():
                yield name, field, "type" not in followed(about)


def call(caller: Caller, name: str, **more: Any) -> Any:
    method, path, _ = OPERATIONS[name]
    values = {"section": "customerId", "pattern": NUMBER, "identity": NUMBER, "id": "1", "sid": "x"}
    return caller.control(method, path.format(space=caller.space, **values), **more)


def mistakes(response: Any) -> dict[str, str]:
    assert_problem(response, 400)
    found = {mistake["path"]: mistake["message"] for mistake in response.json()["mistakes"]}
    assert all(message in response.json()["detail"] for message in found.values())
    return found


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name, field, takes_all in fields_of_bodies() if not takes_all]
)
def test_null_is_a_mistake_wherever_the_document_does_not_name_it(tester: Caller, name: str, field: str) -> None:
    found = mistakes(call(tester, name, json={"client_id": "app", field: None}))
    assert found[field].startswith("found nothing, expected ")


@pytest.mark.parametrize(("name", "field"), sorted({name: field for name, field, _ in fields_of_bodies()}.items()))
def test_a_field_that_is_spelt_otherwise_is_a_mistake_that_says_what_was_meant(
    tester: Caller, name: str, field: str
) -> None:
    found = mistakes(call(tester, name, json={f"{field}x": "1"}))
    assert found[f"{field}x"] == f"'{field}x' is not known here; did you mean {field}?"


def test_a_parameter_that_is_spelt_otherwise_is_a_mistake_that_says_what_was_meant(tester: Caller) -> None:
    found = mistakes(tester.steer("GET", "/exchanges?limt=3&sttus=404"))
    assert found == {
        "limt": "'limt' is not known here; did you mean limit?",
        "sttus": "'sttus' is not known here; did you mean status?",
    }


def test_where_nothing_is_taken_a_parameter_is_a_mistake(tester: Caller) -> None:
    assert mistakes(tester.control("GET", "/errors?colour=red")) == {
        "colour": "'colour' is not known here; expected nothing"
    }


def test_all_mistakes_of_path_query_and_body_are_named_at_once(tester: Caller) -> None:
    wish = {"match": {"status": "many", "colour": "red"}, "exactly": -1, "atLeast": None}
    response = tester.steer("POST", "/verify?a=1&a=2&b=3", json=wish)
    assert set(mistakes(response)) == {"a", "b", "match.status", "match.colour", "exactly", "atLeast"}
    response = tester.control("PUT", "/spaces/{space}/overrides/nobody/x?a=1", content="{")
    assert set(mistakes(response)) == {"section", "a", ""}
    assert set(mistakes(tester.steer("GET", "/exchanges?limit=x&wait=-1&status=1e3"))) == {"limit", "wait", "status"}


@pytest.mark.parametrize("number", ["", "x", "1.5", "-1", "+1", " 1", "1_000", "\u0663", "9" * 30, "true"])
def test_what_is_no_number_in_a_query_is_a_mistake(tester: Caller, number: str) -> None:
    assert set(mistakes(tester.control("GET", "/customers", params={"count": number}))) == {"count"}


def test_very_many_mistakes_are_a_problem_of_bounded_size(tester: Caller) -> None:
    wish = {f"field{n}": n for n in range(40_000)}
    response = tester.steer("PUT", "/clock", json=wish)
    assert len(mistakes(response)) == 100


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/clock", "now: 2028-02-29T09:00:00Z\nticking: true\n", {"ticking": True}),
        ("/clock", "now: 2028-02-29T09:00:00Z\nticking: false\n", {"ticking": False}),
        ("/profile", "liveTexts: true\n", {"liveTexts": True}),
    ],
)
def test_yaml_says_true_and_false_too(tester: Caller, path: str, text: str, found: dict[str, bool]) -> None:
    response = tester.steer("PUT", path, content=text, headers={"Content-Type": "application/yaml"})
    assert found.items() <= response.json().items()


def test_yaml_says_numbers_too_and_what_looks_like_one_stays_text_where_text_is_wanted(tester: Caller) -> None:
    tester.call("000000000123")
    for text in (
        "match: {status: 404, customerId: 000000000123}\nexactly: 0\n",
        "inOrder: [{status: 200, customerId: 000000000123}]",
    ):
        response = tester.steer("POST", "/verify", content=text, headers={"Content-Type": "application/yaml"})
        assert response.json()["verified"] is True, response.text


@pytest.mark.parametrize("text", ["ticking: yes", "ticking:", "ticking: 'True'", "ticking: {}"])
def test_yaml_that_is_neither_true_nor_false_is_a_mistake(tester: Caller, text: str) -> None:
    body = f"now: 2028-02-29T09:00:00Z\n{text}\n"
    response = tester.steer("PUT", "/clock", content=body, headers={"Content-Type": "application/yaml"})
    assert set(mistakes(response)) == {"ticking"}


def test_a_mistake_shows_no_card_number_and_no_credential(tester: Caller) -> None:
    card = "4969452123456110"
    refused = [
        tester.control("GET", f"/customers?{card}=1&count={card}"),
        tester.steer("POST", "/verify", json={"match": {card: 1, "status": card}, card: card}),
        tester.control("POST", "/tokens", json={"client_id": {"a": f"Bearer {card}abc"}}),
    ]
    for response in refused:
        assert mistakes(response)
        assert card not in response.text
