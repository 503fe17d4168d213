"""What the tests of the core share: the contract, the shipped file_set, a valid request, a world, and asking it."""

import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.core import decide as core
from sandbox.core.call import Call, CallKey
from sandbox.core.caller import Caller
from sandbox.core.credentials import OPEN
from sandbox.core.decide import Decision, NumberNeeded, World
from sandbox.core.entries import read_entry
from sandbox.core.messages import BankRequest, Place
from sandbox.core.operation import Operation
from sandbox.core.scenario_book import ScenarioBook
from sandbox.core.scenarios import Scenario
from sandbox.files.loader import Loader
from sandbox.files.scenarios import scenario_schema
from sandbox.files.shipped import load_bank

BANK = load_bank()
CONTRACT = BANK.contract
OPERATION = CONTRACT.main
PRECEDENCE = core.precedence(OPERATION)
SHIPPED = Loader(CONTRACT).load()
POPULATION = SHIPPED.population
MEXICO = POPULATION.countries["MX"]
NOW = datetime(2027, 3, 14, 12, tzinfo=UTC)
DOCUMENTED_ID, DOCUMENTED_CARD = "321116471234", "4969452123456110"
# Nobody wrote these down, and they are different customers'.
SOME_ID, OTHER_CARD = "100000000999", "5500000000000004"

HEADERS = {name.lower(): value for name, value in OPERATION.example_headers.items()}


def is_one_line(text: str) -> bool:
    """Tell whether a text neither breaks a line nor controls a terminal."""
    return not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", text)


def request(
    body: bytes | Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    without: Collection[str] = (),
    repeated: Collection[str] = (),
) -> BankRequest:
    """Return a valid request about the documented customer, changed as asked; header names as the contract has them."""
    body = {"customerId": DOCUMENTED_ID} if body is None else body
    sent = HEADERS | {name.lower(): value for name, value in (headers or {}).items()}
    for name in without:
        del sent[name.lower()]
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return BankRequest(sent, raw, frozenset(name.lower() for name in repeated))


def entry(section: str, pattern: str, data: Mapping[str, Any]) -> Scenario:
    """Return a scenario without a mistake in it."""
    assert list(scenario_schema().mistakes({section: {pattern: data}})) == []
    scenario, mistakes = read_entry(data, section, pattern, Place("x.yaml", 1), CONTRACT)
    assert mistakes == []
    return scenario


def book(**sections: Mapping[str, Mapping[str, Any]]) -> ScenarioBook:
    """Return the scenarios of a file with these sections."""
    return ScenarioBook(
        entry(section, pattern, data) for section, entries in sections.items() for pattern, data in entries.items()
    )


def world(scenarios: ScenarioBook = SHIPPED.book, *overrides: ScenarioBook, real_cards: str = "warn") -> World:
    """Return the world as shipped, with these scenarios and overrides."""
    return World(POPULATION, scenarios, overrides, real_cards)


def call(asked: BankRequest, there: World | None = None, operation: Operation = OPERATION, now: datetime = NOW) -> Call:
    """Return a request as a call in a world."""
    access = there.access if there else OPEN
    caller = Caller(operation, asked, POPULATION, access, CONTRACT.languages, CONTRACT.operations)
    return Call(caller, now, now, asked.body, asked.query)


def decide(
    asked: BankRequest, there: World, operation: Operation = OPERATION, calls: dict[CallKey, int] | None = None
) -> Decision:
    """Answer a request as the shell does: numbers that are needed are taken from `calls`, which counts on."""
    made, calls = call(asked, there, operation), {} if calls is None else calls
    while isinstance(decision := core.decide(made, there), NumberNeeded):
        made.numbers[decision.key] = calls.get(decision.key, 0)
        calls[decision.key] = made.numbers[decision.key] + 1
    return decision


def explain(asked: BankRequest, there: World) -> list[Decision]:
    """Explain a request, likewise, for the first of all calls."""
    made = call(asked, there)
    while isinstance(decisions := core.explain(made, there), NumberNeeded):
        made.numbers[decisions.key] = 0
    return decisions
