"""Documented errors: the named examples of a document's error responses, ready to be sent.

Rule 1: an error's fields, texts and headers are read out of the document; nothing of them is repeated in code.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from json.encoder import encode_basestring
from types import MappingProxyType
from typing import Any

from .messages import BankReply, instant
from .openapi import Document, json_content
from .seeded_random import chance

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


def translations(example: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return the texts of an example in other languages, which stand beside it as `x-es` and the like."""
    return {key[2:]: example[key] for key in example if _LANGUAGE.fullmatch(key)}


def gateway_errors(document: Mapping[str, Any]) -> Iterator[DocumentedError]:
    """Go through the errors of the gateway before the bank, which stand among a document's components."""
    for name, response in document["components"]["responses"].items():
        yield from documented_errors(int(name.removeprefix("Gateway")), response)


def with_gateway(document: Document) -> dict[str, Any]:
    """Return a document whose operations have the gateway's answers among their own, so that generators know them."""
    gateway = {
        name.removeprefix("Gateway"): {"$ref": f"#/components/responses/{name}"}
        for name in document["components"]["responses"]
    }
    paths = {
        path: {
            method: {**node, "responses": {**node["responses"], **gateway}} if "responses" in node else node
            for method, node in item.items()
        }
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def documented_errors(status: int, response: Mapping[str, Any]) -> Iterator[DocumentedError]:
    """Go through the errors that a response of a contract shows as its examples."""
    for name, example in json_content(response)["examples"].items():
        texts = translations(example)
        live, headers = example.get("x-live", ()), example.get("x-headers", {})
        yield DocumentedError(name, status, example["value"], texts, headers, live)
