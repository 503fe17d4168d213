"""Scenarios: named cases, each for an identity, a prefix or a name, and the book that finds them.

Rule 1: a magic value, an override and an entry in a file are one type with one matcher.
Rule 2: customerId before cardNumber, exact before prefix, a longer prefix before a shorter one.
Rule 3: a prefix stands for numbers of full length; a shorter number is somebody's only where it is written out.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from statistics import NormalDist
from typing import Any, NamedTuple, TypeAlias

from .call import Call
from .customers import RESERVED_PREFIX, Birthday, Country, Customer, Population, customer_id_of
from .documented_errors import DocumentedError
from .faults import Fault
from .masking import masked_text
from .messages import IDENTITY_LENGTHS, BankReply, Identity, IdentityKind, Place
from .templates import Template, TemplateContext, TemplateMistake, Text, finish
from .times import MAX_SECONDS, read_duration

SECTIONS = ("customerId", "cardNumber", "named", "companion")
# What stands under these is no number.
_NAMES = frozenset({"named", "companion"})


class CustomerOutcome:
    """A customer; what the entry left out is made up.

    An outcome replies to a call; `known` are the numbers of the customer that the scenario knows.
    """

    __slots__ = ("birthday", "full_name", "is_fixed", "segment")

    def __init__(
        self, full_name: Text | None = None, segment: Text | None = None, birthday: Birthday | None = None
    ) -> None:
        self.full_name = full_name
        self.segment = segment
        self.birthday = birthday
        # Whether the answer is the same for everybody who asks on the same day.
        self.is_fixed = isinstance(full_name, str) and isinstance(segment, str) and birthday is not None

    @property
    def has_templates(self) -> bool:
        return isinstance(self.full_name, Template) or isinstance(self.segment, Template)

    def customer(
        self,
        population: Population,
        country: Country,
        owner: Identity | None,
        context: Callable[[], TemplateContext] = dict,
    ) -> Customer:
        """Return who this is, for this owner in this country. Raises TemplateMistake."""
        made_up = _NOBODY
        if self.full_name is None or self.segment is None or self.birthday is None:
            made_up = population.customer(country, owner or Identity("customerId", ""))
        return Customer(
            made_up.full_name if self.full_name is None else finish(self.full_name, context),
            made_up.segment if self.segment is None else finish(self.segment, context),
            made_up.birthday if self.birthday is None else self.birthday,
        )

    def reply(self, call: Call, known: Mapping[str, str], location: str | None) -> BankReply:
        """Return the bank's answer about the customer. Raises TemplateMistake."""
        caller, owner = call.caller, owner_of(known, call.identity)
        customer = self.customer(caller.population, caller.country, owner, partial(call.template_context, known))
        assert call.operation.behaviour.customer_reply
        return call.operation.behaviour.customer_reply(customer, celebrates(customer.birthday, call))


class ErrorOutcome(NamedTuple):
    """A documented error; `changes` are fields that are finished for each request."""

    error: DocumentedError
    changes: Mapping[str, Template] = {}

    def reply(self, call: Call, known: Mapping[str, str], location: str | None) -> BankReply:
        """Return the bank's error body. Raises TemplateMistake."""
        error = call.worded(self.error)
        if self.changes:
            context = partial(call.template_context, known)
            error = error.changed({field: finish(text, context) for field, text in self.changes.items()})
        return error.reply(call.error_uuid, call.now, location, call.caller.language)


class ReplyOutcome(NamedTuple):
    """A reply that a rule has made itself."""

    made: BankReply

    def reply(self, call: Call, known: Mapping[str, str], location: str | None) -> BankReply:
        """Return the reply as it was made."""
        return self.made


class UsualOutcome(NamedTuple):
    """What the operation's own rules answer."""


Outcome: TypeAlias = CustomerOutcome | ErrorOutcome | ReplyOutcome | UsualOutcome
SYNTHETIC, USUAL = CustomerOutcome(), UsualOutcome()
_NOBODY = Customer("", "", "never")


def celebrates(birthday: Birthday, call: Call) -> bool:
    """Tell whether a birthday is on the day of the call."""
    # What day it is matters only to those who have one birthday a year, and takes a while to find out.
    return birthday == "today" or (birthday != "never" and call.caller.population.is_birthday(birthday, call.today))


def owner_of(known: Mapping[str, str], asked: Identity | None) -> Identity | None:
    """Return by whom a customer is made up: the customerId where one is known, whichever number was asked with."""
    return Identity("customerId", known["customerId"]) if "customerId" in known else asked


Draw: TypeAlias = Callable[[str], float]


