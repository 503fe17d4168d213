"""People: finding customers by their properties, written down or synthetic.

Rule 1: a search goes through everybody in one fixed order, those in scenario files first; a position in it is a number.
"""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain, islice
from typing import NamedTuple, TypeAlias

from .core.cast import Cast, Suits
from .core.customers import Birthday, Country, Customer, Population, card_of
from .core.entries import read_birthday
from .core.messages import IDENTITY_LENGTHS, Identity, IdentityKind
from .core.scenario_book import ScenarioBook
from .core.scenarios import CustomerOutcome, Scenario, owner_of
from .user_errors import NotFound, UserError

MAX_CUSTOMERS = 1_000
_SEARCHED = 500_000
# Fresh identities begin where no search gets to, so that nobody has met them.
_FIRST_FRESH = 10**11


class FoundCustomer(NamedTuple):
    """A customer with the numbers that lead to it. `scenario` is the file and line, None for a synthetic one."""

    country: str
    customer_id: str | None
    card_number: str | None
    customer: Customer
    is_birthday: bool
    scenario: str | None


class Found(NamedTuple):
    """What a search has found, and the position at which it goes on; None where there is nobody else."""

    customers: list[FoundCustomer]
    after: int | None


class Celebration(NamedTuple):
    """Who celebrates on a day, as far as they have one birthday a year: some of the cast, some of everybody else."""

    cast: list[FoundCustomer]
    others: list[FoundCustomer]


_Candidate: TypeAlias = tuple[int, FoundCustomer | None]


