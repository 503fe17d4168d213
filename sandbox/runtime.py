"""The sandbox: the one object that changes while a server runs, and the one facade for all who use it.

Rule 1: a set of files is swapped whole, and only for a good one; a broken save leaves everything as it was.
Rule 2: what calls change belongs to a space, the caller's client_id, and spaces never see each other.
"""

import gc
import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any, NamedTuple

from . import __version__
from .clock import Clock
from .core.contract import Contract
from .core.customers import RESERVED_PREFIX, Birthday, Country, Customer, card_of
from .core.decide import CallKey, Decision, World, decide, refuse
from .core.directives import PREFER, SCENARIO
from .core.messages import IDENTITY_LENGTHS, BankRequest, Identity, IdentityKind
from .core.scenarios import CustomerOutcome, ErrorOutcome, Scenario, read_birthday
from .documents import Mistake
from .loader import Loader, ScenarioMistakes, Scenery, load_contract
from .settings import Settings

MOST_SPACES = 1_000
MOST_COUNTS = 10_000
MOST_CUSTOMERS = 1_000
_SEARCHED = 500_000

log = logging.getLogger("sandbox")


class Misuse(ValueError):
    """The sandbox itself was asked for something it does not have; the message says what it has."""


class Reload(NamedTuple):
    """One reading of the files: when (UTC), and what was wrong with them."""

    at: datetime
    mistakes: tuple[Mistake, ...]


class FoundCustomer(NamedTuple):
    """A customer with the numbers that lead to it. `scenario` is the file and line, None for a synthetic one."""

    country: str
    customer_id: str | None
    card_number: str | None
    customer: Customer
    is_birthday: bool
    scenario: str | None