class Delay(NamedTuple):
    """How long an answer takes, as written in an entry."""

    text: Text

    def seconds(self, call: Call, known: Mapping[str, str], draw: Draw) -> float:
        """Return the delay of this call in seconds. Raises TemplateMistake."""
        try:
            return read_duration(finish(self.text, partial(call.template_context, known)))
        except TemplateMistake:
            raise
        except ValueError as mistake:
            raise TemplateMistake(f"delay: {mistake}") from None


class UniformDelay(NamedTuple):
    """A delay anywhere between two bounds, in seconds."""

    shortest: float
    longest: float

    def seconds(self, call: Call, known: Mapping[str, str], draw: Draw) -> float:
        """Return the delay that belongs to this call."""
        return self.shortest + (self.longest - self.shortest) * draw("delay")


class LognormalDelay(NamedTuple):
    """A delay around a median, in seconds, with a long tail: what networks do."""

    median: float
    sigma: float

    def seconds(self, call: Call, known: Mapping[str, str], draw: Draw) -> float:
        """Return the delay that belongs to this call."""
        deviation = NormalDist().inv_cdf(max(draw("delay"), 1e-12))
        return min(self.median * math.exp(self.sigma * deviation), MAX_SECONDS)


AnyDelay: TypeAlias = Delay | UniformDelay | LognormalDelay


class Step(NamedTuple):
    """One answer of a scenario; `times` calls get it, None means all that follow."""

    outcome: Outcome
    delay: AnyDelay | None = None
    times: int | None = None
    fault: Fault | None = None

    @property
    def varies(self) -> bool:
        """Whether delay or fault depend on the number of the call."""
        return bool((self.delay and not isinstance(self.delay, Delay)) or (self.fault and self.fault.is_scheduled))


class Scenario:
    """A named case. `pattern` is a number, a prefix with its `*`, or a name; `other` is the customer's other number.

    Under `companion` the name is that of an operation beside the contract, which has a usual answer and no customer.

    It answers `times` calls, None means all. `serial` tells overrides apart that came one after the other. `answers`
    keeps what it has answered and will answer again.
    """

    __slots__ = (
        "answers", "description", "is_counted", "is_fixed", "other", "pattern", "place", "section", "serial", "steps",
        "times",
    )  # fmt: skip

    def __init__(
        self,
        section: str,
        pattern: str,
        place: Place,
        steps: tuple[Step, ...],
        other: Identity | None = None,
        description: str = "",
        times: int | None = None,
        serial: int = 0,
    ) -> None:
        self.section = section
        self.pattern = pattern
        self.place = place
        self.steps = steps
        self.other = other
        self.description = description
        self.times = times
        self.serial = serial
        self.answers: dict[object, Any] = {}
        first = steps[0]
        # Whether the answer depends on how often it was asked before.
        self.is_counted = times is not None or len(steps) > 1 or first.varies
        # Whether the answer is the same for everybody who asks on the same day.
        outcome = first.outcome
        self.is_fixed = (
            isinstance(outcome, CustomerOutcome) and outcome.is_fixed and not first.delay and not self.is_counted
        )

    def numbered(self, serial: int, place: Place) -> "Scenario":
        """Return this scenario under another serial number, at another place."""
        return Scenario(self.section, self.pattern, place, self.steps, self.other, self.description, self.times, serial)

    @property
    def identity(self) -> Identity | None:
        """The number that is written out; None for a prefix or a name."""
        if self.section in _NAMES or self.pattern.endswith("*"):
            return None
        return Identity(identity_kind(self.section), self.pattern)

    @property
    def title(self) -> str:
        """The scenario as people say it; a card number is masked."""
        return f"{self.section} {masked_text(self.pattern) if self.section == 'cardNumber' else self.pattern}"

    @property
    def only_customers(self) -> bool:
        """Whether every answer is a customer; if so, the scenario speaks for that customer's numbers alone."""
        return all(isinstance(step.outcome, CustomerOutcome) for step in self.steps)

    @property
    def is_somebody(self) -> bool:
        """Whether this writes one customer down, rather than a case, a prefix or a magic value."""
        identity = self.identity
        return identity is not None and self.only_customers and not identity.value.startswith(RESERVED_PREFIX)

    def step(self, call: int) -> Step:
        """Return the answer to the n-th call, counted from 0; the last one stays."""
        for step in self.steps:
            if step.times is None or call < step.times:
                return step
            call -= step.times
        return self.steps[-1]

    def own(self, kind: IdentityKind) -> str | None:
        """Return this customer's number of that kind, as far as the entry says it."""
        if self.other and self.other.kind == kind:
            return self.other.value
        return self.pattern if self.section == kind and self.identity else None

    def numbers(self, asked: Identity | None) -> dict[str, str]:
        """Return this customer's numbers, as far as the entry says them or the number that was asked about does."""
        if asked is None or self.section in _NAMES:
            return {}
        owner = customer_id_of(asked.value) if asked.kind == "cardNumber" else None
        known = {kind: self.own(kind) or (owner if kind == "customerId" else None) for kind in IDENTITY_LENGTHS}
        return {kind: number for kind, number in known.items() if number}


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
        if self._first_digits.get(identity.value[:1]) or self._counts.get(0):
            for length in self._longest_first:
                if (scenario := self.scenarios.get(identity.value[:length])) and identity.is_full_length:
                    return scenario
        return None

    def _count(self, prefix: str, more: int) -> None:
        self._first_digits[prefix[:1]] += more
        self._counts[len(prefix)] += more
        if self._counts[len(prefix)] in (0, 1):
            self._longest_first = sorted(+self._counts, reverse=True)


