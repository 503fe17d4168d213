"""The population: reversible cards, customers that are the same everywhere, shares near the world's."""

import os
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.customers import (
    RESERVED_PREFIX,
    SYNTHETIC_CARD_PREFIX,
    Birthday,
    Country,
    Customer,
    LeapDay,
    Population,
    card_of,
    customer_id_of,
    looks_real,
)
from sandbox.core.messages import Identity
from sandbox.files.world import locales

from .bank import DOCUMENTED_CARD, MEXICO, POPULATION

customer_ids = st.integers(0, 10**12 - 1).map("{:012}".format)
ROOT = Path(__file__).parents[2]


def population(
    segments: Mapping[str, float] | None = None, everyday: float = 0.1, leap_day: LeapDay = "02-28", seed: str = "x"
) -> Population:
    return Population(seed, segments or {"10": 1.0}, everyday, leap_day, True, {"MX": MEXICO})


def customer(number: str, country: Country = MEXICO) -> Customer:
    kind = Identity("customerId", number) if len(number) == 12 else Identity("cardNumber", number)
    return POPULATION.customer(country, kind)


# Cards


@given(customer_ids)
def test_a_synthetic_card_leads_back_to_its_customer(customer_id: str) -> None:
    assert customer_id_of(card_of(customer_id)) == customer_id


@given(customer_ids)
def test_every_synthetic_card_is_somebodys(digits: str) -> None:
    card = SYNTHETIC_CARD_PREFIX + digits
    customer_id = customer_id_of(card)
    assert customer_id is not None
    assert card_of(customer_id) == card


@pytest.mark.parametrize("number", [0, 1, 999_999, 10**6, 10**6 + 1, 5 * 10**11, 10**12 - 10**6, 10**12 - 1])
def test_the_permutation_holds_at_the_ends_of_its_range(number: int) -> None:
    card = card_of(f"{number:012}")
    assert card.isascii()
    assert card.isdigit()
    assert len(card) == 16
    assert card.startswith(SYNTHETIC_CARD_PREFIX)
    assert customer_id_of(card) == f"{number:012}"


def test_neighbours_have_cards_that_are_all_different_and_look_unrelated() -> None:
    cards = [card_of(f"{number:012}") for number in range(20_000)]
    assert len(set(cards)) == len(cards)
    for digit in range(4, 16):
        assert all(count == pytest.approx(2_000, rel=0.15) for count in Counter(card[digit] for card in cards).values())


@given(st.from_regex(r"[0-9]{0,16}", fullmatch=True).filter(lambda card: not card.startswith(SYNTHETIC_CARD_PREFIX)))
def test_no_other_card_leads_to_a_synthetic_customer(card: str) -> None:
    assert customer_id_of(card) is None


def test_a_card_of_another_length_is_not_synthetic() -> None:
    assert customer_id_of(SYNTHETIC_CARD_PREFIX + "0" * 11) is None
    assert customer_id_of(SYNTHETIC_CARD_PREFIX + "0" * 13) is None


def test_no_synthetic_or_reserved_card_can_be_issued() -> None:
    """ISO/IEC 7812 puts a country code behind a leading 9; ISO 3166 leaves 900 to 999 to its users."""
    for prefix in (SYNTHETIC_CARD_PREFIX, RESERVED_PREFIX):
        assert prefix[0] == "9"
        assert 900 <= int(prefix[1:]) <= 999


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("4111111111111111", True),
        ("5555555555554444", True),
        ("4111111111111112", False),
        ("411111111111111", False),
        (DOCUMENTED_CARD, False),
        ("9999000000000404", False),
        ("0000000000000000", True),
    ],
)
def test_a_card_looks_real_when_luhn_says_so_and_it_is_not_ours(card: str, expected: bool) -> None:
    assert looks_real(card) == expected


@given(customer_ids)
def test_no_synthetic_card_looks_real(customer_id: str) -> None:
    assert not looks_real(card_of(customer_id))


