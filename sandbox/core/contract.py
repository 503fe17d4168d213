"""The contract, asked as questions: which headers, which bodies, which documented errors, which replies are allowed.

Rule 1: everything here is read out of the document; no header name, error text or pattern of the bank is repeated.
Rule 2: a violation never quotes a credential or a value of the body.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring
from shlex import quote
from types import MappingProxyType
from typing import Any, NamedTuple

from jsonschema_rs import Draft202012Validator

from .messages import LIST_HEADERS, BankReply, BankRequest, Violation, instant, shown
from .openapi import resolved
from .seeded_random import chance
from .strict_json import read_json

DEFAULT_LANGUAGE = "en"

_JSON = (b"content-type", b"application/json")
_TEXTS = ("details", "moreInfo")
_LANGUAGE = re.compile(r"x-[a-z]{2}")


class DocumentedError:
    """One error that the contract shows as a named example, ready to be sent; also the gateway's, outside of it.

    `value` is the documented body, `texts` maps a language to the `details` and `moreInfo` in it. `live` are the fields
    in which live systems were seen to differ from the document, one mapping for each wording.
    """

    __slots__ = ("_live", "_pieces", "headers", "is_gateway", "name", "status", "texts", "value")

    def __init__(
        self,
        name: str,
        status: int,
        value: Mapping[str, str],
        texts: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
        live: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self.name = name
        self.status = status
        self.value = dict(value)
        self.texts = {DEFAULT_LANGUAGE: {key: value[key] for key in _TEXTS if key in value}, **texts}
        self.headers = dict(headers)
        self.is_gateway = "httpCode" in value
        self._pieces = {language: self._encode(language) for language in self.texts}
        self._live = [DocumentedError(name, status, {**value, **fields}, texts, headers) for fields in live]

    def changed(self, changes: Mapping[str, str]) -> "DocumentedError":
        """Return this error with other fields, the same in every language."""
        changed_texts = {key: changes[key] for key in _TEXTS if key in changes}
        texts = {language: {**texts, **changed_texts} for language, texts in self.texts.items()}
        return DocumentedError(self.name, self.status, {**self.value, **changes}, texts, self.headers)

    def as_live(self, uuid: str) -> "DocumentedError":
        """Return this error in one wording of live systems, the same for each `uuid`; itself where none is known."""
        return self._live[int(chance("live", uuid) * len(self._live))] if self._live else self

    def reply(self, uuid: str, now: datetime, location: str | None, language: str) -> BankReply:
        """Return the error for the request with this `uuid`; `now` is aware, and is written as UTC milliseconds.

        A `location` in the error itself, which a scenario may set, is stronger than the one given.
        """
        if "code" not in self.value:
            # The gateway's and OAuth's have a shape of their own, without the bank's fields.
            headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
            return BankReply(self.status, [_JSON, *headers], json.dumps(self.value, separators=(",", ":")).encode())
        if language not in self._pieces:
            language = DEFAULT_LANGUAGE
        head, tail = self._pieces[language]
        if location is not None and "location" not in self.value:
            head = f'{head},"location":{encode_basestring(location)}'
        body = f'{head}{tail},"uuid":{encode_basestring(uuid)},"timestamp":"{instant(now)}"}}'
        return BankReply(self.status, [_JSON, (b"content-language", language.encode())], body.encode())

    def _encode(self, language: str) -> tuple[str, str]:
        fields = {**self.value, **self.texts[language]}
        head = {key: fields[key] for key in ("type", "code", "details", "location") if key in fields}
        tail = {"moreInfo": fields["moreInfo"]} if "moreInfo" in fields else {}
        head_text, tail_text = (
            json.dumps(part, ensure_ascii=False, separators=(",", ":"))[1:-1] for part in (head, tail)
        )
        return "{" + head_text, "," + tail_text if tail_text else ""


class HeaderRule(NamedTuple):
    """One header of the contract. `key` is its name in lower case; a credential's breach is a 401, any other a 400."""

    name: str
    key: str
    required: bool
    is_credential: bool
    description: str
    example: str | None
    validator: Draft202012Validator


