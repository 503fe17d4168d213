"""How a call is answered: the rules are asked in the order of `PRECEDENCE`, and the first that answers has decided.

Rule 1: a rule's docstring is the line that users read; its name is what X-Sandbox-Rule says.
Rule 2: every violation is found and kept, also where an earlier rule answers.
Rule 3: a decision names a delay; it never waits.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeAlias

from .contract import Contract
from .credentials import OPEN, Access
from .customers import Population, looks_real
from .inquiry import Inquiry
from .messages import BankReply, BankRequest, Identity, Place, Violation, shown
from .scenarios import SYNTHETIC, AnyDelay, Draw, ErrorOutcome, Outcome, Scenario, ScenarioBook
from .seeded_random import chance
from .templates import TemplateMistake

# Which scenario was asked, and for whom: what calls are counted by.
CallKey: TypeAlias = tuple[str, str, int, str]


class World(NamedTuple):
    """Everything that a decision may depend on, frozen.

    `now` is aware; `calls` are the caller's counts so far; `overrides` are the caller's own, then everybody's; `access`
    says who is let in.
    """

    contract: Contract
    population: Population
    book: ScenarioBook
    now: datetime
    calls: Mapping[CallKey, int]
    overrides: Sequence[ScenarioBook] = ()
    real_cards: str = "warn"
    access: Access = OPEN


def _no_draw(purpose: str) -> float:
    raise AssertionError("only counted scenarios draw")


class Answer(NamedTuple):
    """What a rule says: the outcome, why, and where the request is at fault."""

    outcome: Outcome
    reason: str
    location: str | None = None
    scenario: Scenario | None = None
    delay: AnyDelay | None = None
    fault: str | None = None
    draw: Draw = _no_draw
    counted: CallKey | None = None


class Decision(NamedTuple):
    """Which rule answered, with what, and why.

    `delay` is in seconds; `numbers` are those that were sent, in full; `error` is the code or gateway name of an
    error; `counted` is what moves on with this call; `operation` is the call of a contract that was made, None where
    it never became one.
    """

    rule: str
    reason: str
    reply: BankReply
    error: str | None = None
    delay: float = 0.0
    fault: str | None = None
    violations: Sequence[Violation] = ()
    warning: str | None = None
    numbers: tuple[Identity, ...] = ()
    scenario: Place | None = None
    counted: tuple[CallKey, ...] = ()
    operation: str | None = None


Rule: TypeAlias = Callable[[Inquiry, World], Answer | None]


def forced(inquiry: Inquiry, world: World) -> Answer | None:
    """The caller asked for an error or a named scenario in a header; it wins over everything."""
    directives = inquiry.directives
    if directives.violations:
        return _refuse(directives.violations[0], world.contract)
    if (wish := directives.scenario) is None or directives.addressee:
        return None
    header = directives.scenario_header
    if error := world.contract.error(wish):
        reason = f"{header} asks for {error.name}{_also_breached(inquiry)}"
        return Answer(ErrorOutcome(error), reason, _usual_location(error.name, inquiry))
    if scenario := world.book.named.get(wish.lower()):
        before, after = f"{header} asks for {scenario.pattern}, ", _also_breached(inquiry)
        return play(scenario, inquiry, world, before, after)
    contract = world.contract
    names = ", ".join([*contract.errors_by_name, *(named.pattern for named in world.book.named.values())])
    return _refuse(
        Violation("invalidRequest", header, f"{header} {shown(wish[:40])} is unknown; there are {names}"), contract
    )


def contract_breach(inquiry: Inquiry, world: World) -> Answer | None:
    """The request breaks the contract: credentials 401, headers 400, country, business or channel 403, body 400."""
    if not inquiry.violations:
        return None
    first, *others = inquiry.violations
    return _refuse(first, world.contract, and_more(others))


def override(inquiry: Inquiry, world: World) -> Answer | None:
    """A scenario placed at run time names this identity: in the caller's space, or in the space for all."""
    for book in world.overrides:
        scenario = book.find(inquiry.customer_id, inquiry.card_number)
        if scenario and (answer := play(scenario, inquiry, world)):
            return answer
    return None


def scenario_file(inquiry: Inquiry, world: World) -> Answer | None:
    """A scenario file names this identity: customerId before cardNumber, exact before prefix; also magic values."""
    scenario = world.book.find(inquiry.customer_id, inquiry.card_number)
    return play(scenario, inquiry, world) if scenario else None


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
    override,
    scenario_file,
    identities_disagree,
    synthetic_customer,
    unknown_customer,
)


# What stands in X-Sandbox-Rule where the call never became one of the API's: another path, method, size or no HTTP.
HTTP = "http"


def decide(request: BankRequest, world: World) -> Decision:
    """Answer the request as the bank would in this world."""
    inquiry = _inquiry(request, world)
    for rule in PRECEDENCE:
        if answer := rule(inquiry, world):
            return _decision(rule.__name__, answer, inquiry, world)
    raise AssertionError("the last rule always answers")


def explain(request: BankRequest, world: World) -> list[Decision]:
    """Return the decision on the request, and behind it those of all rules that it beats, in their order."""
    inquiry = _inquiry(request, world)
    answers = ((rule.__name__, rule(inquiry, world)) for rule in PRECEDENCE)
    return [_decision(rule, answer, inquiry, world) for rule, answer in answers if answer]


