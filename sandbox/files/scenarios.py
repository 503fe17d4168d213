"""Scenario files: entries held against their schema and read, and all that is wrong with them.

Rule 1: a file without a mistake is read once and fast; one with a mistake is read again, slowly, until all are found.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from sandbox.core.contract import Contract
from sandbox.core.entries import read_entry
from sandbox.core.messages import Place
from sandbox.core.scenarios import SECTIONS, Scenario
from sandbox.core.schema import Path as DataPath
from sandbox.core.schema import Schema
from sandbox.core.slips import short_numbers

from .recognition import LEFT_ALONE, looks_like_scenarios
from .shipped import SCENARIO_SCHEMA_FILE
from .yaml_data import Document, Mistake
from .yaml_source import decoded

_PART = 1_000


class ScenarioFile(NamedTuple):
    """What a scenario file says. Where it has a mistake, its scenarios only show which names are taken.

    `notes` say what was left alone, or is good to know.
    """

    scenarios: list[Scenario]
    mistakes: list[Mistake]
    warnings: list[Mistake]
    notes: list[Mistake] = []  # noqa: RUF012 - nobody appends to it


@cache
def scenario_schema(definition: str | None = None, further: tuple[str, ...] = ()) -> Schema:
    """Return the schema of a scenario file, or of the part of it that stands under this name in `$defs`.

    `further` are the names of operations that the file's schema does not know, which have entries under `companion`.
    """
    document = json.loads(SCENARIO_SCHEMA_FILE.read_bytes())
    for name in further:
        document["properties"]["companion"]["properties"][name] = {"$ref": "#/$defs/operation"}
    return Schema(document, definition)


def entry_schema(section: str, name: str) -> Schema:
    """Return the schema of an entry in a section of scenario files."""
    if section != "companion":
        return scenario_schema("entry")
    return scenario_schema(name if name in ("token", "e2eKey") else "operation")


def further_operations(contract: Contract) -> tuple[str, ...]:
    """Return the names of the operations that the schema of scenario files does not know."""
    known = json.loads(SCENARIO_SCHEMA_FILE.read_bytes())["properties"]["companion"]["properties"]
    return tuple(name for name in contract.operations if name not in known and name != contract.main.id)


class ScenarioReader:
    """Reads scenario files for the operations of a contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._schema = scenario_schema(further=further_operations(contract))

    def read(self, content: bytes, shown: str, is_magic: bool = False, is_certain: bool = True) -> ScenarioFile:
        """Read a file; `shown` is its name. Only one that `is_magic` may write down the reserved numbers.

        One that was only found, so that it is not certain what it is, is left alone where it is something else.
        """
        document = decoded(content, shown)
        if not document.mistakes and document.data is None:
            return ScenarioFile([], document.nothing_at_all, document.only_comments)
        if not is_certain and not looks_like_scenarios(document, content):
            return ScenarioFile([], [], [], [Mistake(Place(shown, 1), 1, LEFT_ALONE)])
        if not document.mistakes and _is_valid(self._schema, document.data):
            scenarios, slips = [], []
            is_right = True
            for base, entry, place in _taken(document):
                scenario, wrong = self._entry(entry, base, place, is_magic)
                scenarios.append(scenario)
                slips += [((*base, *path), text) for path, text in short_numbers(scenario)]
                is_right = is_right and not wrong
            if is_right:
                warned = decoded(content, shown, every_position=True) if slips else document
                return ScenarioFile(scenarios, [], [warned.mistake(path, text) for path, text in slips])
        return self._read_thoroughly(decoded(content, shown, every_position=True), is_magic)

    def _read_thoroughly(self, document: Document, is_magic: bool) -> ScenarioFile:
        mistakes, scenarios = list(document.mistakes), []
        for part in (document, *document.strays):
            if part.data is None:
                continue
            examined = self._schema.examine(part.data)
            wrong = list(examined.mistakes)
            spoilt: dict[DataPath, set[DataPath]] = {}
            for path in examined.spoilt:
                spoilt.setdefault(path[:2], set()).add(path[2:])
            for base, entry in entries(examined.sound):
                place, lost = Place(document.file, part.position(base)[0]), frozenset(spoilt.get(base, ()))
                scenario, found = self._entry(entry, base, place, is_magic, lost)
                wrong += [((*base, *path), text) for path, text in found]
                # A key that is there twice is named already; an entry in a section that is there twice is not.
                if len(part.at) < len(base):
                    scenarios.append(scenario)
            mistakes += part.own(wrong)
        return ScenarioFile(scenarios, list(dict.fromkeys(mistakes)), [])

    def _entry(
        self,
        entry: Mapping[str, Any],
        base: tuple[str, str],
        place: Place,
        is_magic: bool,
        spoilt: frozenset[DataPath] = frozenset(),
    ) -> tuple[Scenario, list[tuple[DataPath, str]]]:
        section, pattern = base
        scenario, wrong = read_entry(entry, section, pattern, place, self._contract, is_magic, spoilt)
        if "expires" in entry:
            wrong.append((("expires",), "only an override expires; take it out"))
        return scenario, wrong


def entries(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    """Go through the entries of a file, each with its section and name."""
    for section in SECTIONS:
        for pattern, entry in data.get(section, {}).items():
            yield (section, pattern), entry


def _taken(document: Document) -> Iterator[tuple[tuple[str, str], Any, Place]]:
    """Go through the entries of a document and take them out, one by one.

    To free a large document at once would keep every caller waiting. What aliases share stays until the end.
    """
    for base, entry in [*entries(document.data)]:
        if document.sources:
            yield base, entry, Place(document.file, document.position(base)[0])
        else:
            section, pattern = base
            yield base, document.data[section].pop(pattern), Place(document.file, document.positions.pop(base)[0])


def _is_valid(schema: Schema, data: Any) -> bool:
    """Hold data against the schema, many scenarios in parts: one call for all would keep every caller waiting."""
    if not isinstance(data, dict):
        return False
    small = {section: entries for section, entries in data.items() if not isinstance(entries, dict)}
    for section, entries in data.items():
        patterns = list(entries) if isinstance(entries, dict) else []
        for start in range(0, len(patterns), _PART):
            if not schema.is_valid({section: {name: entries[name] for name in patterns[start : start + _PART]}}):
                return False
        if not patterns:
            small[section] = entries
    return schema.is_valid(small)