class People:
    """Everybody there is at a moment."""

    def __init__(self, population: Population, book: ScenarioBook, cast: Cast, now: datetime) -> None:
        self._population = population
        self._book = book
        self._cast = cast
        self._now = now

    def find(self, number: str, country_code: str | None = None) -> FoundCustomer:
        """Show the customer who has this customerId or cardNumber. Raises UserError, or NotFound when nobody has."""
        kind: IdentityKind = "customerId" if len(number) <= IDENTITY_LENGTHS["customerId"] else "cardNumber"
        identity = Identity(kind, number)
        if not number.isascii() or not number.isdigit() or len(number) > IDENTITY_LENGTHS[kind]:
            raise UserError("expected a customerId of up to 12 digits or a cardNumber of up to 16")
        country = self._country(country_code)
        scenario = self._book.plain(identity)
        if scenario and (found := self._written(scenario, identity, country)):
            return found
        if scenario or not identity.is_full_length or not self._population.synthesizes_unknown:
            raise NotFound(
                f"{identity} is no customer's" + (f": {scenario.title} in {scenario.place}" if scenario else "")
            )
        return self._synthetic(identity, country)

    def search(
        self,
        count: int = 5,
        country_code: str | None = None,
        birthday: str | None = None,
        segment: str | None = None,
        after: int = 0,
        most_looked_at: int = _SEARCHED,
    ) -> Found:
        """Find up to `count` customers with these properties, those in scenario files first, always in one order.

        `birthday` is `today`, `never` or `MM-DD`; `today` means that the flag is true now. The search begins at the
        position `after`, and ends when it has looked at so many. Raises UserError.
        """
        if not 1 <= count <= MAX_CUSTOMERS:
            raise UserError(f"count: found {count}, expected 1 to {MAX_CUSTOMERS}")
        country = self._country(country_code)
        suits = self._suits(country, birthday, segment)
        everybody = self._written_from(country, suits, after)
        # Nobody synthetic is without a birthday or in another segment than the world's: no use in looking, unless a
        # scenario says how everybody is.
        is_likely = birthday != "never" and (segment is None or segment in self._population.segments)
        if is_likely or self._book.everybody("customerId"):
            everybody = chain(everybody, self._synthetic_from(country, suits, max(after - len(self._cast), 0)))
        found: list[FoundCustomer] = []
        for looked_at, (position, customer) in enumerate(everybody, 1):
            if customer:
                found.append(customer)
            if len(found) == count or looked_at == most_looked_at:
                return Found(found, position + 1)
        return Found(found, None)

    def celebrating(self, day: date, most: int = 5, most_looked_at: int = _SEARCHED) -> Celebration:
        """Find up to `most` of the cast, and of those nobody wrote down, who celebrate on a day but not on every day.

        They are those of the home country; the search looks at so many of each.
        """
        country, population = self._population.home, self._population

        def suits(segment: str, birthday: Birthday) -> bool:
            return birthday != "today" and population.is_birthday(birthday, day)

        cast, others = (
            islice((found for _, found in islice(candidates, most_looked_at) if found), most)
            for candidates in (self._written_from(country, suits, 0), self._synthetic_from(country, suits, 0))
        )
        return Celebration(list(cast), list(others))

    def cast_celebrating(self, day: date) -> int:
        """Count those of the cast who celebrate on a day but not on every day, as far as their entries say it."""
        birthdays, leap_day = self._cast.birthdays, (2, 29)
        born = (day.month, day.day)
        is_substitute = born != leap_day and self._population.is_birthday(leap_day, day)
        return birthdays[born] + (birthdays[leap_day] if is_substitute else 0)

    def cast_celebrating_always(self) -> int:
        """Count those of the cast who celebrate on every day."""
        return self._cast.birthdays["today"]

    def fresh(
        self,
        start: int,
        country_code: str | None = None,
        birthday: str | None = None,
        segment: str | None = None,
    ) -> tuple[int, FoundCustomer]:
        """Find such a customer whom no search gets to, with their position; the first are those from `start` on.

        Raises UserError where there is none.
        """
        country = self._country(country_code)
        population = self._population
        if segment is not None and segment not in population.segments:
            raise UserError(f"segment: found {segment[:40]!r}, expected one of {', '.join(population.segments)}")
        if birthday == "never":
            raise UserError("birthday: every synthetic customer has one; expected today or MM-DD")
        suits = self._suits(country, birthday, segment)
        for position, found in islice(self._synthetic_from(country, suits, _FIRST_FRESH + start), _SEARCHED):
            if found:
                return position - len(self._cast) - _FIRST_FRESH, found
        raise UserError("nobody is like that: synthetic customers have a birthday today or on one day of the year")

    def _country(self, code: str | None) -> Country:
        countries = self._population.countries
        if code is None:
            return self._population.home
        if (country := countries.get(code.upper())) is None:
            raise UserError(f"country: found {code[:40]!r}, expected one of {', '.join(countries)}")
        return country

    def _suits(self, country: Country, birthday: str | None, segment: str | None) -> Suits:
        population, today = self._population, self._now.astimezone(country.zone).date()
        try:
            wanted = None if birthday is None else read_birthday(birthday)
        except ValueError as mistake:
            raise UserError(f"birthday: {mistake}") from None

        def suits(found_segment: str, found_birthday: Birthday) -> bool:
            if segment is not None and found_segment != segment:
                return False
            if wanted == "today":
                return population.is_birthday(found_birthday, today)
            return wanted is None or found_birthday == wanted

        return suits

    def _written_from(self, country: Country, suits: Suits, start: int) -> Iterator[_Candidate]:
        """Go through those in scenario files; None stands for one who does not suit."""
        for position in self._cast.positions(start, suits):
            scenario = self._cast[position]
            assert scenario.identity
            found = self._written(scenario, scenario.identity, country)
            yield position, found if found and suits(found.customer.segment, found.customer.birthday) else None

    def _synthetic_from(self, country: Country, suits: Suits, start: int) -> Iterator[_Candidate]:
        """Go through those whom nobody wrote down, likewise."""
        population, book = self._population, self._book
        everybody = book.everybody("customerId")
        if not population.synthesizes_unknown or (everybody and not everybody.only_customers):
            return
        first = len(self._cast)
        for number, customer_id in population.customer_ids(start):
            identity = Identity("customerId", customer_id)
            found = None
            if everybody or suits(*population.properties(country, identity)):
                scenario = book.plain(identity)
                if scenario is None:
                    found = self._synthetic(identity, country)
                elif scenario is everybody:
                    found = self._written(scenario, identity, country)
            is_suitable = found is not None and suits(found.customer.segment, found.customer.birthday)
            yield first + number, found if is_suitable else None

    def _synthetic(self, identity: Identity, country: Country) -> FoundCustomer:
        population = self._population
        owner = population.customer_identity(identity)
        customer = population.customer(country, owner)
        if owner.kind == "customerId":
            return self._found(country, owner.value, card_of(owner.value), customer, None)
        return self._found(country, None, identity.value, customer, None)

    def _written(self, scenario: Scenario, identity: Identity, country: Country) -> FoundCustomer | None:
        outcome = scenario.steps[-1].outcome
        if not isinstance(outcome, CustomerOutcome) or outcome.has_templates:
            return None
        customer = outcome.customer(self._population, country, owner_of(scenario.numbers(identity), identity))
        numbers: dict[str, str | None] = {kind: scenario.own(kind) for kind in IDENTITY_LENGTHS}
        numbers[identity.kind] = identity.value
        return self._found(country, numbers["customerId"], numbers["cardNumber"], customer, str(scenario.place))

    def _found(
        self,
        country: Country,
        customer_id: str | None,
        card: str | None,
        customer: Customer,
        scenario: str | None,
    ) -> FoundCustomer:
        is_birthday = self._population.is_birthday(customer.birthday, self._now.astimezone(country.zone).date())
        return FoundCustomer(country.code, customer_id, card, customer, is_birthday, scenario)
