"""Customers, and the population of those that nobody wrote down.

Rule 1: a synthetic customer is a pure function of (seed, countryCode, identity): the same on every machine, in any
order, after any restart.
Rule 2: names come from Faker, everything else from a digest; Faker's data changes between releases, so it is pinned.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from hashlib import blake2b
from itertools import accumulate
from typing import Any, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from .messages import Identity

# An everyday birthday, no birthday at all, or the month and day of the real one.
Birthday: TypeAlias = Literal["today", "never"] | tuple[int, int]
LeapDay: TypeAlias = Literal["02-28", "03-01", "leapYearsOnly"]

# ISO/IEC 7812 puts a country code behind a leading 9, and ISO 3166 never assigns 990 or 999.
SYNTHETIC_CARD_PREFIX = "9990"
RESERVED_PREFIX = "9999"

_LEAP_DAY = (2, 29)
_COMMON_DAYS = tuple((day.month, day.day) for day in (date(2001, 1, 1) + timedelta(n) for n in range(365)))


class Customer(NamedTuple):
    """What the bank knows of a customer."""

    full_name: str
    segment: str
    birthday: Birthday


class Country(NamedTuple):
    """A country that the bank serves; anything else is answered with 403. None means that every value is served."""

    code: str
    locale: str
    zone: ZoneInfo
    businesses: frozenset[str] | None
    channels: frozenset[str] | None


class Population:
    """Everybody there is, as `world.yaml` describes them.

    `segments` maps a code to its weight, `everyday_birthdays` is the share of those who celebrate every day, and
    `leap_day` says when those born on 29 February celebrate in other years.
    """

    def __init__(
        self,
        seed: str,
        segments: Mapping[str, float],
        everyday_birthdays: float,
        leap_day: LeapDay,
        synthesizes_unknown: bool,
        countries: Mapping[str, Country],
    ) -> None:
        self.seed = seed
        self.countries = countries
        self.segments = segments
        self.synthesizes_unknown = synthesizes_unknown
        self.everyday_birthdays = everyday_birthdays
        self.leap_day = leap_day
        total = sum(segments.values())
        self._segment_codes = tuple(segments)
        self._segment_bounds = [weight / total for weight in accumulate(segments.values())][:-1]
        self._names: dict[str, _Names] = {}

    @property
    def home(self) -> Country:
        """The country that counts where a request names none: the first in the file."""
        return next(iter(self.countries.values()))

    def customer(self, country: Country, identity: Identity) -> Customer:
        """Return who has this identity; a synthetic card leads to the customer of its customerId."""
        identity = self.customer_identity(identity)
        digest = self._digest(country, identity)
        return Customer(self._name(country, digest), self._segment(digest), self._birthday(digest))

    def properties(self, country: Country, identity: Identity) -> tuple[str, Birthday]:
        """Return the segment and birthday alone, without the price of a name."""
        digest = self._digest(country, self.customer_identity(identity))
        return self._segment(digest), self._birthday(digest)

    def is_birthday(self, birthday: Birthday, today: date) -> bool:
        """Tell whether the birthday is celebrated today."""
        if birthday == "today" or birthday == "never":
            return birthday == "today"
        if birthday == _LEAP_DAY and not _is_leap(today.year):
            if self.leap_day == "leapYearsOnly":
                return False
            birthday = (2, 28) if self.leap_day == "02-28" else (3, 1)
        return birthday == (today.month, today.day)

    def customer_ids(self, start: int = 0) -> Iterator[tuple[int, str]]:
        """Go through all customerIds outside the reserved numbers, numbered, in a fixed order that looks random."""
        for number in range(start, 10**12):
            customer_id = f"{_shuffle(number):012}"
            if not customer_id.startswith(RESERVED_PREFIX):
                yield number, customer_id

    @staticmethod
    def customer_identity(identity: Identity) -> Identity:
        """Return the customerId behind a synthetic card; any other identity as it is."""
        if identity.kind == "cardNumber" and (customer_id := customer_id_of(identity.value)):
            return Identity("customerId", customer_id)
        return identity

    def _digest(self, country: Country, identity: Identity) -> bytes:
        text = f"{self.seed}\n{country.code}\n{identity.kind}\n{identity.value}"
        return blake2b(text.encode(), digest_size=32).digest()

    def _segment(self, digest: bytes) -> str:
        return self._segment_codes[bisect_right(self._segment_bounds, int.from_bytes(digest[:4]) / 2**32)]

    def _birthday(self, digest: bytes) -> Birthday:
        if int.from_bytes(digest[4:8]) / 2**32 < self.everyday_birthdays:
            return "today"
        day_in_four_years = int.from_bytes(digest[8:12]) % 1461
        return _COMMON_DAYS[day_in_four_years // 4] if day_in_four_years < 1460 else _LEAP_DAY

    def _name(self, country: Country, digest: bytes) -> str:
        names = self._names.get(country.locale)
        if names is None:
            names = self._names[country.locale] = _Names(country.locale)
        return names.pick(int.from_bytes(digest[12:]))


def card_of(customer_id: str) -> str:
    """Return the card number of a synthetic customer: a permutation of its 12-digit customerId."""
    return f"{SYNTHETIC_CARD_PREFIX}{_shuffle(int(customer_id)):012}"


def customer_id_of(card_number: str) -> str | None:
    """Return the customerId that a synthetic card leads back to; None for any other card."""
    if len(card_number) != 16 or not card_number.startswith(SYNTHETIC_CARD_PREFIX):
        return None
    return f"{_unshuffle(int(card_number[4:])):012}"


def looks_real(card_number: str) -> bool:
    """Tell whether a card number could be somebody's: of full length, right by Luhn, and not one of ours."""
    if len(card_number) != 16 or card_number.startswith((SYNTHETIC_CARD_PREFIX, RESERVED_PREFIX)):
        return False
    digits = [int(digit) for digit in card_number]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[0::2]]
    return (sum(doubled) + sum(digits[1::2])) % 10 == 0