def test_the_order_of_customer_ids_can_be_entered_anywhere_and_leaves_out_what_is_reserved() -> None:
    ids = list(islice(POPULATION.customer_ids(), 30_000))
    assert len(set(ids)) == len(ids)
    assert not any(customer_id.startswith(RESERVED_PREFIX) for _, customer_id in ids)
    assert ids == list(islice(POPULATION.customer_ids(), 30_000))
    position = ids[20_000][0]
    assert list(islice(POPULATION.customer_ids(position), 5)) == ids[20_000:20_005]


# Who somebody is

by_country = pytest.mark.parametrize("country", POPULATION.countries.values(), ids=lambda country: country.code)


@by_country
@given(customer_id=customer_ids)
def test_the_customer_is_the_same_by_card_and_by_id(country: Country, customer_id: str) -> None:
    assert customer(card_of(customer_id), country) == customer(customer_id, country)


@given(customer_ids)
def test_the_properties_are_those_of_the_customer(customer_id: str) -> None:
    found = customer(customer_id)
    assert POPULATION.properties(MEXICO, Identity("customerId", customer_id)) == (found.segment, found.birthday)


def test_another_seed_country_or_kind_of_number_is_somebody_else() -> None:
    number = "000000000001"
    identity = Identity("customerId", number)
    spain = POPULATION.countries["ES"]
    found = {
        population(seed="x").customer(MEXICO, identity),
        population(seed="y").customer(MEXICO, identity),
        population(seed="x").customer(spain, identity),
        population(seed="x").customer(MEXICO, Identity("cardNumber", number)),
    }
    assert len(found) == 4


_SCRIPT = """
import sys
from sandbox.core.messages import Identity
from sandbox.files.loader import Loader
from sandbox.files.shipped import load_contract
population = Loader(load_contract()).load().population
for line in sys.stdin.read().split():
    code, number = line.split(":")
    kind = "customerId" if len(number) == 12 else "cardNumber"
    print(ascii(tuple(population.customer(population.countries[code], Identity(kind, number)))))
"""


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_customers_are_the_same_in_any_process_and_in_any_order(hash_seed: str) -> None:
    numbers = [number for n in range(0, 10**12, 10**11) for number in (f"{n:012}", card_of(f"{n:012}"), f"5{n:015}")]
    asked = [f"{code}:{number}" for code in POPULATION.countries for number in numbers]
    there = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        input="\n".join(reversed(asked)),
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "LANG": "C", "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    here = [
        ascii(tuple(customer(number, POPULATION.countries[code]))) for code, number in (a.split(":") for a in asked)
    ]
    assert there[::-1] == here


@pytest.mark.parametrize("locale", sorted(locales() - {"fr_QC"}))  # deprecated by Faker itself, with a warning
def test_every_locale_that_the_world_file_may_name_has_names(locale: str) -> None:
    country = Country("XX", locale, ZoneInfo("UTC"), None, None)
    names = {POPULATION.customer(country, Identity("customerId", f"{n:012}")).full_name for n in range(200)}
    assert len(names) > 50
    for name in names:
        assert name == " ".join(name.split())
        assert not set(name) & set("{}%")


# Shares

SAMPLE = [Identity("customerId", f"{n:012}") for n in range(50_000)]


