"""A JSON Schema that explains itself: what was found, what was expected, and what was probably meant.

Rule 1: what was expected is the schema's own `description`, so editors and mistakes say the same.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from jsonschema_rs import Draft202012Validator, ValidationError

from .messages import shown

Path: TypeAlias = tuple[str | int, ...]


class Schema:
    """A compiled JSON Schema. `definition` names the part under `$defs` to check with; the whole where it is None."""

    def __init__(self, document: Mapping[str, Any], definition: str | None = None) -> None:
        schema = dict(document) if definition is None else {**document["$defs"][definition], "$defs": document["$defs"]}
        self._root: Mapping[str, Any] = schema
        self._validator = Draft202012Validator(schema)
        self.is_valid = self._validator.is_valid

    def mistakes(self, data: object) -> Iterator[tuple[Path, str]]:
        """Go through all mistakes, each with its path in the data."""
        for error in self._validator.iter_errors(data):
            yield from self._explained(error, _path_in(data, error.instance_path, error.instance))

    def examine(self, data: object) -> "Examined":
        """Find all mistakes, and what is sound in spite of them."""
        if self.is_valid(data):
            return Examined(data, [], frozenset())
        mistakes: list[tuple[Path, str]] = []
        spoilt: set[Path] = set()
        for error in self._validator.iter_errors(data):
            found = list(self._explained(error, _path_in(data, error.instance_path, error.instance)))
            mistakes += found
            if error.kind.name not in _ABOUT_THE_WHOLE:
                spoilt.update(path for path, _ in found)
        return Examined(_without(data, spoilt), mistakes, frozenset(spoilt))

    def _explained(self, error: ValidationError, path: Path) -> Iterator[tuple[Path, str]]:
        keyword = str(error.schema_path[-1])
        schema = self._part(error.schema_path[:-1])
        expected = schema.get("description", "something else")
        kind: Any = error.kind
        if kind.name == "propertyNames":
            key = str(kind.error.instance)
            yield (*path, key), f"found {shown(key)}, expected {expected}"
        elif keyword == "additionalProperties":
            for key in kind.unexpected:
                yield (*path, key), f"{shown(key)} is not known here; {meant(key, schema['properties'])}"
        elif keyword == "required":
            missing = kind.property
            yield path, f"{missing} is missing: {schema['properties'][missing].get('description', '')}".rstrip(": ")
        elif keyword == "enum":
            yield path, f"found {shown(error.instance)}; {meant(error.instance, schema['enum'])}"
        else:
            # What is for writing only, a secret, is not shown to anybody.
            found = "something else" if schema.get("writeOnly") else shown(error.instance)
            yield path, f"found {found}, expected {expected}"

    def _part(self, path: list[str | int]) -> Mapping[str, Any]:
        part: Any = self._root
        for step in path:
            part = part[step]
        found: Mapping[str, Any] = part
        return found


class Examined(NamedTuple):
    """Data held against a schema: its mistakes, and what is left of it without the values that are `spoilt`.

    In a list an empty mapping stands for a spoilt item, and for all where all is spoilt. What the mistakes are about as
    a whole is left as it is: a mapping with too few keys, a list with too many items, a key that is none.
    """

    sound: Any
    mistakes: list[tuple[Path, str]]
    spoilt: frozenset[Path]


_ABOUT_THE_WHOLE = frozenset({"required", "minProperties", "maxProperties", "minItems", "maxItems", "propertyNames"})


def _without(data: Any, spoilt: Iterable[Path]) -> Any:
    """Return the data without the values at these paths. What is not on the way to one is the same object."""
    below: dict[str | int, list[Path]] = {}
    for path in spoilt:
        if not path:
            return {}
        below.setdefault(path[0], []).append(path[1:])
    if isinstance(data, dict):
        return {
            key: _without(value, below[key]) if key in below else value
            for key, value in data.items()
            if () not in below.get(key, ())
        }
    if isinstance(data, list):
        return [_without(value, below[index]) if index in below else value for index, value in enumerate(data)]
    return data


def _path_in(data: Any, path: Sequence[str | int], instance: object) -> Path:
    """Return the path with its keys as written: the validator takes a key of digits, such as 000123, for an index.

    Where several keys are that number, `instance` tells which one is meant.
    """
    candidates = _candidates(data, path)
    # An empty key is lost on the way: then the path is as good as it gets.
    first, value = next(candidates, (tuple(path), instance))
    return first if value == instance else next((found for found, value in candidates if value == instance), first)


def _candidates(data: Any, path: Sequence[str | int]) -> Iterator[tuple[Path, object]]:
    if not path:
        yield (), data
        return
    step, rest = path[0], path[1:]
    keys: Iterable[str | int] = [step]
    if isinstance(step, int) and isinstance(data, Mapping):
        # The plain key first: to look through all of them, for each of many mistakes, takes for ever.
        plain = [str(step)] if str(step) in data else []
        others = (key for key in data if key.isascii() and key.isdigit() and key[0] == "0" and int(key) == step)
        keys = chain(plain, (key for key in others if key not in plain))
    for key in keys:
        if isinstance(data, Mapping) and key not in data:
            continue
        for found, value in _candidates(data[key], rest):
            yield (key, *found), value


def meant(found: object, known: Any) -> str:
    """Return what was probably meant, or what there is."""
    names = [str(name) for name in known]
    close = get_close_matches(str(found), names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"expected one of {', '.join(names)}" if names else "expected nothing"


_JSON_TYPES = {dict: "an object", list: "an array", str: "text", bool: "a boolean", type(None): "null"}
# A pattern that allows any number of characters of one kind; the first of another kind can be pointed at.
_ONE_KIND = re.compile(r"\^(\[[^]]+\])\*\$")
_KINDS = {"[0-9]": "digit"}


def breaches(value: object, schema: Mapping[str, Any]) -> Iterator[str]:
    """Say everything in which a value is not what its schema wants, without a character of it; places count from 1."""
    if schema["type"] != "string" or not isinstance(value, str):
        expected = "text" if schema["type"] == "string" else f"an {schema['type']}"
        yield f"found {_JSON_TYPES.get(type(value), 'a number')}, expected {expected}"
        return
    least, most, pattern = schema.get("minLength", 0), schema.get("maxLength"), schema.get("pattern")
    if len(value) < least:
        yield f"found {len(value)} characters, expected at least {least}" if value else "found nothing, expected text"
    if most is not None and len(value) > most:
        yield f"found {len(value)} characters, expected at most {most}"
    if pattern is None or Draft202012Validator({"pattern": pattern}).is_valid(value):
        return
    if kind := _ONE_KIND.fullmatch(pattern):
        allowed = re.match(f"{kind[1]}*", value)
        place = allowed.end() + 1 if allowed else 1
        yield f"found a character that is no {_KINDS.get(kind[1], kind[1])} at position {place}"
    else:
        yield f"found text that does not match {pattern}"
