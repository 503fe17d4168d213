"""Whatever is sent to the control API gets a problem that says what was expected, and changes nothing."""

import json

import pytest

from .conftest import NUMBER, Caller, assert_problem

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