# A balanced Feistel network over two halves of six decimal digits, adding modulo a million: exactly reversible over
# all 12-digit numbers, whatever the round function is.
_HALF = 10**6
_ROUNDS = (b"1", b"2", b"3", b"4")


def _shuffle(number: int) -> int:
    left, right = divmod(number, _HALF)
    for key in _ROUNDS:
        left, right = right, (left + _mix(key, right)) % _HALF
    return left * _HALF + right


def _unshuffle(number: int) -> int:
    left, right = divmod(number, _HALF)
    for key in reversed(_ROUNDS):
        left, right = (right - _mix(key, left)) % _HALF, left
    return left * _HALF + right


def _mix(key: bytes, half: int) -> int:
    return int.from_bytes(blake2b(b"%d" % half, digest_size=8, key=key).digest())


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


class _Names:
    """Faker's names of one locale, in the forms that the locale uses, without titles.

    Faker is imported here, at the first name, because it takes as long as everything else together. Its lists are
    picked from by the digest: reseeding its generator would cost three times as much as all the rest of a customer.
    """

    def __init__(self, locale: str) -> None:
        from faker import Factory
        from faker.providers.person import Provider

        generator = Factory.create(locale, ["faker.providers.person"])
        person = generator.provider("faker.providers.person")
        assert isinstance(person, Provider)
        formats = [_name_format(text) for text in _formats(person)]
        untitled = [(text, parts) for text, parts in formats if not any("fix" in part for part in parts)]
        pools: dict[str, tuple[str, ...]] = {}
        for part in sorted({part for _, parts in formats for part in parts}):
            generator.seed_instance(part)
            pools[part] = _pool(person, part)
        self._formats = [(text, [pools[part] for part in parts]) for text, parts in untitled or formats]

    def pick(self, number: int) -> str:
        """Return the name that belongs to a number, which is best a large one."""
        number, form = divmod(number, len(self._formats))
        text, pools = self._formats[form]
        parts = []
        for pool in pools:
            number, index = divmod(number, len(pool))
            parts.append(pool[index])
        return text % tuple(parts)


# A few locales put a part together out of others; then a sample of what they make is the list.
_SAMPLE = 1_000
_NAME_PART = re.compile(r"{{([a-z_]+)}}")


def _formats(person: Any) -> Iterator[str]:
    """Go through a provider's name formats; a few locales (es_CL) name lists of formats instead."""
    for text in person.formats:
        yield from [text] if "{{" in text else getattr(person, text)


def _name_format(text: str) -> tuple[str, list[str]]:
    return _NAME_PART.sub("%s", text.replace("%", "%%")), _NAME_PART.findall(text)


def _pool(person: Any, part: str) -> tuple[str, ...]:
    """Return the names that a part of a name is picked from; a few of Faker's hold a blank too many."""
    is_plain = not any(part in vars(kind) for kind in type(person).__mro__[:-3])
    listed = getattr(person, part + "s", None) if is_plain else None
    names = listed or [getattr(person, part)() for _ in range(_SAMPLE)]
    return tuple(" ".join(name.split()) for name in names)
