"""Reading the entries of scenario files and overrides.

Rule 1: a file and an override are read by the same code, with the same words for the same mistakes.
Rule 2: an entry has passed the schema; what is checked here is what a schema can't say.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from .contract import Contract
from .customers import RESERVED_PREFIX, Birthday
from .faults import Fault
from .messages import IDENTITY_LENGTHS, Identity, Place, shown
from .operation import Operation
from .scenarios import (
    SYNTHETIC,
    USUAL,
    AnyDelay,
    CustomerOutcome,
    Delay,
    ErrorOutcome,
    LognormalDelay,
    Outcome,
    Scenario,
    Step,
    UniformDelay,
    identity_kind,
)
from .schema import Path
from .templates import Template, TemplateContext, TemplateMistake, Text, finish, read_text
from .times import read_duration


def read_entry(
    data: Mapping[str, Any],
    section: str,
    pattern: str,
    place: Place,
    contract: Contract,
    is_magic: bool = False,
) -> tuple[Scenario, list[tuple[Path, str]]]:
    """Read one entry that has passed the schema. Return it with all its mistakes, each with its path in the entry.

    An entry under `companion` is about the operation of its name, any other about the main one. Only an entry that
    `is_magic` may name the numbers that steer the sandbox.
    """
    operation = contract.operations.get(pattern, contract.main) if section == "companion" else contract.main
    reader = _EntryReader(section, pattern, operation)
    scenario = Scenario(
        section,
        pattern,
        place,
        reader.steps(data),
        reader.other(data),
        data.get("description", ""),
        None if (times := data.get("times")) is None else int(times),
    )
    numbers = (pattern if section in IDENTITY_LENGTHS else "", scenario.other.value if scenario.other else "")
    if not is_magic and any(number.startswith(RESERVED_PREFIX) for number in numbers):
        reader.mistakes.append(((), f"numbers that begin with {RESERVED_PREFIX} are the sandbox's own; choose another"))
    return scenario, reader.mistakes


class _EntryReader:
    def __init__(self, section: str, pattern: str, operation: Operation) -> None:
        self.mistakes: list[tuple[Path, str]] = []
        self._section = section
        self._pattern = pattern
        self._operation = operation

    def _report(self, path: Path, message: str) -> None:
        self.mistakes.append((path, message))

    def steps(self, data: Mapping[str, Any]) -> tuple[Step, ...]:
        if (sequence := data.get("sequence")) is None:
            # `times` of the entry itself says how long the entry answers, not the step.
            return (self._step(data, ())._replace(times=None),)
        self._exactly_one(data, (), _OUTCOMES)
        delay, fault = self._delay(data, ()), self._fault(data)
        last = len(sequence) - 1
        steps = []
        for index, part in enumerate(sequence):
            step = self._step(part, ("sequence", index))
            if index == last and step.times is not None:
                self._report(("sequence", index, "times"), "the last answer of a sequence stays; take times out")
            times = None if index == last else step.times or 1
            steps.append(step._replace(times=times, delay=step.delay or delay, fault=step.fault or fault))
        return tuple(steps)

    def other(self, data: Mapping[str, Any]) -> Identity | None:
        for kind in ("customerId", "cardNumber"):
            if (value := data.get(kind)) is None:
                continue
            if self._section == "named" or self._pattern.endswith("*"):
                self._report((kind,), f"only an entry for one number can say whose {kind} it is; take it out")
            elif self._section == kind:
                self._report((kind,), f"the entry already stands under {kind}; take it out or write the other number")
            else:
                return Identity(identity_kind(kind), value)
        return None

    def _step(self, data: Mapping[str, Any], path: Path) -> Step:
        # An operation beside the contract has a usual answer, which needs no saying.
        if self._section == "companion":
            if not {"error", "delay", "fault"} & data.keys():
                self._report(path, f"found only {', '.join(data)}, expected error, delay or fault with it")
        else:
            self._exactly_one(data, path, _OUTCOMES if not path else _OUTCOMES[:2])
        outcome: Outcome = USUAL if self._section == "companion" else SYNTHETIC
        if "error" in data:
            outcome = self._error(data["error"], (*path, "error"))
        elif "customer" in data and data["customer"] != "synthetic":
            outcome = self._customer(data["customer"], (*path, "customer"))
        times = int(data["times"]) if "times" in data else None
        return Step(outcome, self._delay(data, path), times, self._fault(data))

    def _exactly_one(self, data: Mapping[str, Any], path: Path, names: tuple[str, ...]) -> None:
        found = [name for name in names if name in data]
        # A fault may be all that matters: the answer that it spoils is then made up.
        if len(found) != 1 and not (not found and "fault" in data):
            choice = f"{', '.join(names[:-1])} or {names[-1]}"
            self._report(path, f"found {' and '.join(found) or 'no answer'}, expected exactly one of {choice}")

    def _delay(self, data: Mapping[str, Any], path: Path) -> AnyDelay | None:
        delay = data.get("delay")
        try:
            if delay is None:
                return None
            if isinstance(delay, str):
                text = read_text(delay)
                read_duration(finish(text, self._sample))
                return Delay(text)
            if "uniform" in delay:
                shortest, longest = map(read_duration, delay["uniform"])
                if shortest > longest:
                    raise ValueError(f"found {' before '.join(delay['uniform'])}, expected the shortest first")
                return UniformDelay(shortest, longest)
            lognormal = delay["lognormal"]
            return LognormalDelay(read_duration(lognormal["median"]), float(lognormal["sigma"]))
        except ValueError as mistake:
            self._report((*path, "delay"), str(mistake))
            return None

    def _fault(self, data: Mapping[str, Any]) -> Fault | None:
        fault = data.get("fault")
        if fault is None or isinstance(fault, str):
            return Fault(fault) if fault else None
        first, every = (int(fault[name]) if name in fault else None for name in ("first", "every"))
        return Fault(fault["name"], first, every, float(fault["share"]) if "share" in fault else None)

    def _customer(self, data: Mapping[str, Any], path: Path) -> CustomerOutcome:
        texts = {
            name: self._text(data[name], (*path, name)) for name in ("fullName", "customerSegment") if name in data
        }
        birthday = None
        if "birthday" in data:
            try:
                birthday = read_birthday(data["birthday"])
            except ValueError as mistake:
                self._report((*path, "birthday"), str(mistake))
        return CustomerOutcome(texts.get("fullName"), texts.get("customerSegment"), birthday)

    def _error(self, data: str | Mapping[str, str], path: Path) -> ErrorOutcome:
        fields = {"code": data} if isinstance(data, str) else dict(data)
        error = self._operation.errors[fields.pop("code")]
        if error.is_gateway and fields:
            self._report(path, f"{error.name} is the gateway's, which has no {', '.join(fields)}; write only its name")
            return ErrorOutcome(error)
        texts = {name: self._text(text, (*path, name)) for name, text in fields.items()}
        fixed = {name: text for name, text in texts.items() if isinstance(text, str)}
        if fixed:
            error = error.changed(fixed)
            for mistake in self._operation.reply_mistakes(error.status, error.value):
                self._report(path, f"the reply breaks the contract: {mistake}")
        return ErrorOutcome(error, {name: text for name, text in texts.items() if isinstance(text, Template)})

    def _text(self, text: str, path: Path) -> Text:
        try:
            template = read_text(text)
            finish(template, self._sample)
        except TemplateMistake as mistake:
            self._report(path, str(mistake))
            return text
        return template

    def _sample(self) -> TemplateContext:
        """Return what a template finds in the least of valid requests."""
        digits = self._pattern.removesuffix("*") if self._section in IDENTITY_LENGTHS else ""
        fields = {
            kind: digits.ljust(length, "0")
            for kind, length in IDENTITY_LENGTHS.items()
            if self._section in (kind, "named")
        }
        headers = {
            rule.name: rule.example
            for rule in self._operation.known_headers
            if rule.required and not rule.is_credential
        }
        return {"request": fields, "headers": headers, "today": "2000-01-01"}


_OUTCOMES = ("customer", "error", "sequence")


def read_birthday(text: str) -> Birthday:
    """Read `today`, `never`, `MM-DD` or `YYYY-MM-DD`. Raises ValueError for anything else or for a day that is none."""
    if text == "today":
        return "today"
    if text == "never":
        return "never"
    try:
        if _DAY.fullmatch(text):
            # Year 2000 has every day there is.
            day = date.fromisoformat(text if len(text) == 10 else f"2000-{text}")
            return day.month, day.day
    except ValueError:
        pass
    raise ValueError(f"found {shown(text)}, expected today, never, or a day that exists as MM-DD or YYYY-MM-DD")


_DAY = re.compile(r"(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}", re.ASCII)
