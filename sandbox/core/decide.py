"""How a call is answered: the rules are asked in the order of `PRECEDENCE`, and the first that answers has decided.

Rule 1: a rule's docstring is the line that users read; its name is what X-Sandbox-Rule says.
Rule 2: every violation is found and kept, also where an earlier rule answers.
Rule 3: a decision names a delay; it never waits.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeAlias

from .contract import Contract
from .customers import Population
from .inquiry import Inquiry
from .messages import BankReply, BankRequest, Identity, Place, Violation
from .scenarios import SYNTHETIC, Delay, ErrorOutcome, Outcome, Scenario, ScenarioBook
from .templates import TemplateMistake

# Which scenario was asked, and for whom: what a sequence counts by.
CallKey: TypeAlias = tuple[str, str, str]


class World(NamedTuple):
    """Everything that a decision may depend on, frozen. `now` is aware; `calls` are the caller's counts so far."""

    contract: Contract
    population: Population
    book: ScenarioBook
    now: datetime
    calls: Mapping[CallKey, int]


class Answer(NamedTuple):
    """What a rule says: the outcome, why, and where the request is at fault."""

    outcome: Outcome
    reason: str
    location: str | None = None
    scenario: Scenario | None = None
    delay: Delay | None = None
    counted: CallKey | None = None


class Decision(NamedTuple):
    """Which rule answered, with what, and why. `delay` is in seconds; `counted` is the sequence that moves on."""

    rule: str
    reason: str
    reply: BankReply
    delay: float
    violations: list[Violation]
    identity: Identity | None
    scenario: Place | None
    counted: CallKey | None


Rule: TypeAlias = Callable[[Inquiry, World], Answer | None]


def forced(inquiry: Inquiry, world: World) -> Answer | None:
    """The caller asked for an error or a named scenario in a header; it wins over everything."""
    directives = inquiry.directives
    if directives.violations:
        return _refuse(directives.violations[0], world.contract)
    if (wish := directives.scenario) is None:
        return None
    header = directives.scenario_header
    if error := world.contract.error(wish):
        reason = f"{header} asks for {error.name}{_also_breached(inquiry)}"
        return Answer(ErrorOutcome(error), reason, _usual_location(error.name, inquiry))
    if scenario := world.book.named.get(wish.lower()):
        return _play(scenario, inquiry, world, f"{header} asks for {scenario.pattern}, ", _also_breached(inquiry))
    contract = world.contract
    names = ", ".join([*contract.errors_by_name, *(named.pattern for named in world.book.named.values())])
    return _refuse(
        Violation("invalidRequest", header, f"{header} {wish[:40]!r} is unknown; there are {names}"), contract
    )


def contract_breach(inquiry: Inquiry, world: World) -> Answer | None:
    """The request breaks the contract: credentials 401, headers 400, country, business or channel 403, body 400."""
    if not inquiry.violations:
        return None
    first, *others = inquiry.violations
    more = f"; and {len(others)} more: {_locations(others)}" if others else ""
    return _refuse(first, world.contract, more)


def scenario_file(inquiry: Inquiry, world: World) -> Answer | None:
    """A scenario file names this identity: customerId before cardNumber, exact before prefix; also magic values."""
    scenario = world.book.find(inquiry.customer_id, inquiry.card_number)
    return _play(scenario, inquiry, world) if scenario else None


def identities_disagree(inquiry: Inquiry, world: World) -> Answer | None:
    """Both identities were sent, and they are not the same customer's."""
    customer_id, card_number = inquiry.customer_id, inquiry.card_number
    if customer_id is None or card_number is None or world.book.agree(customer_id.value, card_number.value):
        return None
    reason = f"{customer_id} and {card_number} are not the same customer's"
    return Answer(ErrorOutcome(world.contract.errors["businessValidationFailed"]), reason, "cardNumber")


def synthetic_customer(inquiry: Inquiry, world: World) -> Answer | None:
    """Nobody wrote this identity down and it has full length: a customer is made up from the seed."""
    identity = inquiry.identity
    if identity is None or not identity.is_full_length or not world.population.synthesizes_unknown:
        return None
    return Answer(SYNTHETIC, f"{identity} in {inquiry.country.code} is made up from seed {world.population.seed}")


