"""Schemas as people read them: rows of a table instead of nested braces, and examples out of real files.

Rule 1: every description, pattern and choice is the schema's own; every example stands in a file that ships.
"""

from collections.abc import Iterator, Mapping
from textwrap import dedent
from typing import Any, NamedTuple, TypeAlias

import yaml

from sandbox.core.openapi import resolved

Schema: TypeAlias = Mapping[str, Any]

# Enough to see how a part is written; no two with the same fields.
_MAX_EXAMPLES = 3
_TYPES = {"string": "text", "object": "mapping", "array": "list", "integer": "whole number", "boolean": "true or false"}
_LIMITS = (
    ("pattern", "matches", "{}"),
    ("minLength", "characters, at least", "{}"),
    ("maxLength", "characters, at most", "{}"),
    ("minItems", "items, at least", "{}"),
    ("maxItems", "items, at most", "{}"),
    ("minProperties", "fields, at least", "{}"),
    ("maxProperties", "fields, at most", "{}"),
    ("minimum", "from", "{}"),
    ("exclusiveMinimum", "above", "{}"),
    ("maximum", "up to", "{}"),
    ("format", "format", "{}"),
    ("default", "default", "{}"),
)
_DEEPEST = 8


class Limit(NamedTuple):
    """One thing that a value must be: the word for it, and the pattern, number or choices."""

    word: str
    values: tuple[str, ...]


class Row(NamedTuple):
    """One field, however deep: `part` names the part of the schema that says more, where there is one."""

    path: str
    kind: str
    part: str | None
    required: bool
    description: str
    limits: tuple[Limit, ...]
    example: Any


class Form(NamedTuple):
    """One way to write a value, and the fields of it; `part` names the part that says more, as in a row."""

    kind: str
    description: str
    part: str | None
    limits: tuple[Limit, ...]
    rows: tuple[Row, ...]


class Example(NamedTuple):
    """Lines of a file that ships."""

    file: str
    line: int
    text: str


class Part(NamedTuple):
    """A part of a schema that has a name, in all its forms."""

    name: str
    description: str
    forms: tuple[Form, ...]
    examples: tuple[Example, ...]


def fields(schema: Schema, document: Schema) -> tuple[Row, ...]:
    """Return all fields of a schema; what its references name is looked up and unfolded."""
    return tuple(_rows(schema, "", True, _Unfolding(document)))[1:]


def parts(document: Schema, files: Mapping[str, str]) -> list[Part]:
    """Return the parts of a schema, the whole first, with examples out of these files."""
    naming = _Naming(document)
    named = {"": document, **document.get("$defs", {})}
    shown = _examples(document, files)
    return [
        Part(
            name,
            schema.get("description", ""),
            tuple(
                Form(
                    _kind(form),
                    "" if form is schema else form.get("description", ""),
                    naming.look_up(form)[1],
                    limits(form),
                    tuple(_rows(form, "", True, naming))[1:],
                )
                for form in _forms(schema)
            ),
            tuple(shown.get(name, {}).values()),
        )
        for name, schema in named.items()
    ]


def limits(schema: Schema) -> tuple[Limit, ...]:
    """Return what a value must be, beyond its type."""
    names = schema.get("enum", [name for each in schema.get("anyOf", ()) for name in each.get("enum", ())])
    found = [Limit("one of", tuple(map(str, names)))] if names else []
    found += (Limit(word, (text.format(schema[name]),)) for name, word, text in _LIMITS if name in schema)
    return tuple(found)


class _Unfolding:
    """References are followed to their end."""

    def __init__(self, document: Schema) -> None:
        self._document = document

    def look_up(self, schema: Schema) -> tuple[Schema, str | None]:
        return resolved(schema, self._document), None


class _Naming(_Unfolding):
    """References to a part are left as its name, because the part has a place of its own."""

    def look_up(self, schema: Schema) -> tuple[Schema, str | None]:
        if "$ref" not in schema:
            return schema, None
        target, name = resolved(schema, self._document), schema["$ref"].rpartition("/")[2]
        return {"description": schema.get("description", target.get("description", ""))}, name


def _rows(schema: Schema, path: str, is_required: bool, references: _Unfolding, depth: int = 0) -> Iterator[Row]:
    schema, part = references.look_up(schema)
    described = schema.get("description", "")
    yield Row(path, _kind(schema), part, is_required, described, limits(schema), schema.get("example"))
    if depth == _DEEPEST:
        return
    for form in _forms(schema):
        required = form.get("required", ())
        for name, field in form.get("properties", {}).items():
            yield from _rows(field, f"{path}.{name}".lstrip("."), name in required, references, depth + 1)
        if isinstance(each := form.get("additionalProperties"), Mapping):
            names = form.get("propertyNames", {})
            key = f"{path}.…".lstrip(".")
            found, *deeper = _rows(each, key, False, references, depth + 1)
            yield found._replace(
                description=": ".join(filter(None, [names.get("description", ""), found.description])),
                limits=(*limits(names), *found.limits),
            )
            yield from deeper
        if "items" in form:
            yield from _rows(form["items"], f"{path}[]", False, references, depth + 1)


def _forms(schema: Schema) -> list[Schema]:
    """Return the ways in which a value may be written: one, or a text and something else."""
    if "if" not in schema:
        return [schema]
    return [{**schema["if"], **schema.get("then", {})}, schema["else"]]


def _kind(schema: Schema) -> str:
    if "if" in schema:
        return " or ".join(_kind(form) for form in _forms(schema))
    kinds = schema.get("type", "string" if "enum" in schema else [])
    return " or ".join(_TYPES.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _examples(document: Schema, files: Mapping[str, str]) -> dict[str, dict[str, Example]]:
    """Find how files write each part: part → shape → the first example of that shape, as it stands there."""
    found: dict[str, dict[str, Example]] = {}
    for file, text in files.items():
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        for name, key, value in _uses(document, document, root, None):
            shapes = found.setdefault(name, {})
            if len(shapes) < _MAX_EXAMPLES and key is not None:
                shapes.setdefault(_shape(value), Example(file, key.start_mark.line + 1, _lines(text, key, value)))
    return found


def _uses(schema: Schema, document: Schema, node: Any, key: Any) -> Iterator[tuple[str, Any, Any]]:
    """Walk through a file beside its schema, and name each part that is met, with its key and value."""
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2], key, node
        schema = resolved(schema, document)
    is_text = isinstance(node, yaml.ScalarNode)
    form = _forms(schema)[0 if is_text else -1]
    if "$ref" in form:
        yield from _uses({"$ref": form["$ref"]}, document, node, key)
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            each = form.get("properties", {}).get(name.value, form.get("additionalProperties"))
            if isinstance(each, Mapping):
                yield from _uses(each, document, value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _uses(form.get("items", {}), document, value, value)


def _shape(node: Any) -> str:
    if isinstance(node, yaml.MappingNode):
        return " ".join(name.value for name, _ in node.value)
    return str(node.value) if isinstance(node, yaml.ScalarNode) else "list"


def _lines(text: str, key: Any, value: Any) -> str:
    """Return a key and its value as they stand in a file, moved to the left; comments behind them are left out."""
    indent = " " * key.start_mark.column
    lines = (indent + text[key.start_mark.index : value.end_mark.index]).rstrip().splitlines()
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return dedent("\n".join(lines))
