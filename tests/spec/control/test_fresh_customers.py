"""Customers whom nobody was given before."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .conftest import Caller, assert_problem


def fresh(caller: Caller, **wish: str) -> dict[str, Any]:
    response = caller.control("POST", "/customers", json=wish)
    assert response.status_code == 201, response.text
    customer: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/_sandbox/customers/{customer['customerId']}"
    return customer


@pytest.mark.parametrize("country", ["MX", "ES", "BR"])
@pytest.mark.parametrize("segment", ["10", "40"])
@pytest.mark.parametrize("birthday", ["today", "03-14", "02-29"])
def test_a_fresh_customer_is_as_wished_by_either_number(
    tester: Caller, country: str, segment: str, birthday: str
) -> None:
    tester.put("/clock", {"now": "2028-03-13T12:00:00Z"})
    customer = fresh(tester, birthday=birthday, segment=segment, country=country, space=tester.space)
    assert (customer["country"], customer["customerSegment"], customer["scenario"]) == (country, segment, None)
    assert customer["birthday"] == birthday or birthday == "today"
    assert customer["birthdayTodayFlag"] is (birthday == "today")
    for body in ({"customerId": customer["customerId"]}, {"cardNumber": customer["cardNumber"]}):
        reply = tester.ask(body, countryCode=country)
        assert reply.headers["x-sandbox-rule"] == "synthetic_customer"
        assert reply.json()["customer"] == {
            name: customer[name] for name in ("fullName", "customerSegment", "birthdayTodayFlag")
        }


def test_nobody_is_handed_out_twice_whoever_asks(tester: Caller, other: Caller) -> None:
    callers = [tester, other] * 40
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda caller: fresh(caller, segment="20")["customerId"], callers))
    assert len(set(found)) == len(callers)


def test_a_search_never_finds_whom_it_has_handed_out(tester: Caller) -> None:
    handed_out = fresh(tester)["customerId"]
    found = tester.control("GET", "/customers", params={"count": 1000}).json()
    assert handed_out not in {customer["customerId"] for customer in found}


def test_a_customer_who_was_handed_out_can_be_looked_up(tester: Caller) -> None:
    customer = fresh(tester, country="ES")
    for number in (customer["customerId"], customer["cardNumber"]):
        assert tester.control("GET", f"/customers/{number}", params={"country": "ES"}).json() == customer


@pytest.mark.parametrize(
    "wish",
    [
        {"birthday": "tomorrow"},
        {"birthday": "02-30"},
        {"birthday": "never"},
        {"birthday": 314},
        {"segment": "99"},
        {"segment": 20},
        {"country": "XX"},
        {"colour": "red"},
        [],
        None,
    ],
    ids=str,
)
def test_a_wish_that_can_not_be_granted_is_a_problem(tester: Caller, wish: object) -> None:
    assert_problem(tester.control("POST", "/customers", json=wish), 400)


@pytest.mark.parametrize("query", ["birthday=tomorrow", "country=XX", "count=0", "count=1001", "count=x", "colour=red"])
def test_a_search_that_can_not_be_understood_is_a_problem(tester: Caller, query: str) -> None:
    assert_problem(tester.control("GET", f"/customers?{query}"), 400)


@pytest.mark.parametrize(("number", "status"), [("999900000404", 404), ("123", 404), ("12ab", 400), ("1" * 17, 400)])
def test_a_number_that_is_no_customers_is_a_problem(tester: Caller, number: str, status: int) -> None:
    assert_problem(tester.control("GET", f"/customers/{number}"), status)
