"""Scenarios: named cases, each for an identity, a prefix, everybody or a name, and what they answer.

Rule 1: a magic value, an override and an entry in a file are one type with one matcher, the book of scenarios.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import NormalDist
from typing import Any, NamedTuple, TypeAlias

from .call import Call
from .customers import RESERVED_PREFIX, Birthday, Country, Customer, Population, customer_id_of
from .documented_errors import DocumentedError
from .faults import Fault
from .masking import masked_text
from .messages import IDENTITY_LENGTHS, BankReply, Identity, IdentityKind, Place, shown
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


class When:
    """What the headers of a call must say for an entry to fit: for each name, one of these values."""

    __slots__ = ("_values", "text")

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = {name.lower(): (name, frozenset(wanted)) for name, wanted in values.items()}
        self.text = " and ".join(f"{name} is {' or '.join(wanted)}" for name, wanted in values.items())

    def problem(self, headers: Mapping[str, str]) -> str | None:
        """Say in what the headers, by lower-case names, do not fit; None where they do."""
        for key, (name, wanted) in self._values.items():
            if (found := headers.get(key)) not in wanted:
                return f"{name} is {'missing' if found is None else shown(found[:40])}"
        return None


class Scenario:
    """A named case. `pattern` is a number, a prefix with its `*`, `*` alone, or a name; `other` is the customer's other
    number.

    Under `companion` the name is that of an operation beside the contract, which has a usual answer and no customer.

    It answers `times` calls, None means all, and only those that `when` wants; for others `otherwise` is asked. `rank`
    counts the entries before this one of which it is the otherwise. `serial` tells overrides apart that came one after
    the other. `answers` keeps what it has answered and will answer again.
    """

    __slots__ = (
        "answers", "description", "is_counted", "is_fixed", "other", "otherwise", "pattern", "place", "rank", "section",
        "serial", "steps", "times", "when",
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
        when: When | None = None,
        otherwise: "Scenario | None" = None,
        rank: int = 0,
    ) -> None:
        self.section = section
        self.pattern = pattern
        self.place = place
        self.steps = steps
        self.other = other
        self.description = description
        self.times = times
        self.serial = serial
        self.when = when
        self.otherwise = otherwise
        self.rank = rank
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
        return self._changed(place, serial, self.other)

    def without_other(self) -> "Scenario":
        """Return this scenario without the customer's other number, which a later layer says is another's."""
        return self._changed(self.place, self.serial, None)

    def _changed(self, place: Place, serial: int, other: Identity | None) -> "Scenario":
        otherwise = self.otherwise and self.otherwise._changed(place, serial, other)
        return Scenario(
            self.section, self.pattern, place, self.steps, other, self.description, self.times, serial, self.when,
            otherwise, self.rank,
        )  # fmt: skip

    @property
    def plain(self) -> "Scenario | None":
        """This scenario or the first of its otherwise that fits every call; None where each of them has a `when`."""
        found: Scenario | None = self
        while found and found.when:
            found = found.otherwise
        return found

    @property
    def count_name(self) -> str:
        """The name under which its answers are counted: what stands under one pattern is told apart."""
        name = self.pattern if self.when is None else f"{self.pattern} when {self.when.text}"
        return f"{name}, otherwise {self.rank}" if self.rank else name

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


def identity_kind(section: str) -> IdentityKind:
    """Return the kind of identity that a section of numbers is about."""
    return "customerId" if section == "customerId" else "cardNumber"