def refuse(request: BankRequest, world: World, status: int, error: str, location: str | None, reason: str) -> Decision:
    """Answer a call that no rule was asked about with a documented error, under this `status`; the rule is `http`."""
    inquiry = Inquiry(request, world.contract, world.population, world.now, world.access)
    reply = ErrorOutcome(world.contract.errors[error]).reply(inquiry, location)._replace(status=status)
    return Decision(HTTP, reason, reply, error, violations=[Violation(error, location or "request", reason)])


def _inquiry(request: BankRequest, world: World) -> Inquiry:
    inquiry = Inquiry(request, world.contract, world.population, world.now, world.access)
    card = inquiry.card_number
    if (
        card
        and world.real_cards != "allow"
        and looks_real(card.value)
        and not any(book.exact(card) for book in (world.book, *world.overrides))
    ):
        inquiry.warning = f"{card} looks like a real card's: never send customers' cards here"
        if world.real_cards == "refuse":
            inquiry.violations.append(Violation("invalidRequest", card.kind, inquiry.warning))
    return inquiry


def _decision(rule: str, answer: Answer, inquiry: Inquiry, world: World) -> Decision:
    reason, delay = answer.reason, inquiry.directives.delay
    fault = inquiry.directives.fault or answer.fault
    error = answer.outcome.error.name if isinstance(answer.outcome, ErrorOutcome) else None
    try:
        reply = answer.outcome.reply(inquiry, answer.location)
        if delay is None:
            delay = answer.delay.seconds(inquiry, answer.draw) if answer.delay else 0.0
    except TemplateMistake as mistake:
        reason = f"{reason}; {mistake}"
        error = "serverUnavailable"
        reply = ErrorOutcome(world.contract.errors[error]).reply(inquiry, None)
        delay = 0.0
    if isinstance(answer.outcome, ErrorOutcome) and inquiry.worded(answer.outcome.error) is not answer.outcome.error:
        reason = f"{reason}; worded as live systems do"
    if inquiry.directives.addressee:
        reason = f"{reason}; {inquiry.directives.scenario_header} is for the call {inquiry.directives.addressee}"
    if fault:
        reason = f"{reason}; with {fault}"
    return Decision(
        rule,
        reason,
        reply,
        error,
        delay,
        fault,
        [*inquiry.directives.violations, *inquiry.violations] if inquiry.directives.violations else inquiry.violations,
        inquiry.warning,
        _sent_numbers(inquiry),
        answer.scenario.place if answer.scenario else None,
        (answer.counted,) if answer.counted else (),
        world.contract.operation_id,
    )


def _sent_numbers(inquiry: Inquiry) -> tuple[Identity, ...]:
    customer_id, card_number = inquiry.customer_id, inquiry.card_number
    if customer_id:
        return (customer_id, card_number) if card_number else (customer_id,)
    return (card_number,) if card_number else ()


def play(scenario: Scenario, inquiry: Inquiry, world: World, before: str = "", after: str = "") -> Answer | None:
    """Return the scenario's answer to this call; None where it has answered as often as it may."""
    identity, step = inquiry.identity, scenario.steps[0]
    inquiry.implied = partial(scenario.numbers, identity)
    call, turn = 0, ""
    key: CallKey | None = None
    draw: Draw = _no_draw
    if scenario.is_counted:
        # One customer is counted by every number that leads to them; a prefix counts each number by itself.
        counted = scenario.identity or identity
        key = (scenario.section, scenario.pattern, scenario.serial, counted.value if counted else "")
        call = world.calls.get(key, 0)
        if scenario.times is not None and call >= scenario.times:
            return None
        step, turn = scenario.step(call), f", call {call + 1}"
        draw = partial(chance, world.population.seed, scenario.section, scenario.pattern, key[-1], call)
    fault = step.fault.name if step.fault and step.fault.strikes(call, draw) else None
    description = f": {scenario.description}" if scenario.description else ""
    reason = f"{before}{scenario.title} in {scenario.place}{turn}{description}{after}"
    outcome = step.outcome
    location = _usual_location(outcome.error.name, inquiry) if isinstance(outcome, ErrorOutcome) else None
    return Answer(outcome, reason, location, scenario, step.delay, fault, draw, key)


def _refuse(violation: Violation, contract: Contract, more: str = "") -> Answer:
    return Answer(ErrorOutcome(contract.errors[violation.error]), violation.reason + more, violation.location)


def _usual_location(error: str, inquiry: Inquiry) -> str | None:
    """Return where an error points that nobody deserved, so that it has the fields of an honest one."""
    identity = inquiry.identity
    return _USUAL_LOCATIONS.get(error, identity.kind if identity else "customerId")


_USUAL_LOCATIONS = {"unAuthorized": "Authorization", "accessNotConfigured": "countryCode", "serverUnavailable": None}


def _also_breached(inquiry: Inquiry) -> str:
    return f"; the request also breaks the contract: {_locations(inquiry.violations)}" if inquiry.violations else ""


def and_more(violations: list[Violation]) -> str:
    """Return what a reason says of further breaches, nothing where there are none."""
    return f"; and {len(violations)} more: {_locations(violations)}" if violations else ""


def _locations(violations: list[Violation]) -> str:
    return ", ".join(violation.location for violation in violations)
