"""How a call is answered: the rules of its operation are asked in order, and the first that answers has decided.

Rule 1: a rule's docstring is the line that users read; its name is what X-Sandbox-Rule says.
Rule 2: every violation is found and kept, also where an earlier rule answers.
Rule 3: a decision names a delay and a fault; it never waits and never breaks a connection.
Rule 4: what is counted is taken by whoever asks: a rule that needs a number says so, and is asked again with it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias

from .call import Call, CallKey, locations
from .credentials import OPEN, Access
from .customers import Population, looks_real
from .directives import NO_DIRECTIVES
from .documented_errors import DocumentedError
from .messages import BankReply, Place, Violation, shown
from .operation import Operation
from .scenario_book import ScenarioBook
from .scenarios import AnyDelay, CustomerOutcome, Draw, ErrorOutcome, Outcome, Scenario, UsualOutcome, celebrates
from .seeded_random import chance
from .templates import TemplateMistake

# What stands in X-Sandbox-Rule where the call never became one of an operation: another path, method, size or no HTTP.
HTTP = "http"


class World(NamedTuple):
    """Everything but the call itself that a decision may depend on, frozen.

    `overrides` are the caller's own, then everybody's; `access` says who is let in; `real_cards` is what a card number
    gets that looks real.
    """

    population: Population
    book: ScenarioBook
    overrides: Sequence[ScenarioBook] = ()
    real_cards: str = "warn"
    access: Access = OPEN


class NumberNeeded(NamedTuple):
    """What a rule says that can't answer before it has the number of this call among those of a kind."""

    key: CallKey


def _no_draw(purpose: str) -> float:
    raise AssertionError("only counted scenarios draw")


class Answer:
    """What a rule says: the outcome, why, and where the request is at fault.

    `decision` keeps what came of it, where it is the same for every call.
    """

    __slots__ = ("decision", "delay", "draw", "fault", "is_shared", "location", "outcome", "reason", "scenario")

    def __init__(
        self,
        outcome: Outcome,
        reason: str,
        location: str | None = None,
        scenario: Scenario | None = None,
        delay: AnyDelay | None = None,
        fault: str | None = None,
        draw: Draw = _no_draw,
        is_shared: bool = False,
    ) -> None:
        self.outcome = outcome
        self.reason = reason
        self.location = location
        self.scenario = scenario
        self.delay = delay
        self.fault = fault
        self.draw = draw
        self.is_shared = is_shared
        self.decision: Decision | None = None


class Decision:
    """Which rule answered, with what, and why.

    `delay` is in seconds; `error` is the code or gateway name of an error; `operation` is the one that was called, None
    where the call never became one.
    """

    __slots__ = (
        "delay", "error", "fault", "kind", "lines", "operation", "reason", "reply", "rule", "scenario", "violations",
        "warning",
    )  # fmt: skip

    def __init__(
        self,
        rule: str,
        reason: str,
        reply: BankReply,
        error: str | None = None,
        delay: float = 0.0,
        fault: str | None = None,
        violations: Sequence[Violation] = (),
        warning: str | None = None,
        scenario: Place | None = None,
        operation: str | None = None,
    ) -> None:
        self.rule = rule
        self.reason = reason
        self.reply = reply
        self.error = error
        self.delay = delay
        self.fault = fault
        self.violations = violations
        self.warning = warning
        self.scenario = scenario
        self.operation = operation
        # What decisions are counted by.
        self.kind = operation, rule, error, fault
        # The header lines that belong to it, once somebody has made them.
        self.lines: bytes | None = None


Ruling: TypeAlias = Answer | NumberNeeded | None
Rule: TypeAlias = Callable[[Call, World], Ruling]


def forced(call: Call, world: World) -> Ruling:
    """The caller asked for an error or a named scenario in a header; it wins over everything."""
    directives = call.caller.directives
    if directives is NO_DIRECTIVES:
        return None
    operation, header = call.operation, directives.scenario_header
    if directives.violations:
        return _refuse(directives.violations[0], operation)
    if (wish := directives.scenario) is None or _is_for_another(call):
        return None
    if error := operation.error(wish):
        name = f"{operation.id}:{error.name}" if directives.addressee else error.name
        reason = f"{header} asks for {name}{call.also_breached()}"
        return Answer(ErrorOutcome(error), reason, operation.default_location(error.name, call.identity))
    books = (*world.overrides, world.book)
    if scenario := next(filter(None, (book.named.get(wish.lower()) for book in books)), None):
        return play(scenario, call, world, f"{header} asks for {scenario.pattern}, ", call.also_breached())
    known = {name: named.pattern for book in reversed(books) for name, named in book.named.items()}
    names = ", ".join([*operation.errors, *known.values()])
    to_whom = f" to {operation.id}" if directives.addressee else ""
    reason = f"{header} {shown(wish[:40])} is unknown{to_whom}; there are {names}"
    return _refuse(Violation("invalidRequest", header, reason), operation)


