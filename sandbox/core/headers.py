"""The headers of an operation: which there are, what they may hold, and what a caller may choose with them.

Rule 1: names, patterns and examples are read out of the document; only what no schema can say stands here.
Rule 2: a violation never quotes a credential.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from jsonschema_rs import Draft202012Validator

from .documented_errors import DEFAULT_LANGUAGE
from .messages import LIST_HEADERS, BankRequest, Violation, shown
from .openapi import Document, resolved
from .schema import breaches


class HeaderRule(NamedTuple):
    """One header of the contract. `key` is its name in lower case; a credential's breach is a 401, any other a 400."""

    name: str
    key: str
    required: bool
    is_credential: bool
    description: str
    example: str | None
    schema: Mapping[str, Any]
    validator: Draft202012Validator

    def problem(self, value: str | None, is_repeated: bool) -> str | None:
        """Say what is wrong with a value of the header, None where nothing is."""
        if value is None:
            return f"is missing{_HINTS.get(self.key, '')}" if self.required else None
        if is_repeated and self.key not in LIST_HEADERS:
            return "was sent more than once, with different values; send it once"
        if not self.validator.is_valid(value):
            if not value:
                return "is empty"
            found = "" if self.is_credential else f" {shown(value[:40])}"
            return f"is not valid{found}: {'; '.join(breaches(value, self.schema))}"
        if self.key == "accept" and not admits_json(value):
            return "does not admit application/json, the only answer"
        if self.key == "content-type" and not is_json(value):
            return "is not application/json"
        return None


class Headers:
    """All headers of one operation."""

    def __init__(self, rules: Iterable[HeaderRule]) -> None:
        self.rules = tuple(rules)
        self.names = frozenset(rule.name for rule in self.rules)
        self._keys = frozenset(rule.key for rule in self.rules)
        self._in_order = sorted(self.rules, key=lambda rule: not rule.is_credential)
        self._are_valid = Draft202012Validator(
            {
                "properties": {rule.key: rule.schema for rule in self.rules},
                "required": [rule.key for rule in self.rules if rule.required],
            }
        ).is_valid

    def __iter__(self) -> Iterator[HeaderRule]:
        return iter(self.rules)

    def violations(self, request: BankRequest) -> list[Violation]:
        """Name every breach in the headers, credentials first."""
        headers, repeated = request.headers, request.repeated
        if (
            self._are_valid(headers)
            and not (repeated - LIST_HEADERS) & self._keys
            and ("accept" not in self._keys or admits_json(headers["accept"]))
            and ("content-type" not in self._keys or is_json(headers["content-type"]))
        ):
            return []
        found = ((rule, rule.problem(headers.get(rule.key), rule.key in repeated)) for rule in self._in_order)
        return [
            Violation("unAuthorized" if rule.is_credential else "invalidRequest", rule.name, f"{rule.name} {problem}")
            for rule, problem in found
            if problem
        ]


def header_rules(document: Document, operation: Document) -> Iterator[HeaderRule]:
    """Go through the headers that a document gives an operation; those of its security schemes are credentials."""
    schemes = document["components"].get("securitySchemes", {}).values()
    credentials = {scheme.get("name", "Authorization") for scheme in schemes}
    for reference in operation.get("parameters", ()):
        parameter = resolved(reference, document)
        if parameter["in"] != "header":
            continue
        name, schema = parameter["name"], resolved(parameter["schema"], document)
        yield HeaderRule(
            name,
            name.lower(),
            parameter.get("required", False),
            name in credentials,
            parameter.get("description", ""),
            parameter.get("example"),
            schema,
            Draft202012Validator(dict(schema)),
        )


# Hints for what goes wrong on the way rather than in the caller.
_HINTS = {
    "client_id": "; is there an nginx in front? It drops names with an underscore unless underscores_in_headers is on"
}


@lru_cache(maxsize=256)
def admits_json(accept: str) -> bool:
    """Tell whether an Accept header admits application/json (RFC 9110, 12.5.1)."""
    ranges = weighted(accept)
    for wanted in ("application/json", "application/*", "*/*"):
        if wanted in ranges:
            return ranges[wanted] > 0
    return False


@lru_cache(maxsize=256)
def is_json(content_type: str) -> bool:
    """Tell whether a Content-Type is application/json, with or without parameters."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


@lru_cache(maxsize=256)
def language_for(accept_language: str, offered: frozenset[str]) -> str:
    """Choose the offered language that an Accept-Language header likes best (RFC 4647 lookup), else English."""
    ranges = weighted(accept_language)
    liked = sorted((name for name in ranges if ranges[name] > 0), key=lambda name: -ranges[name])
    for name in liked:
        if (language := name.partition("-")[0]) in offered:
            return language
        if name == "*":
            break
    return DEFAULT_LANGUAGE


def weighted(header: str) -> dict[str, float]:
    """Read a list of `name;q=0.5` into name → q; a q that is not a number counts as 0."""
    weights = {}
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            weights[name] = float(quality)
        except ValueError:
            weights[name] = 0.0
    return weights
