"""The `X-Sandbox-*` request headers: understood, or a violation that names them."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from sandbox.core.directives import (
    DATE,
    DELAY,
    FAULT,
    NO_DIRECTIVES,
    PREFER,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    SCENARIO,
    Directives,
    read_directives,
)
from sandbox.core.faults import FAULTS
from sandbox.core.messages import bank_request

from .bank import request

MEXICO = ZoneInfo("America/Mexico_City")
OWN_HEADERS = [name for name in REQUEST_HEADERS if name != PREFER]


def read(headers: dict[str, str], *repeated: str) -> Directives:
    return read_directives(request(headers=headers, repeated=repeated), MEXICO)


def test_a_request_without_directives_asks_for_nothing() -> None:
    assert read({}) is NO_DIRECTIVES


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (SCENARIO, "resourceNotFound", Directives("resourceNotFound")),
        (SCENARIO, " 404 ", Directives("404")),
        (SCENARIO, "", Directives("")),
        (DELAY, "1500ms", Directives(delay=1.5)),
        (DATE, "2027-02-28", Directives(today=date(2027, 2, 28))),
        (DATE, "2028-02-29", Directives(today=date(2028, 2, 29))),
        (DATE, "2028-03-01T05:59:59Z", Directives(today=date(2028, 2, 29))),
        (DELAY, "PT1.5S", Directives(delay=1.5)),
        (PREFER, "code=404", Directives("404", PREFER)),
        (PREFER, 'respond-async, CODE = "404"', Directives("404", PREFER)),
        (PREFER, "code=404; foo=bar", Directives("404", PREFER)),
        (PREFER, "code=", Directives("", PREFER)),
        (PREFER, "respond-async, xcode=404", Directives()),
        *((FAULT, fault, Directives(fault=fault)) for fault in FAULTS),
        (FAULT, f" {next(iter(FAULTS)).upper()} ", Directives(fault=next(iter(FAULTS)))),
    ],
)
def test_a_directive_is_understood(name: str, value: str, expected: Directives) -> None:
    assert read({name: value}) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((DELAY, text) for text in ("", "soon", "2 s", "1d", "61m", "٢s")),
        *((DATE, text) for text in ("", "today", "2027-02-29", "2027-2-28", "20270228", "2027-W01-1", "0000-01-01")),
        *((DATE, text) for text in ("2027-02-28\n", "٢027-01-01", "2027-02-28T00:00:00")),
        *((FAULT, text) for text in ("", "boom", "connection reset")),
    ],
)
def test_a_directive_that_cannot_be_understood_is_a_violation_that_names_it(name: str, value: str) -> None:
    directives = read({name: value})
    (violation,) = directives.violations
    assert (violation.error, violation.location) == ("invalidRequest", name)
    assert violation.reason.startswith(f"{name}: found {value!r}")
    assert directives._replace(violations=()) == NO_DIRECTIVES


@pytest.mark.parametrize("name", [*RESPONSE_HEADERS, "X-Sandbox-Delai", "X-Sandbox-", "X-Sandbox-Foo"])
def test_a_header_that_only_looks_like_a_directive_is_never_ignored(name: str) -> None:
    (violation,) = read({name: "1"}).violations
    assert violation.location.lower() == name.lower()
    assert "is not a directive" in violation.reason


def test_a_misspelt_directive_is_told_what_was_meant() -> None:
    (violation,) = read({"X-Sandbox-Scenari": "404"}).violations
    assert "did you mean x-sandbox-scenario?" in violation.reason.lower()


@pytest.mark.parametrize("name", OWN_HEADERS)
def test_a_directive_that_comes_twice_is_a_violation(name: str) -> None:
    violations = read({name: "x"}, name).violations
    assert violations[0].location == name
    assert "more than once" in violations[0].reason


def test_all_violations_are_named_at_once() -> None:
    violations = read({DELAY: "soon", DATE: "today", FAULT: "boom", "X-Sandbox-Foo": ""}).violations
    assert {violation.location for violation in violations} == {DELAY, DATE, FAULT, "X-Sandbox-Foo"}


def test_the_directive_of_its_own_is_stronger_than_prefer() -> None:
    assert read({SCENARIO: "422", PREFER: "code=404"}) == Directives("422", SCENARIO)


def test_a_preference_is_found_on_every_line() -> None:
    """RFC 7240, 2: several lines are one list."""
    lines = bank_request([(b"prefer", b"respond-async"), (b"prefer", b"code=404")], b"")
    assert read_directives(lines, MEXICO) == Directives("404", PREFER)


def test_an_endless_value_is_cut_in_the_reason() -> None:
    for name in (DELAY, DATE, FAULT):
        (violation,) = read({name: "x" * 10_000}).violations
        assert len(violation.reason) < 400
