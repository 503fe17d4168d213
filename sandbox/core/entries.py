"""Reading the entries of scenario files and overrides.

Rule 1: a file and an override are read by the same code, with the same words for the same mistakes.
Rule 2: what is checked here is what a schema can't say.
Rule 3: a mistake hides no other: what the schema left of an entry is read on, and all that is there is looked at.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from .contract import Contract
from .customers import RESERVED_PREFIX, Birthday
from .documented_errors import DocumentedError
from .faults import Fault
from .headers import HeaderRule
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
    When,
)
from .schema import Path, meant
from .templates import Template, TemplateContext, TemplateMistake, Text, finish, read_text, template_mistakes
from .times import read_duration


def read_entry(
    data: Mapping[str, Any],
    section: str,
    pattern: str,
    place: Place,
    contract: Contract,
    is_magic: bool = False,
    spoilt: frozenset[Path] = frozenset(),
) -> tuple[Scenario, list[tuple[Path, str]]]:
    """Read one entry. Return it with the mistakes that the schema can't see, each with its path in the entry.

    `data` is what the schema left of the entry, `spoilt` the paths that it took out; where there are any, or mistakes,
    the scenario is not for use. An entry under `companion` is about the operation of its name, any other about the
    contract's own. Only an entry that `is_magic` may name the numbers that steer the sandbox.
    """
    operation = contract.operations.get(pattern, contract.main) if section == "companion" else contract.main
    parts = [data]
    while isinstance(part := parts[-1].get("otherwise"), Mapping):
        parts.append(part)
    other = _EntryReader(section, pattern, operation, spoilt)
    owner, mistakes = other.other(data), other.mistakes
    scenario: Scenario | None = None
    for rank, part in reversed([*enumerate(parts)]):
        reader = _EntryReader(section, pattern, operation, spoilt, ("otherwise",) * rank)
        when = reader.when(part)
        scenario = Scenario(
            section,
            pattern,
            place,
            reader.steps(part),
            owner,
            part.get("description", ""),
            None if (times := part.get("times")) is None else int(times),
            when=when,
            otherwise=scenario,
            rank=rank,
        )
        mistakes = [*reader.mistakes, *mistakes]
    assert scenario
    if section == "named" and contract.main.error(pattern):
        mistakes.append(((), "is the name of an error already; choose another"))
    if not is_magic:
        numbers: list[tuple[Path, str]] = [((), pattern)] if section in IDENTITY_LENGTHS else []
        numbers += [((kind,), data[kind]) for kind in IDENTITY_LENGTHS if kind in data]
        for path, number in numbers:
            if number.startswith(RESERVED_PREFIX):
                message = f"numbers that begin with {RESERVED_PREFIX} are the sandbox's own; choose another"
                mistakes.append((path, message))
    return scenario, mistakes


class _EntryReader:
    """Reads one entry, or the otherwise of one, which stands at `base`."""

    def __init__(
        self, section: str, pattern: str, operation: Operation, spoilt: frozenset[Path], base: Path = ()
    ) -> None:
        self.mistakes: list[tuple[Path, str]] = []
        self._base = base
        self._section = section
        self._pattern = pattern
        self._operation = operation
        self._spoilt = spoilt

    def _report(self, path: Path, message: str) -> None:
        self.mistakes.append((path, message))

    def steps(self, data: Mapping[str, Any]) -> tuple[Step, ...]:
        # `times` of the entry itself says how long the entry answers, not the step.
        first = self._step(data, self._base, _OUTCOMES)._replace(times=None)
        if not (sequence := data.get("sequence")):
            return (first,)
        last = len(sequence) - 1
        steps = []
        for index, part in enumerate(sequence):
            path = (*self._base, "sequence", index)
            step = self._step(part, path, _OUTCOMES[:2])
            if index == last and step.times is not None:
                self._report((*path, "times"), "the last answer of a sequence stays; take times out")
            times = None if index == last else step.times or 1
            steps.append(step._replace(times=times, delay=step.delay or first.delay, fault=step.fault or first.fault))
        return tuple(steps)

    def other(self, data: Mapping[str, Any]) -> Identity | None:
        found = None
        for kind in IDENTITY_LENGTHS:
            if (value := data.get(kind)) is None:
                continue
            if self._section == "named" or self._pattern.endswith("*"):
                self._report((kind,), f"only an entry for one number can say whose {kind} it is; take it out")
            elif self._section == kind:
                self._report((kind,), f"the entry already stands under {kind}; take it out or write the other number")
            else:
                found = Identity(kind, value)
        return found

    def when(self, data: Mapping[str, Any]) -> When | None:
        """Read what an entry wants of the headers, and whether anything is left to its otherwise."""
        if self._section not in IDENTITY_LENGTHS:
            for key in ("when", "otherwise"):
                if key in data:
                    self._report((*self._base, key), f"only an entry for a number has {key}; take it out")
            return None
        is_left = "when" in data or "times" in data or {(*self._base, "when"), (*self._base, "times")} & self._spoilt
        if "otherwise" in data and not is_left:
            message = "never answers, because the entry before it takes every call; give that a when or times"
            self._report((*self._base, "otherwise"), message)
        values: dict[str, list[str]] = {}
        rules = {rule.key: rule for rule in self._operation.known_headers if not rule.is_credential}
        for name, wanted in data.get("when", {}).items():
            path = (*self._base, "when", name)
            if (rule := rules.get(name.lower())) is None:
                self._report(path, f"is no header that an entry can ask for; {_meant_header(name, rules.values())}")
                continue
            if rule.name in values:
                self._report(path, f"names {rule.name} once more; name it once")
            listed = [wanted] if isinstance(wanted, str) else wanted
            # The schema leaves an empty mapping for an item that is no text.
            values[rule.name] = [value for value in listed if isinstance(value, str)]
            for index, value in enumerate(listed):
                if isinstance(value, str) and (problem := rule.problem(value, is_repeated=False)):
                    at = path if isinstance(wanted, str) else (*path, index)
                    self._report(at, f"no call gets here with this: {rule.name} {problem}")
        return When(values) if values else None

    def _step(self, data: Mapping[str, Any], path: Path, outcomes: tuple[str, ...]) -> Step:
        lost = {spoilt[-1] for spoilt in self._spoilt if spoilt and spoilt[:-1] == path} if self._spoilt else ()
        found = [name for name in outcomes if name in data or name in lost]
        # An operation beside the contract has a usual answer, which needs no saying.
        if self._section == "companion":
            if not lost and not {"error", "delay", "fault"} & data.keys():
                self._report(path, f"found only {', '.join(data)}, expected error, delay or fault with it")
        # A fault may be all that matters: the answer that it spoils is then made up.
        elif len(found) > 1 or not (found or lost or "fault" in data or path in self._spoilt):
            choice = f"{', '.join(outcomes[:-1])} or {outcomes[-1]}"
            self._report(path, f"found {' and '.join(found) or 'no answer'}, expected exactly one of {choice}")
        outcome: Outcome = USUAL if self._section == "companion" else SYNTHETIC
        if "customer" in data and data["customer"] != "synthetic":
            outcome = self._customer(data["customer"], (*path, "customer"))
        if "error" in data:
            outcome = self._error(data["error"], (*path, "error")) or outcome
        times = int(data["times"]) if "times" in data else None
        return Step(outcome, self._delay(data.get("delay"), (*path, "delay")), times, self._fault(data))

    def _delay(self, delay: Any, path: Path) -> AnyDelay | None:
        if delay is None:
            return None
        if isinstance(delay, str):
            text = self._read(delay, path)
            if text is not None:
                self._seconds(finish(text, self._sample), path)
            return Delay(delay if text is None else text)
        found: AnyDelay | None = None
        if "uniform" in delay:
            bounds = [
                self._seconds(text, (*path, "uniform", index)) if isinstance(text, str) else None
                for index, text in enumerate(delay["uniform"])
            ]
            shortest, longest = [*bounds, None, None][:2]
            if shortest is not None and longest is not None:
                if shortest > longest:
                    first, second = delay["uniform"][:2]
                    self._report((*path, "uniform"), f"found {first} before {second}, expected the shortest first")
                found = UniformDelay(shortest, longest)
        if "lognormal" in delay:
            median = delay["lognormal"].get("median")
            seconds = self._seconds(median, (*path, "lognormal", "median")) if median is not None else None
            if seconds is not None and "sigma" in delay["lognormal"]:
                found = LognormalDelay(seconds, float(delay["lognormal"]["sigma"]))
        return found

    def _seconds(self, text: str, path: Path) -> float | None:
        try:
            return read_duration(text)
        except ValueError as mistake:
            self._report(path, str(mistake))
            return None

    def _fault(self, data: Mapping[str, Any]) -> Fault | None:
        fault = data.get("fault")
        if fault is None or isinstance(fault, str):
            return Fault(fault) if fault else None
        first, every = (int(fault[name]) if name in fault else None for name in ("first", "every"))
        return Fault(fault.get("name", ""), first, every, float(fault["share"]) if "share" in fault else None)

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

    def _error(self, data: Any, path: Path) -> ErrorOutcome | None:
        fields = dict(data) if isinstance(data, Mapping) else {"code": data}
        wish = fields.pop("code", None)
        error = (
            None if wish is None else self._named_error(wish, (*path, "code") if isinstance(data, Mapping) else path)
        )
        texts = {name: self._text(text, (*path, name)) for name, text in fields.items()}
        if error is None:
            return None
        if error.is_gateway and fields:
            self._report(path, f"{error.name} is the gateway's, which has no {', '.join(fields)}; write only its name")
            return ErrorOutcome(error)
        fixed = {name: text for name, text in texts.items() if isinstance(text, str)}
        if fixed:
            error = error.changed(fixed)
            for mistake in self._operation.reply_mistakes(error.status, error.value):
                self._report(path, f"the reply breaks the contract: {mistake}")
        return ErrorOutcome(error, {name: text for name, text in texts.items() if isinstance(text, Template)})

    def _named_error(self, wish: str | int, path: Path) -> DocumentedError | None:
        """Find an error as X-Sandbox-Scenario names it: a code, a gateway's name or a status, whatever the case."""
        if error := self._operation.error(str(wish).strip()):
            return error
        self._report(path, f"found {shown(wish)}; {meant(wish, self._operation.errors)}")
        return None

    def _text(self, text: str, path: Path) -> Text:
        read = self._read(text, path)
        return text if read is None else read

    def _read(self, text: str, path: Path) -> Text | None:
        try:
            read = read_text(text)
            if isinstance(read, Template):
                finish(read, self._sample)
            return read
        except TemplateMistake:
            for mistake in template_mistakes(text, self._sample):
                self._report(path, mistake)
            return None

    def _sample(self) -> TemplateContext:
        """Return what a template finds in the least of valid requests."""
        # A pattern that is none is a mistake already.
        digits = re.sub("[^0-9]", "", self._pattern) if self._section in IDENTITY_LENGTHS else ""
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


def _meant_header(name: str, rules: Iterable[HeaderRule]) -> str:
    """Return which header was probably meant, whatever the case that it was written in."""
    names = {rule.key: rule.name for rule in rules}
    close = get_close_matches(name.lower(), names, n=1)
    return f"did you mean {names[close[0]]}?" if close else f"expected one of {', '.join(names.values())}"


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
