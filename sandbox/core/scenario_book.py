"""The book of scenarios: who is found for which numbers, in one layer or in several on top of each other.

Rule 1: a later layer before an earlier one; in it customerId before cardNumber, exact before prefix, a longer prefix
before a shorter one; everybody comes last.
Rule 2: a prefix stands for numbers of full length, and so does everybody; a shorter number is somebody's only where it
is written out.
Rule 3: an entry that does not fit a call is passed over, and the next one is asked.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from .customers import customer_id_of
from .messages import Identity, IdentityKind
from .scenarios import Scenario, identity_kind

EVERYBODY = "*"


class _Prefixes:
    """Scenarios by the beginning of a number; putting one in costs the same, however many there are."""

    def __init__(self) -> None:
        self.scenarios: dict[str, Scenario] = {}
        self._counts: Counter[int] = Counter()
        self._longest_first: list[int] = []
        # Most numbers begin like no prefix at all, which one look tells.
        self._first_digits: Counter[str] = Counter()

    def put(self, prefix: str, scenario: Scenario) -> None:
        if prefix not in self.scenarios:
            self._count(prefix, 1)
        self.scenarios[prefix] = scenario

    def remove(self, prefix: str) -> None:
        del self.scenarios[prefix]
        self._count(prefix, -1)

    def match(self, identity: Identity) -> Scenario | None:
        if self._first_digits.get(identity.value[:1]):
            for length in self._longest_first:
                if (scenario := self.scenarios.get(identity.value[:length])) and identity.is_full_length:
                    return scenario
        return None

    def matches(self, identity: Identity) -> Iterator[Scenario]:
        """Go through all that match, the longest first."""
        for length in self._longest_first if identity.is_full_length else ():
            if scenario := self.scenarios.get(identity.value[:length]):
                yield scenario

    def _count(self, prefix: str, more: int) -> None:
        self._first_digits[prefix[:1]] += more
        self._counts[len(prefix)] += more
        if self._counts[len(prefix)] in (0, 1):
            self._longest_first = sorted(+self._counts, reverse=True)


class ScenarioBook:
    """Scenarios, indexed. The book of a set of files never changes; that of overrides does, one by one.

    Earlier layers may lie below it: they are asked where nothing here answers.
    """

    def __init__(self, scenarios: Iterable[Scenario] = ()) -> None:
        """Index the scenarios, later ones winning over earlier ones of the same pattern."""
        self._below: ScenarioBook | None = None
        self._exact: dict[str, dict[str, Scenario]] = {"customerId": {}, "cardNumber": {}}
        self._prefixes = {"customerId": _Prefixes(), "cardNumber": _Prefixes()}
        self._everybody: dict[str, Scenario] = {}
        self.named: dict[str, Scenario] = {}
        self.companions: dict[str, Scenario] = {}
        for scenario in scenarios:
            self.put(scenario)

    def lay_below(self, scenarios: Iterable[Scenario]) -> None:
        """Take an earlier layer in, below all that there are."""
        *_, lowest = self._books()
        lowest._below = book = ScenarioBook(scenarios)
        self.named = {**book.named, **self.named}
        self.companions = {**book.companions, **self.companions}

    def put(self, scenario: Scenario) -> None:
        """Take a scenario in; it wins over an earlier one of the same pattern."""
        section, pattern = scenario.section, scenario.pattern
        if section == "named":
            self.named[pattern.lower()] = scenario
        elif section == "companion":
            self.companions[pattern] = scenario
        elif pattern == EVERYBODY:
            self._everybody[section] = scenario
        elif pattern.endswith("*"):
            self._prefixes[section].put(pattern[:-1], scenario)
        else:
            self._exact[section][pattern] = scenario
        if scenario.other:
            self._exact[scenario.other.kind][scenario.other.value] = scenario

    def remove(self, scenario: Scenario) -> None:
        """Take a scenario out that is in the book, which has none below."""
        section, pattern = scenario.section, scenario.pattern
        if section == "named":
            del self.named[pattern.lower()]
        elif section == "companion":
            del self.companions[pattern]
        elif pattern == EVERYBODY:
            del self._everybody[section]
        elif pattern.endswith("*"):
            self._prefixes[section].remove(pattern[:-1])
        else:
            del self._exact[section][pattern]
        if scenario.other:
            del self._exact[scenario.other.kind][scenario.other.value]

    def __iter__(self) -> Iterator[Scenario]:
        """Go through all scenarios, each once; those of earlier layers last, but for the named ones."""
        for book in self._books():
            for section in ("customerId", "cardNumber"):
                exact = book._exact[section].values()
                yield from (scenario for scenario in exact if scenario.section == section)
                yield from book._prefixes[section].scenarios.values()
            yield from book._everybody.values()
        yield from self.named.values()
        yield from self.companions.values()

    def exact(self, identity: Identity) -> Scenario | None:
        """Find the scenario that writes this number out, whatever its `when`."""
        return next(filter(None, (book._exact[identity.kind].get(identity.value) for book in self._books())), None)

    def match(self, identity: Identity) -> Scenario | None:
        """Find the first scenario that names this identity, whatever its `when`."""
        book: ScenarioBook | None = self
        while book:
            if scenario := book._particular(identity) or book._of_everybody(identity):
                return scenario
            book = book._below
        return None

    def plain(self, identity: Identity) -> Scenario | None:
        """Find the first scenario that names this identity and fits every call."""
        return next((scenario for scenario in self.candidates(identity) if scenario.when is None), None)

    def everybody(self, kind: IdentityKind) -> Scenario | None:
        """Find the first scenario that stands for every number of a kind and fits every call."""
        found = (book._everybody.get(kind) for book in self._books())
        return next((scenario.plain for scenario in found if scenario and scenario.plain), None)

    def find(self, customer_id: Identity | None, card_number: Identity | None) -> Scenario | None:
        """Find the first scenario that may answer for these identities, whatever its `when`.

        A scenario that names a customer stays silent when the other number belongs to somebody else.
        """
        if customer_id is None or card_number is None:
            identity = customer_id or card_number
            return self.match(identity) if identity else None
        scenario, book = None, self
        while scenario is None:
            scenario = (
                book._particular(customer_id)
                or book._particular(card_number)
                or book._of_everybody(customer_id)
                or book._of_everybody(card_number)
            )
            if (below := book._below) is None:
                break
            book = below
        if scenario and scenario.when is None and not self.may_speak(scenario, customer_id, card_number):
            return None
        return scenario

    def candidates(self, *identities: Identity | None) -> Iterator[Scenario]:
        """Go through all scenarios that name one of these identities, in the order in which they are asked."""
        asked = [identity for identity in identities if identity]
        for book in self._books():
            for identity in asked:
                yield from book._all_particular(identity)
            for identity in asked:
                yield from _with_otherwise(book._of_everybody(identity))

    def may_speak(self, scenario: Scenario, customer_id: Identity | None, card_number: Identity | None) -> bool:
        """Tell whether a scenario may answer for both numbers: with a customer, only where both are the same one's."""
        if customer_id is None or card_number is None or not scenario.only_customers:
            return True
        return self.agree(customer_id.value, card_number.value)

    def agree(self, customer_id: str, card_number: str) -> bool:
        """Tell whether both numbers belong to the same customer, as far as anybody says whose they are."""
        by_card = self.exact(Identity("cardNumber", card_number))
        if by_card and (owner := by_card.own("customerId")):
            return owner == customer_id
        identity = Identity("customerId", customer_id)
        by_id = next(filter(None, (book._particular(identity) for book in self._books())), None)
        if by_id and (card := by_id.own("cardNumber")):
            return card == card_number
        if by_card and by_card.only_customers:
            return False
        if owner := customer_id_of(card_number):
            return owner == customer_id
        # A customer who is written down without a card may have this one; a synthetic customer has only its own.
        return by_id is not None

    def hiding(self, scenario: Scenario) -> Scenario | None:
        """Find what answers every call that a scenario of an earlier layer could."""
        section, pattern = scenario.section, scenario.pattern
        if section == "named":
            return self.named.get(pattern.lower())
        if section == "companion":
            return self.companions.get(pattern)
        return self.hiding_number(section, pattern)

    def hiding_number(self, section: str, pattern: str) -> Scenario | None:
        """Find what answers every call with a number, or with a number that begins so."""
        candidates: Iterator[Scenario] | chain[Scenario]
        if pattern.endswith("*"):
            candidates = chain.from_iterable(book._for_prefix(section, pattern[:-1]) for book in self._books())
        else:
            candidates = self.candidates(Identity(identity_kind(section), pattern))
        return next((each for each in candidates if each.when is None and each.times is None), None)

    def _for_prefix(self, section: str, prefix: str) -> Iterator[Scenario]:
        """Go through the scenarios of this layer that stand for all numbers that begin so."""
        for length in range(len(prefix), 0, -1):
            yield from _with_otherwise(self._prefixes[section].scenarios.get(prefix[:length]))
        yield from _with_otherwise(self._everybody.get(section))

    def _books(self) -> "Iterator[ScenarioBook]":
        """Go through this book and those below it."""
        book: ScenarioBook | None = self
        while book:
            yield book
            book = book._below

    def _particular(self, identity: Identity) -> Scenario | None:
        """Find the first scenario of this layer that names this identity rather than everybody."""
        if scenario := self._exact[identity.kind].get(identity.value):
            return scenario
        if identity.kind == "cardNumber" and (owner := customer_id_of(identity.value)):
            scenario = self._particular(Identity("customerId", owner))
            if scenario and scenario.own("cardNumber") is None:
                return scenario
        return self._prefixes[identity.kind].match(identity)

    def _all_particular(self, identity: Identity) -> Iterator[Scenario]:
        """Go through all scenarios of this layer that name this identity rather than everybody."""
        yield from _with_otherwise(self._exact[identity.kind].get(identity.value))
        if identity.kind == "cardNumber" and (owner := customer_id_of(identity.value)):
            of_owner = self._all_particular(Identity("customerId", owner))
            yield from (scenario for scenario in of_owner if scenario.own("cardNumber") is None)
        for first in self._prefixes[identity.kind].matches(identity):
            yield from _with_otherwise(first)

    def _of_everybody(self, identity: Identity) -> Scenario | None:
        return self._everybody.get(identity.kind) if self._everybody and identity.is_full_length else None


def _with_otherwise(scenario: Scenario | None) -> Iterator[Scenario]:
    while scenario:
        yield scenario
        scenario = scenario.otherwise
