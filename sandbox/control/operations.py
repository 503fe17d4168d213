"""The operations of the control API, read from its OpenAPI document, and what checks a call of one.

Rule 1: the document alone says what an operation takes; no field, type or bound of it stands in code.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from sandbox.core.openapi import Document, resolved
from sandbox.core.schema import Path, Schema
from sandbox.files.shipped import control_document

PREFIX = "/_sandbox"

_METHODS = ("get", "put", "post", "delete")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_FLAGS = {"true": True, "false": False}


class Part:
    """What one part of a request may hold: its path, its query, its headers, or its body."""

    def __init__(self, schema: Document, document: Document) -> None:
        self.names = tuple(schema.get("properties", ()))
        self._schema = schema
        self._document = document
        self._compiled = Schema({**schema, "components": {"schemas": document["components"]["schemas"]}})
        self._defaults = {
            name: field["default"] for name, field in schema.get("properties", {}).items() if "default" in field
        }

    def mistakes(self, data: Any) -> Iterator[tuple[Path, str]]:
        """Go through all mistakes, each with the path to it."""
        return self._compiled.mistakes(data)

    def typed(self, data: Any) -> Any:
        """Return texts, which queries and YAML are made of, as the numbers and flags that the schema wants."""
        return _typed(data, self._schema, self._document)

    def completed(self, data: Any) -> Any:
        """Return an object with the schema's defaults where it says nothing."""
        return {**self._defaults, **data}


class Operation:
    """One operation. Its schemas are compiled when it is first called."""

    def __init__(self, item: Document, operation: Document, document: Document) -> None:
        self.id: str = operation["operationId"]
        self.is_open = operation.get("security") == []
        self._parameters = [
            resolved(each, document) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))
        ]
        self._body = operation.get("requestBody")
        self._document = document

    @cached_property
    def path(self) -> Part:
        return self._closed("path")

    @cached_property
    def query(self) -> Part:
        return self._closed("query")

    @cached_property
    def headers(self) -> Part:
        return self._closed("header")

    @cached_property
    def body(self) -> Part | None:
        """The schema of the body, the same for JSON and YAML; None where none is wanted."""
        if self._body is None:
            return None
        return Part(resolved(self._body["content"]["application/json"]["schema"], self._document), self._document)

    def _closed(self, place: str) -> Part:
        """Return the parameters in a place as an object that holds nothing else."""
        fields: dict[str, Any] = {}
        for each in self._parameters:
            schema = resolved(each["schema"], self._document)
            if each["in"] == place and schema["type"] == "object":
                # An exploded object (style form): each of its fields is a parameter.
                fields |= schema["properties"]
            elif each["in"] == place:
                fields[each["name"]] = {**schema, "description": each["description"]}
        return Part({"type": "object", "additionalProperties": False, "properties": fields}, self._document)


@cache
def operations() -> dict[str, dict[str, Operation]]:
    """Return all operations: path → method → operation. A path with a placeholder comes behind those without."""
    document = control_document()
    return {
        path: {method.upper(): Operation(item, item[method], document) for method in _METHODS if method in item}
        for path, item in sorted(document["paths"].items())
    }


def open_paths() -> frozenset[str]:
    """Return the paths that need no guard: those whose operations want no security."""
    return frozenset(
        PREFIX + path for path, found in operations().items() if all(each.is_open for each in found.values())
    )


def _typed(value: Any, schema: Document, document: Document) -> Any:
    schema = resolved(schema, document)
    if isinstance(value, str):
        if schema.get("type") == "integer" and _WHOLE_NUMBER.fullmatch(value):
            return int(value)
        return _FLAGS.get(value, value) if schema.get("type") == "boolean" else value
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return {name: _typed(each, fields.get(name, {}), document) for name, each in value.items()}
    if isinstance(value, list):
        return [_typed(each, schema.get("items", {}), document) for each in value]
    return value