def unknown_customer(inquiry: Inquiry, world: World) -> Answer:
    """The identity belongs to nobody."""
    identity = inquiry.identity or Identity("customerId", "")
    why = "" if identity.is_full_length else "; it has not full length, 12 digits for a customerId, 16 for a cardNumber"
    reason = f"{identity} is nobody's{why}"
    return Answer(ErrorOutcome(world.contract.errors["resourceNotFound"]), reason, identity.kind)


PRECEDENCE: tuple[Rule, ...] = (
    forced,
    contract_breach,
    scenario_file,
    identities_disagree,
    synthetic_customer,
    unknown_customer,
)


# What stands in X-Sandbox-Rule where the call never became one of the API's: another path, method, size or no HTTP.
HTTP = "http"


def decide(request: BankRequest, world: World) -> Decision:
    """Answer the request as the bank would in this world."""
    inquiry = Inquiry(request, world.contract, world.population, world.now)
    for rule in PRECEDENCE:
        if answer := rule(inquiry, world):
            return _decision(rule.__name__, answer, inquiry, world)
    raise AssertionError("the last rule always answers")


def refuse(request: BankRequest, world: World, status: int, error: str, location: str | None, reason: str) -> Decision:
    """Answer a call that no rule was asked about with a documented error, under this `status`; the rule is `http`."""
    inquiry = Inquiry(request, world.contract, world.population, world.now)
    reply = ErrorOutcome(world.contract.errors[error]).reply(inquiry, location)._replace(status=status)
    return Decision(HTTP, reason, reply, 0.0, [Violation(error, location or "", reason)], None, None, None)


def _decision(rule: str, answer: Answer, inquiry: Inquiry, world: World) -> Decision:
    reason, delay = answer.reason, inquiry.directives.delay
    try:
        reply = answer.outcome.reply(inquiry, answer.location)
        if delay is None:
            delay = answer.delay.seconds(inquiry) if answer.delay else 0.0
    except TemplateMistake as mistake:
        reason = f"{reason}; {mistake}"
        reply = ErrorOutcome(world.contract.errors["serverUnavailable"]).reply(inquiry, None)
        delay = 0.0
    violations = [*inquiry.directives.violations, *inquiry.violations]
    place = answer.scenario.place if answer.scenario else None
    return Decision(rule, reason, reply, delay, violations, inquiry.identity, place, answer.counted)


def _play(scenario: Scenario, inquiry: Inquiry, world: World, before: str = "", after: str = "") -> Answer:
    key, turn = None, ""
    step = scenario.steps[0]
    if scenario.is_sequence:
        identity = inquiry.identity
        key = (scenario.section, scenario.pattern, identity.value if identity else "")
        call = world.calls.get(key, 0)
        step, turn = scenario.step(call), f", call {call + 1}"
    description = f": {scenario.description}" if scenario.description else ""
    reason = f"{before}{scenario.title} in {scenario.place}{turn}{description}{after}"
    outcome = step.outcome
    location = _usual_location(outcome.error.name, inquiry) if isinstance(outcome, ErrorOutcome) else None
    return Answer(outcome, reason, location, scenario, step.delay, key)


def _refuse(violation: Violation, contract: Contract, more: str = "") -> Answer:
    return Answer(ErrorOutcome(contract.errors[violation.error]), violation.reason + more, violation.location)


def _usual_location(error: str, inquiry: Inquiry) -> str | None:
    """Return where an error points that nobody deserved, so that it has the fields of an honest one."""
    identity = inquiry.identity
    return _USUAL_LOCATIONS.get(error, identity.kind if identity else "customerId")


_USUAL_LOCATIONS = {"unAuthorized": "Authorization", "accessNotConfigured": "countryCode", "serverUnavailable": None}


def _also_breached(inquiry: Inquiry) -> str:
    return f"; the request also breaks the contract: {_locations(inquiry.violations)}" if inquiry.violations else ""


def _locations(violations: list[Violation]) -> str:
    return ", ".join(violation.location for violation in violations)