class Sandbox:
    """The bank's side of the API, and everything that a user may ask about it."""

    def __init__(self, settings: Settings = Settings(), clock: Clock | None = None) -> None:  # noqa: B008
        """Load contract and scenarios. Raises ScenarioMistakes."""
        self.settings = settings
        self.clock = clock or Clock()
        self.contract: Contract = load_contract()
        self.loader = Loader(self.contract, settings.scenarios)
        self._scenery: Scenery = self.loader.load()
        self._last_reload = Reload(self.clock.now(), ())
        self._calls: dict[str, dict[CallKey, int]] = {}
        self._reloading = threading.Lock()
        _settle_memory()

    @property
    def scenery(self) -> Scenery:
        """The set of files in use."""
        return self._scenery

    @property
    def last_reload(self) -> Reload:
        return self._last_reload

    def answer(self, request: BankRequest) -> Decision:
        """Answer a call as the bank would, and count it."""
        space = request.headers.get("client_id", "")
        decision = decide(request, self._world(self._calls.get(space, _NO_CALLS)))
        if decision.counted:
            self._count(space, decision.counted)
        return decision

    def refuse(self, request: BankRequest, status: int, error: str, location: str | None, reason: str) -> Decision:
        """Answer a call that is not one of the API's, in the shape of the bank's errors."""
        return refuse(request, self._world(_NO_CALLS), status, error, location, reason)

    def reload(self) -> Reload:
        """Read the files again. A set with mistakes is reported and not used."""
        with self._reloading:
            try:
                scenery = self.loader.load()
            except ScenarioMistakes as error:
                self._last_reload = Reload(self.clock.now(), tuple(error.mistakes))
                log.error(  # noqa: TRY400 - the mistakes say all
                    "%s; the last good set stays:\n%s", error, "\n".join(map(str, error.mistakes))
                )
            else:
                # The old set dies here, in the reloading thread, not in a call.
                old, self._scenery = self._scenery, scenery
                self._last_reload = Reload(self.clock.now(), ())
                log.info("read %d files with %d scenarios", len(scenery.files), len(scenery.book))
                del old
                _settle_memory()
            return self._last_reload

    def warm_up(self) -> None:
        """Do what the first synthetic customer would have to wait for."""
        population = self._scenery.population
        population.customer(population.home, Identity("customerId", "000000000000"))

    def health(self) -> dict[str, Any]:
        """Return how the sandbox is: versions, scenario counts, the last reload and its mistakes."""
        scenery, reload = self._scenery, self._last_reload
        sections = [scenario.section for scenario in scenery.book]
        return {
            "status": "degraded" if reload.mistakes else "ok",
            "version": __version__,
            "contract": {"title": self.contract.document["info"]["title"], "version": self.contract.version},
            "dataVersion": f"faker-{version('faker')}",
            "seed": scenery.population.seed,
            "scenarios": {
                "files": list(scenery.files),
                "entries": len(sections),
                **{section: sections.count(section) for section in ("customerId", "cardNumber", "named")},
            },
            "lastReload": {
                "at": reload.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "ok": not reload.mistakes,
                "mistakes": [
                    {"file": mistake.place.file, "line": mistake.place.line, "message": mistake.message}
                    for mistake in reload.mistakes
                ],
            },
        }

    def catalogue(self) -> list[dict[str, Any]]:
        """Return every error that can be had, with all the ways to have it."""
        magic = self._magic_values()
        return [
            {
                "status": error.status,
                **(
                    {"type": error.value["type"], "code": error.name}
                    if not error.is_gateway
                    else {"gateway": error.name}
                ),
                **({"texts": dict(error.texts)} if not error.is_gateway else {"body": error.value}),
                "customerId": magic.get((error.name, "customerId")),
                "cardNumber": magic.get((error.name, "cardNumber")),
                "headers": [
                    f"{SCENARIO}: {error.name}",
                    f"{SCENARIO}: {error.status}",
                    f"{PREFER}: code={error.status}",
                ],
                "yaml": f"error: {error.name}",
            }
            for error in self.contract.errors_by_name.values()
        ]

    def customer(self, number: str, country_code: str | None = None) -> FoundCustomer:
        """Show the customer who has this customerId or cardNumber. Raises Misuse when nobody has."""
        kind: IdentityKind = "customerId" if len(number) <= IDENTITY_LENGTHS["customerId"] else "cardNumber"
        identity = Identity(kind, number)
        if not number.isascii() or not number.isdigit() or len(number) > IDENTITY_LENGTHS[kind]:
            raise Misuse("expected a customerId of up to 12 digits or a cardNumber of up to 16")
        country = self._country(country_code)
        scenario = self._scenery.book.match(identity)
        if scenario and (found := self._written(scenario, identity, country)):
            return found
        if scenario or not identity.is_full_length or not self._scenery.population.synthesizes_unknown:
            raise Misuse(
                f"{identity} is no customer's" + (f": {scenario.title} in {scenario.place}" if scenario else "")
            )
        return self._synthetic(identity, country)

    def find_customers(
        self,
        count: int = 5,
        country_code: str | None = None,
        birthday: str | None = None,
        segment: str | None = None,
    ) -> list[FoundCustomer]:
        """Find up to `count` customers with these properties, those in scenario files first, always in one order.

        `birthday` is `today`, `never` or `MM-DD`; `today` means that the flag is true now. Raises Misuse.
        """
        if not 1 <= count <= MOST_CUSTOMERS:
            raise Misuse(f"count: found {count}, expected 1 to {MOST_CUSTOMERS}")
        country = self._country(country_code)
        wanted = self._wanted_birthday(birthday)
        found: list[FoundCustomer] = []
        for candidate in self._candidates(country, wanted, segment):
            found.append(candidate)
            if len(found) == count:
                break
        return found

    def _world(self, calls: Mapping[CallKey, int]) -> World:
        scenery = self._scenery
        return World(self.contract, scenery.population, scenery.book, self.clock.now(), calls)

    def _count(self, space: str, key: CallKey) -> None:
        calls = self._calls.setdefault(space, {})
        calls[key] = calls.get(key, 0) + 1
        if len(calls) > MOST_COUNTS:
            del calls[next(iter(calls))]
        if len(self._calls) > MOST_SPACES:
            del self._calls[next(iter(self._calls))]

    def _magic_values(self) -> dict[tuple[str, str], str]:
        magic: dict[tuple[str, str], str] = {}
        for scenario in self._scenery.book:
            outcome = scenario.steps[0].outcome
            if scenario.pattern.startswith(RESERVED_PREFIX) and scenario.identity and isinstance(outcome, ErrorOutcome):
                magic[outcome.error.name, scenario.section] = scenario.pattern
        return magic

    def _country(self, code: str | None) -> Country:
        countries = self._scenery.population.countries
        if code is None:
            return self._scenery.population.home
        if (country := countries.get(code.upper())) is None:
            raise Misuse(f"country: found {code[:40]!r}, expected one of {', '.join(countries)}")
        return country

    def _wanted_birthday(self, birthday: str | None) -> Birthday | None:
        try:
            return None if birthday is None else read_birthday(birthday)
        except ValueError as mistake:
            raise Misuse(f"birthday: {mistake}") from None

    def _candidates(self, country: Country, birthday: Birthday | None, segment: str | None) -> Iterator[FoundCustomer]:
        population, book = self._scenery.population, self._scenery.book
        today = self.clock.now().astimezone(country.zone).date()

        def suits(found_segment: str, found_birthday: Birthday) -> bool:
            if segment is not None and found_segment != segment:
                return False
            if birthday == "today":
                return population.is_birthday(found_birthday, today)
            return birthday is None or found_birthday == birthday

        for scenario in book:
            identity = scenario.identity
            if identity and not identity.value.startswith(RESERVED_PREFIX):
                found = self._written(scenario, identity, country)
                if found and suits(found.customer.segment, found.customer.birthday):
                    yield found
        if not population.synthesizes_unknown:
            return
        for _, customer_id in zip(range(_SEARCHED), population.customer_ids(), strict=False):
            identity = Identity("customerId", customer_id)
            if suits(*population.properties(country, identity)) and book.match(identity) is None:
                yield self._synthetic(identity, country)

    def _synthetic(self, identity: Identity, country: Country) -> FoundCustomer:
        population = self._scenery.population
        owner = population.customer_identity(identity)
        customer = population.customer(country, owner)
        if owner.kind == "customerId":
            return self._found(country, owner.value, card_of(owner.value), customer, None)
        return self._found(country, None, identity.value, customer, None)

    def _written(self, scenario: Scenario, identity: Identity, country: Country) -> FoundCustomer | None:
        outcome = scenario.steps[-1].outcome
        if not isinstance(outcome, CustomerOutcome) or outcome.has_templates:
            return None
        customer = outcome.customer(self._scenery.population, country, identity)
        numbers: dict[str, str | None] = {kind: scenario.own(kind) for kind in IDENTITY_LENGTHS}
        numbers[identity.kind] = identity.value
        return self._found(country, numbers["customerId"], numbers["cardNumber"], customer, str(scenario.place))

    def _found(
        self, country: Country, customer_id: str | None, card: str | None, customer: Customer, scenario: str | None
    ) -> FoundCustomer:
        today = self.clock.now().astimezone(country.zone).date()
        is_birthday = self._scenery.population.is_birthday(customer.birthday, today)
        return FoundCustomer(country.code, customer_id, card, customer, is_birthday, scenario)


_NO_CALLS: Mapping[CallKey, int] = {}


def _settle_memory() -> None:
    """Tell the collector that what is loaded stays: with 100,000 scenarios, each full pass would stop every call."""
    gc.freeze()
