from typing import Any

import pytest

from .conftest import Client
from .control.conftest import assert_problem
from .test_command_line import run

LUIS = ("321116471234", "4969452123456110")


def find(client: Client, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.control("GET", "/customers", params=query).json()
    return found


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ({"birthday": "today"}, "birthdayTodayFlag", True),
        ({"birthday": "never", "count": 1}, "birthday", "never"),
        ({"birthday": "12-24"}, "birthday", "12-24"),
        ({"birthday": "1999-12-24"}, "birthday", "12-24"),
        ({"segment": "40"}, "customerSegment", "40"),
        ({"country": "br"}, "country", "BR"),
    ],
)
def test_customers_are_found_by_a_property_and_answer_as_found(
    client: Client, query: dict[str, Any], field: str, value: object
) -> None:
    found = find(client, **{"count": 15, **query})
    assert {customer[field] for customer in found} == {value}
    for customer in found:
        answer = client.ask({"customerId": customer["customerId"]}, countryCode=customer["country"])
        assert answer.json()["customer"] == {
            name: customer[name] for name in ("fullName", "customerSegment", "birthdayTodayFlag")
        }


def test_those_in_files_come_first_and_the_order_stays(client: Client) -> None:
    found = find(client, count=60)
    written = [customer["scenario"] is not None for customer in found]
    assert written == sorted(written, reverse=True)
    assert len({customer["customerId"] for customer in found if customer["customerId"]}) > 40
    assert found == find(client, count=60)
    assert found[:10] == find(client, count=10)
    assert not any((customer["customerId"] or "").startswith("9999") for customer in found)


def test_the_command_line_finds_the_same(client: Client) -> None:
    arguments = {"birthday": "today", "segment": "40", "country": "CL", "count": "3"}
    flags = [word for name, value in arguments.items() for word in (f"--{name}", value)]
    lines = run("customers", *flags).stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [customer["customerId"] for customer in find(client, **arguments)]


@pytest.mark.parametrize("number", LUIS)
def test_a_customer_in_a_file_is_shown_by_either_number(client: Client, number: str) -> None:
    customer = client.control("GET", f"/customers/{number}").json()
    assert (customer["customerId"], customer["cardNumber"]) == LUIS
    assert customer["scenario"].endswith("documented-example.yaml:4")


def test_a_synthetic_customer_is_shown_by_either_number_and_in_any_country(client: Client) -> None:
    by_id = client.control("GET", "/customers/100000000999").json()
    assert by_id["scenario"] is None
    assert client.control("GET", f"/customers/{by_id['cardNumber']}").json() == by_id
    abroad = client.control("GET", "/customers/100000000999?country=US").json()
    assert abroad["cardNumber"] == by_id["cardNumber"]
    assert abroad["fullName"] != by_id["fullName"]


@pytest.mark.parametrize(
    ("path", "status", "hint"),
    [
        ("?count=0", 400, "1 to 1000"),
        ("?count=1001", 400, "1 to 1000"),
        ("?count=\u0663", 400, "how many, 1 to 1000"),
        ("?birthday=02-30", 400, "a day that exists"),
        ("?country=ZZ", 400, "MX"),
        ("?colour=blue", 400, "did you mean country?"),
        ("/abc", 400, "digits"),
        ("/12345678901234567", 400, "digits"),
        ("/100000000999?country=ZZ", 400, "MX"),
        ("/1", 404, "no customer's"),
        ("/999900000404", 404, "magic-values.yaml"),
        ("/9999000000000404", 404, "999900******0404"),
    ],
)
def test_a_wrong_question_is_a_problem_that_says_what_is_right(
    client: Client, path: str, status: int, hint: str
) -> None:
    assert_problem(client.control("GET", f"/customers{path}"), status, hint)
