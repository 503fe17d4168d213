import subprocess
import sys
from collections import Counter
from datetime import date
from importlib.metadata import version
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.customers import Population, card_of, customer_id_of, looks_real, position_of
from sandbox.core.messages import Identity
from sandbox.loader import Loader, load_contract

POPULATION = Loader(load_contract()).load().population
MX = POPULATION.countries["MX"]
CUSTOMER_IDS = st.integers(0, 10**12 - 1).map("{:012}".format)
# Faker's data changes between releases: with another version, look at these and pin them anew.
GOLDEN = {
    "MX": "Víctor Olivo, 20, (5, 22)",
    "US": "Andre Weaver, 40, (4, 28)",
    "CO": "Juan Mario Correa, 30, (7, 21)",
    "AR": "Alvaro Rafael Franco, 10, (7, 19)",
    "CL": "Víctor Luciano Lobos Rojas, 40, (6, 19)",
    "BR": "Hadassa Lima, 30, (12, 30)",
    "ES": "Benjamín Larrañaga Cueto, 20, (4, 24)",
}


@given(CUSTOMER_IDS)
def test_a_card_leads_back_to_its_customer(customer_id: str) -> None:
    card = card_of(customer_id)
    assert len(card) == 16
    assert card.startswith("9990")
    assert customer_id_of(card) == customer_id
    assert POPULATION.customer(MX, Identity("cardNumber", card)) == POPULATION.customer(
        MX, Identity("customerId", customer_id)
    )


@given(CUSTOMER_IDS)
def test_every_synthetic_card_belongs_to_somebody(digits: str) -> None:
    customer_id = customer_id_of("9990" + digits)
    assert customer_id is not None
    assert card_of(customer_id) == "9990" + digits


@pytest.mark.parametrize("card", ["4969452123456110", "9999000000000404", "999000000000000", "99900000000000000"])
def test_no_other_card_leads_anywhere(card: str) -> None:
    assert customer_id_of(card) is None


def test_the_order_of_customer_ids_is_fixed_and_without_repetition() -> None:
    found = list(islice(POPULATION.customer_ids(), 5_000))
    assert len(set(found)) == 5_000
    assert not any(customer_id.startswith("9999") for customer_id in found)
    assert next(POPULATION.customer_ids(position_of(found[1234]))) == found[1234]


def test_segments_and_birthdays_are_spread_as_the_world_says() -> None:
    found = [
        POPULATION.properties(MX, Identity("customerId", number))
        for number in islice(POPULATION.customer_ids(), 20_000)
    ]
    segments = Counter(segment for segment, _ in found)
    total = sum(POPULATION.segments.values())
    for segment, weight in POPULATION.segments.items():
        assert abs(segments[segment] / 20_000 - weight / total) < 0.02
    birthdays = Counter(birthday for _, birthday in found)
    assert abs(birthdays["today"] / 20_000 - 0.1) < 0.01
    assert birthdays[2, 29] > 0
    assert len(birthdays) == 367


@pytest.mark.parametrize(
    ("leap_day", "days"),
    [
        ("02-28", {date(2027, 2, 28), date(2028, 2, 29)}),
        ("03-01", {date(2027, 3, 1), date(2028, 2, 29)}),
        ("leapYearsOnly", {date(2028, 2, 29)}),
    ],
)
def test_29_february_is_celebrated_as_the_world_says(leap_day: str, days: set[date]) -> None:
    population = Population("s", {"1": 1}, 0, leap_day, True, POPULATION.countries)  # type: ignore[arg-type]
    around = [date(year, *day) for year in (2027, 2028) for day in ((2, 28), (3, 1))] + [date(2028, 2, 29)]
    assert {day for day in around if population.is_birthday((2, 29), day)} == days


def describe() -> dict[str, str]:
    """Return the customers that the golden ones are compared with."""
    found = {}
    for code, country in POPULATION.countries.items():
        customer = POPULATION.customer(country, Identity("customerId", "100000000000"))
        found[code] = f"{customer.full_name}, {customer.segment}, {customer.birthday}"
    return found


def test_golden_customers_stay_who_they_are() -> None:
    assert version("faker") == "40.54.0"
    assert describe() == GOLDEN


def test_customers_are_the_same_in_every_process() -> None:
    program = "from tests.core.test_customers import describe; print(describe())"
    for seed in ("0", "1"):
        run = subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == str(describe())


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("4111111111111111", True),
        ("5500000000000004", True),
        ("4969452123456110", False),
        ("9990000000000002", False),
        ("9999000000000404", False),
        ("411111111111111", False),
    ],
)
def test_a_card_looks_real_by_luhn_and_range(card: str, expected: bool) -> None:
    assert looks_real(card) == expected