def contract_breach(call: Call, world: World) -> Ruling:
    """The request breaks the contract: credentials 401, headers 400, country, business or channel 403, body 400."""
    if not call.violations:
        return None
    first, *others = call.violations
    more = f"; and {len(others)} more: {locations(others)}" if others else ""
    return _refuse(first, call.operation, more)


def override(call: Call, world: World) -> Ruling:
    """A scenario placed at run time names this identity: in the caller's space, or in the space for all."""
    for book in world.overrides:
        if answer := _from_book(book, call, world):
            return answer
    return None


def scenario_file(call: Call, world: World) -> Ruling:
    """A scenario file names this identity: customerId before cardNumber, exact, prefix, everybody; and magic values."""
    return _from_book(world.book, call, world)


COMMON_RULES: tuple[Rule, ...] = (forced, contract_breach, override, scenario_file)


@lru_cache(maxsize=256)
def precedence(operation: Operation) -> tuple[Rule, ...]:
    """Return the rules of an operation in the order in which they are asked."""
    return (*COMMON_RULES, *operation.rules)


def decide(call: Call, world: World) -> Decision | NumberNeeded:
    """Answer the call as the bank would in this world, or say which number is needed for that."""
    _warn_of_real_card(call, world)
    call.passed_over = ()
    for rule in precedence(call.operation):
        if ruling := rule(call, world):
            return _decision(rule.__name__, ruling, call, world)
    raise AssertionError("the last rule always answers")


def explain(call: Call, world: World) -> list[Decision] | NumberNeeded:
    """Return the decision on the call, and behind it those of all rules that it beats, or the number it needs."""
    _warn_of_real_card(call, world)
    call.passed_over = ()
    decisions = []
    for rule in precedence(call.operation):
        if ruling := rule(call, world):
            decision = _decision(rule.__name__, ruling, call, world)
            if isinstance(decision, NumberNeeded):
                return decision
            decisions.append(decision)
    return decisions


def refuse(call: Call, status: int, error: str, location: str | None, reason: str) -> Decision:
    """Answer a call that no rule was asked about with a documented error, under this `status`; the rule is `http`."""
    reply = ErrorOutcome(call.operation.errors[error]).reply(call, {}, location)._replace(status=status)
    violations = [Violation(error, location or "request", reason)]
    return Decision(HTTP, reason, reply, error, violations=violations)


def _warn_of_real_card(call: Call, world: World) -> None:
    card = call.card_number
    if (
        card is None
        or call.warning
        or world.real_cards == "allow"
        or not looks_real(card.value)
        or any(book.exact(card) for book in (world.book, *world.overrides))
    ):
        return
    call.warning = f"{card} looks like a real card's: never send customers' cards here"
    if world.real_cards == "refuse":
        call.violations.append(Violation("invalidRequest", card.kind, call.warning))


def _from_book(book: ScenarioBook, call: Call, world: World) -> Ruling:
    if (scenario := book.companions.get(call.operation.id)) and (ruling := play(scenario, call, world)):
        return ruling
    scenario = book.find(call.customer_id, call.card_number)
    if scenario is None:
        return None
    if scenario.when is None and (ruling := play(scenario, call, world)):
        return ruling
    return _first_that_fits(book, call, world)


def _first_that_fits(book: ScenarioBook, call: Call, world: World) -> Ruling:
    """Ask one scenario after the other: what does not fit, or has answered as often as it may, is passed over."""
    for scenario in book.candidates(call.customer_id, call.card_number):
        if scenario.when and (problem := scenario.when.problem(call.headers)):
            call.passed_over += (f"passed over {scenario.title} in {scenario.place}: {problem}",)
        elif not book.may_speak(scenario, call.customer_id, call.card_number):
            return None
        elif ruling := play(scenario, call, world):
            return ruling
    return None