class Contract:
    """The bank's document. Raises KeyError when the document is not the one this sandbox is built on."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.version: str = document["info"]["version"]
        self.base_path: str = document["servers"][0]["url"]
        self.path, item = next(iter(document["paths"].items()))
        self.operation: Mapping[str, Any] = item["post"]
        self.operation_id: str = self.operation["operationId"]
        components = document["components"]

        self.errors = {error.name: error for error in self._documented_errors()}
        self.gateway_errors = {
            error.name: error
            for response_name, response in components["responses"].items()
            for error in documented_errors(int(response_name.removeprefix("Gateway")), response)
        }
        self.languages = frozenset(language for error in self.errors.values() for language in error.texts)
        self.errors_by_name = {**self.errors, **self.gateway_errors}
        self._errors_by_wish = {
            wish.lower(): error for error in self.errors_by_name.values() for wish in (error.name, str(error.status))
        }

        schemes = components["securitySchemes"].values()
        credentials = {scheme.get("name", "Authorization") for scheme in schemes}
        self.headers = tuple(self._header_rules(credentials))
        self.request_schema = resolved(_json_content(self.operation["requestBody"])["schema"], self.document)
        self._fields: Mapping[str, Any] = self.request_schema["properties"]
        self._field_validators = {name: _validator(schema) for name, schema in self._fields.items()}
        self.example_headers = {rule.name: rule.example for rule in self.headers if rule.required and rule.example}
        self._headers_are_valid = _validator(
            {
                "properties": {rule.key: self._header_schema(rule.name) for rule in self.headers},
                "required": [rule.key for rule in self.headers if rule.required],
            }
        ).is_valid
        self._body_is_valid = _validator(self.request_schema).is_valid
        self._reply_validators = {
            status: _validator({**_json_content(resolved(response, self.document))["schema"], "components": components})
            for status, response in self.operation["responses"].items()
        }

    def error(self, wish: str) -> DocumentedError | None:
        """Find an error by its code, its gateway name or its status, whatever the case."""
        return self._errors_by_wish.get(wish.lower())

    def curl(self, base_url: str, headers: Mapping[str, str], options: Sequence[str] = ()) -> str:
        """Return the contract's first example as a command to paste into a shell; `options` are more of curl's."""
        example = next(iter(_json_content(self.operation["requestBody"])["examples"].values()))
        url, body = base_url + self.base_path + self.path, json.dumps(example["value"])
        return curl_command("POST", url, headers, body, options)

    def header_violations(self, request: BankRequest) -> list[Violation]:
        """Name every breach in the headers, credentials first."""
        headers, repeated = request.headers, request.repeated
        if (
            self._headers_are_valid(headers)
            and not repeated - LIST_HEADERS
            and admits_json(headers["accept"])
            and is_json(headers["content-type"])
        ):
            return []
        violations = []
        for rule in sorted(self.headers, key=lambda rule: not rule.is_credential):
            if problem := self._header_problem(rule, headers.get(rule.key), rule.key in repeated):
                error = "unAuthorized" if rule.is_credential else "invalidRequest"
                violations.append(Violation(error, rule.name, f"{rule.name} {problem}"))
        return violations

    def read_body(self, body: bytes) -> tuple[Mapping[str, Any], list[Violation]]:
        """Read the request's body: its fields, and every breach in it. The fields are empty where there is a breach."""
        try:
            payload = read_json(body)
        except ValueError as mistake:
            return {}, [Violation("invalidRequest", "body", f"the body {mistake}")]
        if not isinstance(payload, dict):
            return {}, [_wrong_field("body", payload, self.request_schema)]
        if not self._body_is_valid(payload):
            return {}, [
                _wrong_field(name, payload[name], schema)
                for name, schema in self._fields.items()
                if name in payload and not self._field_validators[name].is_valid(payload[name])
            ]
        if any(payload.get(name) for name in self._fields):
            return payload, []
        location = next((name for name in self._fields if name in payload), next(iter(self._fields)))
        return {}, [Violation("invalidRequest", location, f"{' and '.join(self._fields)} are empty: nobody is named")]

    def reply_mistakes(self, status: int, payload: object) -> Iterator[str]:
        """Name everything in which a reply would break the contract."""
        for error in self._reply_validators[str(status)].iter_errors(payload):
            yield f"{'.'.join(map(str, error.instance_path)) or 'the body'}: {error.message}"

    def _documented_errors(self) -> Iterator[DocumentedError]:
        for status, response in self.operation["responses"].items():
            if not status.startswith("2"):
                yield from documented_errors(int(status), response)

    def _header_rules(self, credentials: set[str]) -> Iterator[HeaderRule]:
        for reference in self.operation["parameters"]:
            parameter = resolved(reference, self.document)
            name = parameter["name"]
            yield HeaderRule(
                name,
                name.lower(),
                parameter["required"],
                name in credentials,
                parameter["description"],
                parameter.get("example"),
                _validator(parameter["schema"]),
            )

    def _header_schema(self, name: str) -> Mapping[str, Any]:
        schema: Mapping[str, Any] = self.document["components"]["parameters"][name]["schema"]
        return schema

    def _header_problem(self, rule: HeaderRule, value: str | None, is_repeated: bool) -> str | None:
        if value is None:
            return f"is missing{_HINTS.get(rule.key, '')}" if rule.required else None
        if is_repeated and rule.key not in LIST_HEADERS:
            return "was sent more than once; send it once"
        if not rule.validator.is_valid(value):
            if not value:
                return "is empty"
            schema = self._header_schema(rule.name)
            found = "" if rule.is_credential else f" {shown(value[:40])}"
            return f"is not valid{found}: {'; '.join(_breaches(value, schema))}"
        if rule.key == "accept" and not admits_json(value):
            return "does not admit application/json, the only answer"
        if rule.key == "content-type" and not is_json(value):
            return "is not application/json"
        return None