@pytest.mark.parametrize(
    "segments",
    [POPULATION.segments, {"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, {"rare": 0.01, "common": 0.99}],
    ids="-".join,
)
def test_the_segments_have_about_the_weights_of_the_world(segments: Mapping[str, float]) -> None:
    people = population(segments)
    found = Counter(people.properties(MEXICO, identity)[0] for identity in SAMPLE)
    total = sum(segments.values())
    assert {code: found[code] / len(SAMPLE) for code in found} == pytest.approx(
        {code: weight / total for code, weight in segments.items()}, abs=0.01
    )


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_about_the_worlds_share_has_a_birthday_every_day(share: float) -> None:
    people = population(everyday=share)
    found = sum(people.properties(MEXICO, identity)[1] == "today" for identity in SAMPLE) / len(SAMPLE)
    assert found == (share if share in {0.0, 1.0} else pytest.approx(share, abs=0.01))


def test_all_others_have_their_birthdays_spread_over_the_whole_year_29_february_included() -> None:
    people = population(everyday=0.0)
    days = Counter(people.properties(MEXICO, identity)[1] for identity in SAMPLE)
    year = [date(2000, 1, 1) + timedelta(n) for n in range(366)]
    assert set(days) == {(day.month, day.day) for day in year}
    leap_day = days.pop((2, 29))
    assert all(60 < count < 220 for count in days.values())
    assert 15 < leap_day < 60


# Birthdays


@pytest.mark.parametrize("today", [date(2027, 1, 1), date(2028, 2, 29), date(9999, 12, 31)])
def test_everybody_with_an_everyday_birthday_has_one_today_and_others_may_have_none(today: date) -> None:
    assert POPULATION.is_birthday("today", today)
    assert not POPULATION.is_birthday("never", today)


@given(st.dates(), st.dates())
def test_a_birthday_is_on_its_day_and_on_no_other(born: date, today: date) -> None:
    if (born.month, born.day) != (2, 29):
        expected = (born.month, born.day) == (today.month, today.day)
        assert POPULATION.is_birthday((born.month, born.day), today) == expected


@pytest.mark.parametrize("leap_day", ["02-28", "03-01", "leapYearsOnly"])
@pytest.mark.parametrize(
    ("year", "is_leap"), [(2027, False), (2028, True), (2000, True), (1900, False), (2100, False), (2400, True)]
)
def test_29_february_is_celebrated_as_the_world_says(leap_day: LeapDay, year: int, is_leap: bool) -> None:
    people = population(leap_day=leap_day)
    days = [date(year, 1, 1) + timedelta(n) for n in range(366 if is_leap else 365)]
    celebrated = [f"{day:%m-%d}" for day in days if people.is_birthday((2, 29), day)]
    expected = {True: ["02-29"], False: [] if leap_day == "leapYearsOnly" else [leap_day]}
    assert celebrated == expected[is_leap]


# Golden customers: whoever changes one of them changes what every user has written into tests of their own.

GOLDEN_FAKER = "40.54.0"
GOLDEN: dict[tuple[str, str], tuple[str, str, Birthday]] = {
    ("MX", "000000000000"): ("Sergio Ávila", "40", (6, 8)),
    ("MX", "000000000001"): ("Andrés Marroquín Solorio", "10", (2, 15)),
    ("MX", "321116471235"): ("Eugenio Ledesma Sotelo", "10", (11, 4)),
    ("MX", "999999999999"): ("Daniel Pineda Cornejo", "10", (12, 10)),
    ("MX", "9990140185773330"): ("Andrés Marroquín Solorio", "10", (2, 15)),
    ("MX", "4111111111111111"): ("Hilda Barela", "20", (5, 28)),
    ("US", "000000000001"): ("Victor Odonnell", "20", (1, 26)),
    ("CO", "000000000001"): ("Maira Pedraza Pinzón", "10", (3, 2)),
    ("AR", "000000000001"): ("Maia Simon Paez Bustos", "10", (6, 1)),
    ("CL", "000000000001"): ("Marie Aguayo-Morán Valdés", "10", (4, 17)),
    ("BR", "000000000001"): ("Caio Aparecida", "20", (8, 23)),
    ("ES", "000000000001"): ("Mirta Ayllón Cabeza", "30", (1, 17)),
}


def test_faker_is_pinned_to_the_release_of_the_golden_customers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"faker=={GOLDEN_FAKER}" in project["dependencies"]
    assert version("faker") == GOLDEN_FAKER


def test_golden_customers_stay_who_they_are() -> None:
    found = {(code, number): tuple(customer(number, POPULATION.countries[code])) for code, number in GOLDEN}
    assert found == GOLDEN


def test_there_is_a_golden_customer_in_every_shipped_country() -> None:
    assert {code for code, _ in GOLDEN} == set(POPULATION.countries)
