"""The `X-Sandbox-*` headers: what a caller may ask of one call, and what comes back with every answer.

Rule 1: their names are written here and nowhere else.
Rule 2: a directive that can't be understood is a violation with the header as its location, never ignored.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, tzinfo
from typing import NamedTuple, TypeVar

from .faults import FAULTS
from .masking import masked_text
from .messages import BankRequest, Violation, shown
from .schema import meant
from .times import DAY_GRAMMAR, GRAMMAR, read_day, read_duration

SCENARIO = "X-Sandbox-Scenario"
DELAY = "X-Sandbox-Delay"
DATE = "X-Sandbox-Date"
FAULT = "X-Sandbox-Fault"
PREFER = "Prefer"

REQUEST_HEADERS: Mapping[str, str] = {
    SCENARIO: "the error or named scenario to answer with: a documented code, a status, a gateway error or a name",
    DELAY: f"how long this answer takes: {GRAMMAR}",
    FAULT: f"what goes wrong on the wire: {', '.join(FAULTS)}",
    DATE: f"the day that this call takes for today: {DAY_GRAMMAR}, which counts by the country's clocks",
    PREFER: "`code=404`: the same as X-Sandbox-Scenario, for those who know it from Prism (RFC 7240)",
}

EXCHANGE = "X-Sandbox-Exchange"
WARNING = "X-Sandbox-Warning"
RULE = "X-Sandbox-Rule"
REASON = "X-Sandbox-Reason"
RESPONSE_HEADERS: Mapping[str, str] = {
    RULE: "the rule that answered",
    REASON: "why, in one sentence; for a scenario its file and line",
    WARNING: "a card number looks real; it has no place here",
    EXCHANGE: "the number of this call in the journal",
}

Value = TypeVar("Value")

_PREFIX = "x-sandbox-"
_KNOWN = {name.lower(): name for name in REQUEST_HEADERS if name != PREFER}
_FAULT_NAMES = {name.lower(): name for name in FAULTS}
_PREFER_CODE = re.compile(r"(?:^|[,;])\s*code\s*=\s*\"?([^\s\",;]*)\"?", re.IGNORECASE)


class Directives(NamedTuple):
    """What the caller asked of this call. `delay` is in seconds; `scenario_header` says where `scenario` was asked.

    `addressee` is the operation that the scenario is meant for, where its value begins with `operation:`.
    """

    scenario: str | None = None
    scenario_header: str = SCENARIO
    addressee: str | None = None
    delay: float | None = None
    today: date | None = None
    fault: str | None = None
    violations: tuple[Violation, ...] = ()


NO_DIRECTIVES = Directives()


def read_directives(request: BankRequest, zone: tzinfo, operations: Collection[str] = ()) -> Directives:
    """Read the directives of a request; `operations` are the names that may stand before a scenario.

    A moment that stands for a day falls on that of `zone`, the country's.
    """
    headers, repeated = request.headers, request.repeated
    if _PREFIX not in "\n".join(headers) and "prefer" not in headers:
        return NO_DIRECTIVES

    violations: list[Violation] = []
    for name in (name for name in headers if name.startswith(_PREFIX)):
        if name not in _KNOWN:
            written = masked_text(name.title())
            violations.append(_breach(written, f"it is not a directive; {meant(written, _KNOWN.values())}"))
        elif name in repeated:
            violations.append(_breach(_KNOWN[name], "it was sent more than once, with different values; send it once"))

    delay = _read(DELAY, read_duration, headers, violations)
    today = _read(DATE, lambda text: read_day(text, zone), headers, violations)
    fault = _read(FAULT, _read_fault, headers, violations)
    scenario, scenario_header = headers.get(SCENARIO.lower()), SCENARIO
    if scenario is None and (wish := _PREFER_CODE.search(headers.get(PREFER.lower(), ""))):
        scenario, scenario_header = wish[1], PREFER
    addressee = None
    if scenario is not None:
        before, colon, after = scenario.partition(":")
        name = before.strip().lower()
        if colon and (addressee := next((each for each in operations if each.lower() == name), None)):
            scenario = after
    return Directives(scenario and scenario.strip(), scenario_header, addressee, delay, today, fault, tuple(violations))


def _read(
    name: str, read: Callable[[str], Value], headers: Mapping[str, str], violations: list[Violation]
) -> Value | None:
    if (text := headers.get(name.lower())) is None:
        return None
    try:
        return read(text)
    except ValueError as mistake:
        violations.append(_breach(name, str(mistake)))
        return None


def _read_fault(text: str) -> str:
    if fault := _FAULT_NAMES.get(text.strip().lower()):
        return fault
    raise ValueError(f"found {shown(text[:40])}; {meant(text[:40], FAULTS)}")


def _breach(location: str, reason: str) -> Violation:
    return Violation("invalidRequest", location, f"{location}: {reason}")