def curl_command(method: str, url: str, headers: Mapping[str, str], body: str, options: Sequence[str] = ()) -> str:
    """Return a call as a command to paste into a shell; curl takes one with a body for a POST by itself."""
    verb = "" if method == "POST" else f"-X {method} "
    lines = (f"-H {quote(f'{name}: {value}')}" for name, value in headers.items())
    return " \\\n  ".join([f"curl -i {verb}{quote(url)}", *options, *lines, f"-d {quote(body)}"])


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


def translations(example: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return the texts of an example in other languages, which stand beside it as `x-es` and the like."""
    return {key[2:]: example[key] for key in example if _LANGUAGE.fullmatch(key)}


def documented_errors(status: int, response: Mapping[str, Any]) -> Iterator[DocumentedError]:
    """Go through the errors that a response of a contract shows as its examples."""
    for name, example in _json_content(response)["examples"].items():
        texts = translations(example)
        live, headers = example.get("x-live", ()), example.get("x-headers", {})
        yield DocumentedError(name, status, example["value"], texts, headers, live)


def _json_content(part: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = part["content"]["application/json"]
    return content


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(dict(schema))


def _wrong_field(location: str, value: object, schema: Mapping[str, Any]) -> Violation:
    return Violation("invalidRequest", location, f"{location}: {'; '.join(_breaches(value, schema))}")


_JSON_TYPES = {dict: "an object", list: "an array", str: "text", bool: "a boolean", type(None): "null"}
# A pattern that allows any number of characters of one kind; the first of another kind can be pointed at.
_ONE_KIND = re.compile(r"\^(\[[^]]+\])\*\$")
_KINDS = {"[0-9]": "digit"}


def _breaches(value: object, schema: Mapping[str, Any]) -> Iterator[str]:
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
    if pattern is None or _validator({"pattern": pattern}).is_valid(value):
        return
    if kind := _ONE_KIND.fullmatch(pattern):
        allowed = re.match(f"{kind[1]}*", value)
        place = allowed.end() + 1 if allowed else 1
        yield f"found a character that is no {_KINDS.get(kind[1], kind[1])} at position {place}"
    else:
        yield f"found text that does not match {pattern}"