class ScenarioBook:
    """Scenarios, indexed. The book of a set of files never changes; that of overrides does, one by one."""

    def __init__(self, scenarios: Iterable[Scenario] = ()) -> None:
        """Index the scenarios, later ones winning over earlier ones of the same pattern."""
        self._exact: dict[str, dict[str, Scenario]] = {"customerId": {}, "cardNumber": {}}
        self._prefixes = {"customerId": _Prefixes(), "cardNumber": _Prefixes()}
        self.named: dict[str, Scenario] = {}
        self.companions: dict[str, Scenario] = {}
        for scenario in scenarios:
            self.put(scenario)

    def put(self, scenario: Scenario) -> None:
        """Take a scenario in; it wins over an earlier one of the same pattern."""
        section, pattern = scenario.section, scenario.pattern
        if section == "named":
            self.named[pattern.lower()] = scenario
        elif section == "companion":
            self.companions[pattern] = scenario
        elif pattern.endswith("*"):
            self._prefixes[section].put(pattern[:-1], scenario)
        else:
            self._exact[section][pattern] = scenario
        if scenario.other:
            self._exact[scenario.other.kind][scenario.other.value] = scenario

    def remove(self, scenario: Scenario) -> None:
        """Take a scenario out that is in the book."""
        section, pattern = scenario.section, scenario.pattern
        if section == "named":
            del self.named[pattern.lower()]
        elif section == "companion":
            del self.companions[pattern]
        elif pattern.endswith("*"):
            self._prefixes[section].remove(pattern[:-1])
        else:
            del self._exact[section][pattern]
        if scenario.other:
            del self._exact[scenario.other.kind][scenario.other.value]

    def __iter__(self) -> Iterator[Scenario]:
        """Go through all scenarios, each once."""
        for section in ("customerId", "cardNumber"):
            yield from (scenario for scenario in self._exact[section].values() if scenario.section == section)
            yield from self._prefixes[section].scenarios.values()
        yield from self.named.values()
        yield from self.companions.values()

    def exact(self, identity: Identity) -> Scenario | None:
        """Find the scenario that writes this number out."""
        return self._exact[identity.kind].get(identity.value)

    def match(self, identity: Identity) -> Scenario | None:
        """Find the scenario that names this identity."""
        if scenario := self._exact[identity.kind].get(identity.value):
            return scenario
        if identity.kind == "cardNumber" and (owner := customer_id_of(identity.value)):
            scenario = self.match(Identity("customerId", owner))
            if scenario and scenario.own("cardNumber") is None:
                return scenario
        return self._prefixes[identity.kind].match(identity)

    def find(self, customer_id: Identity | None, card_number: Identity | None) -> Scenario | None:
        """Find the scenario that answers for these identities.

        A scenario that names a customer stays silent when the other number belongs to somebody else.
        """
        if customer_id is None or card_number is None:
            identity = customer_id or card_number
            return self.match(identity) if identity else None
        scenario = self.match(customer_id) or self.match(card_number)
        if scenario and scenario.only_customers and not self.agree(customer_id.value, card_number.value):
            return None
        return scenario

    def agree(self, customer_id: str, card_number: str) -> bool:
        """Tell whether both numbers belong to the same customer, as far as anybody says whose they are."""
        by_card = self.exact(Identity("cardNumber", card_number))
        if by_card and (owner := by_card.own("customerId")):
            return owner == customer_id
        by_id = self.match(Identity("customerId", customer_id))
        if by_id and (card := by_id.own("cardNumber")):
            return card == card_number
        if by_card and by_card.only_customers:
            return False
        if owner := customer_id_of(card_number):
            return owner == customer_id
        # A customer who is written down without a card may have this one; a synthetic customer has only its own.
        return by_id is not None


def identity_kind(section: str) -> IdentityKind:
    """Return the kind of identity that a section of numbers is about."""
    return "customerId" if section == "customerId" else "cardNumber"