def play(scenario: Scenario, call: Call, world: World, before: str = "", after: str = "") -> Ruling:
    """Return the scenario's answer to this call; None where it has answered as often as it may."""
    shared = None
    if not before and scenario.is_fixed and call.operation.behaviour.customer_reply:
        outcome = scenario.steps[0].outcome
        assert isinstance(outcome, CustomerOutcome)
        assert outcome.birthday is not None
        shared = (call.operation.id, celebrates(outcome.birthday, call))
        kept: Answer | None = scenario.answers.get(shared)
        if kept:
            return kept
    identity, step = call.identity, scenario.steps[0]
    number, turn = 0, ""
    draw: Draw = _no_draw
    if scenario.is_counted:
        # One customer is counted by every number that leads to them; a prefix counts each number by itself.
        counted = scenario.identity or identity
        key: CallKey = (scenario.section, scenario.count_name, scenario.serial, counted.value if counted else "")
        if (taken := call.numbers.get(key)) is None:
            return NumberNeeded(key)
        if scenario.times is not None and taken >= scenario.times:
            return None
        number, step, turn = taken, scenario.step(taken), f", call {taken + 1}"
        draw = partial(chance, world.population.seed, scenario.section, scenario.count_name, key[-1], number)
    fault = step.fault.name if step.fault and step.fault.strikes(number, draw) else None
    since = f", since {scenario.when.text}" if scenario.when else ", otherwise" if scenario.rank else ""
    description = f": {scenario.description}" if scenario.description else ""
    reason = f"{before}{scenario.title} in {scenario.place}{since}{turn}{description}{after}"
    location = None
    if isinstance(step.outcome, ErrorOutcome):
        location = call.operation.default_location(step.outcome.error.name, identity)
    answer = Answer(step.outcome, reason, location, scenario, step.delay, fault, draw, shared is not None)
    if shared:
        scenario.answers[shared] = answer
    return answer


def _decision(rule: str, ruling: Answer | NumberNeeded, call: Call, world: World) -> Decision | NumberNeeded:
    if isinstance(ruling, NumberNeeded):
        return ruling
    if ruling.is_shared and call.caller.directives is NO_DIRECTIVES and not call.warning and not call.passed_over:
        if ruling.decision is None:
            ruling.decision = _made(rule, ruling, call)
        return ruling.decision
    outcome, customer_reply = ruling.outcome, call.operation.behaviour.customer_reply
    if isinstance(outcome, UsualOutcome) or (isinstance(outcome, CustomerOutcome) and not customer_reply):
        usual: Answer | NumberNeeded = next(filter(None, (ask(call, world) for ask in call.operation.rules)))
        if isinstance(usual, NumberNeeded):
            return usual
        ruling.outcome, ruling.reason = usual.outcome, f"{ruling.reason}; {usual.reason}"
    return _made(rule, ruling, call)


def _made(rule: str, answer: Answer, call: Call) -> Decision:
    operation, directives, outcome, reason = call.operation, call.caller.directives, answer.outcome, answer.reason
    known = answer.scenario.numbers(call.identity) if answer.scenario else {}
    delay, fault = directives.delay, directives.fault or answer.fault
    assert not isinstance(outcome, UsualOutcome)
    try:
        reply = outcome.reply(call, known, answer.location)
        if delay is None:
            delay = answer.delay.seconds(call, known, answer.draw) if answer.delay else 0.0
    except TemplateMistake as mistake:
        reason, delay = f"{reason}; {mistake}", 0.0
        outcome = ErrorOutcome(operation.errors["serverUnavailable"])
        reply = outcome.reply(call, known, None)
    error = outcome.error if isinstance(outcome, ErrorOutcome) else None
    if headers := operation.behaviour.headers_of(reply.status):
        reply = reply._replace(headers=[*reply.headers, *headers])
    return Decision(
        rule,
        "; ".join([reason, *_remarks(call, error, fault)]),
        reply,
        error.name if error else None,
        delay,
        fault,
        [*directives.violations, *call.violations],
        call.warning,
        answer.scenario.place if answer.scenario else None,
        operation.id,
    )


def _remarks(call: Call, error: DocumentedError | None, fault: str | None) -> Iterator[str]:
    """Go through what a reason says besides."""
    directives = call.caller.directives
    yield from call.passed_over
    if error and call.worded(error) is not error:
        yield "worded as live systems do"
    if directives.scenario is not None and _is_for_another(call):
        yield f"{directives.scenario_header} is for {_other(call)}"
    if fault:
        yield f"with {fault}"


def _refuse(violation: Violation, operation: Operation, more: str = "") -> Answer:
    return Answer(ErrorOutcome(operation.errors[violation.error]), violation.reason + more, violation.location)


def _is_for_another(call: Call) -> bool:
    """Tell whether X-Sandbox-Scenario is meant for another operation than the one that is called.

    An application that sends it with every call means the API, and not its login.
    """
    addressee = call.caller.directives.addressee
    return addressee != call.operation.id if addressee else call.operation.is_companion


def _other(call: Call) -> str:
    if addressee := call.caller.directives.addressee:
        return f"the call {addressee}"
    return f"another call, {call.operation.id}:... would be for this one"


def all_rules(operations: Iterable[Operation]) -> Iterator[Rule]:
    """Go through every rule of the operations once, in the order of precedence."""
    yield from dict.fromkeys(rule for operation in operations for rule in precedence(operation))
