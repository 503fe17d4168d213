"""The methods and types of the client, made from the control API's document. `make docs` writes them anew."""

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from sandbox.core.openapi import Document, resolved
from sandbox.files.shipped import control_document

FOLDER = Path(__file__).parents[2] / "sandbox" / "client"
DOCUMENT = control_document()
METHODS = ("get", "put", "post", "delete")
# What no method answers: it is an exception.
RAISED = {"Problem", "ProblemMistake"}
# What is sent as JSON, or as YAML where the argument is a text.
FREE_TEXT = " | str"
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None", "object": "Json"}


def snake(name: str) -> str:
    """Return a name of the document as Python writes it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


class Argument(NamedTuple):
    """One argument of a method: what the document calls it, where it goes, its type, and what it says about it."""

    name: str
    place: str
    type: str
    is_required: bool
    description: str

    @property
    def python(self) -> str:
        return snake(self.name)


class Operation(NamedTuple):
    """One operation of the document, as a method has it."""

    id: str
    method: str
    path: str
    summary: str
    arguments: list[Argument]
    result: str
    answers_yaml: bool

    @property
    def name(self) -> str:
        return snake(self.id)


def operations() -> Iterator[Operation]:
    """Go through the operations in the order of the document."""
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if found := item.get(method):
                answer = next(response for status, response in found["responses"].items() if status[0] == "2")
                answer = resolved(answer, DOCUMENT)
                yield Operation(
                    found["operationId"],
                    method.upper(),
                    path,
                    found["summary"],
                    # The space comes last, everywhere.
                    sorted(_arguments(item, found), key=lambda each: each.name == "space"),
                    _result(answer),
                    "application/yaml" in answer.get("content", {}),
                )


def _arguments(item: Document, operation: Document) -> Iterator[Argument]:
    for declared in (*item.get("parameters", ()), *operation.get("parameters", ())):
        each = resolved(declared, DOCUMENT)
        place = "names" if each["in"] == "path" else "headers" if each["in"] == "header" else "query"
        is_space = each["name"] == "space"
        is_object = resolved(each["schema"], DOCUMENT).get("type") == "object"
        required = each.get("required", False) and not is_space
        yield Argument(
            each["name"], "exploded" if is_object else place, _type(each["schema"]), required, each["description"]
        )
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]["schema"]
        schema = resolved(content, DOCUMENT)
        if schema["additionalProperties"] is True:
            name = content["$ref"].rpartition("/")[2].lower()
            yield Argument(
                name, "body", _type(content) + FREE_TEXT, is_required=True, description=schema["description"]
            )
            return
        for name, field in schema["properties"].items():
            described = field.get("description") or resolved(field, DOCUMENT)["description"]
            yield Argument(name, "field", _type(field), name in schema.get("required", ()), described)


def _result(answer: Document) -> str:
    content = answer.get("content", {})
    if "text/event-stream" in content:
        return "stream"
    if "application/json" not in content:
        return "None"
    found = _type(content["application/json"]["schema"])
    return found.replace("list[", "Page[") if "Link" in answer.get("headers", {}) else found


def _type(schema: Document) -> str:
    """Return the Python type of a schema."""
    if reference := schema.get("$ref"):
        return str(reference.rpartition("/")[2])
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
        return f"Literal[{', '.join(map(repr, values))}]"
    kinds = schema.get("type")
    if kinds is None:
        return "Any"
    if isinstance(kinds, list):
        return " | ".join(_type({**schema, "type": kind}) for kind in kinds)
    if kinds == "array":
        return f"list[{_type(schema['items'])}]"
    values = schema.get("additionalProperties")
    if kinds == "object" and isinstance(values, Mapping):
        return f"dict[str, {_type(values)}]"
    return PLAIN[kinds]


def _shapes(name: str, schema: Document) -> Iterator[str]:
    """Go through the code of a type, those of its own fields before it."""
    fields = schema.get("properties")
    if not fields:
        yield f"{name}: TypeAlias = {_type(schema)}\n"
        return
    required, lines = schema.get("required", ()), []
    for field, each in fields.items():
        inner = each.get("items", each)
        hint = _type(each)
        if inner.get("properties"):
            own = name + field[0].upper() + field[1:]
            yield from _shapes(own, {"description": f"One of the {field}", **inner})
            hint = f"list[{own}]" if inner is not each else own
        lines.append(f"    {field}: {hint if field in required else f'NotRequired[{hint}]'}")
        lines += _docstring(_sentence(each["description"]), 4) if "description" in each else []
    about = "\n".join(_docstring(_sentence(schema["description"]), 4))
    yield f"class {name}(TypedDict):\n{about}\n\n" + "\n".join(lines) + "\n"


def types() -> str:
    """Return the code of all types."""
    schemas = DOCUMENT["components"]["schemas"]
    bodies = chain.from_iterable(_shapes(name, schema) for name, schema in schemas.items() if name not in RAISED)
    return _formatted(
        '"""What the control API takes and answers. Made from its document by `make docs`."""\n\n'
        "from __future__ import annotations\n\nfrom typing import Any, Literal, NotRequired, TypeAlias, TypedDict\n\n"
        "Json: TypeAlias = dict[str, Any]\n\n" + "\n\n".join(bodies)
    )


def methods() -> str:
    """Return the code of both clients."""
    every = list(operations())
    classes = [
        _class(
            "Client",
            "SyncTransport",
            "The control API of a sandbox; each method is the operation of its name.",
            every,
            is_async=False,
        ),
        _class(
            "AsyncClient",
            "AsyncTransport",
            "The control API of a sandbox, to await; each method is the operation of its name.",
            every,
            is_async=True,
        ),
    ]
    used = {
        word for text in classes for word in re.findall(r"\b[A-Z]\w+", re.sub(r'""".*?"""', "", text, flags=re.DOTALL))
    }
    shapes = sorted(used & {"Json", *DOCUMENT["components"]["schemas"]})
    return _formatted(
        '"""The methods of both clients. Made from the control API\'s document by `make docs`."""\n\n'
        "from collections.abc import AsyncIterator, Iterator\n"
        "from contextlib import AbstractAsyncContextManager, AbstractContextManager\n"
        "from typing import Any, Literal\n\n"
        "from .calls import YAML, Call\n"
        f"from .shapes import {', '.join(shapes)}\n"
        "from .transport import AsyncTransport, Page, SyncTransport\n\n\n" + "\n\n".join(classes)
    )


def _class(name: str, base: str, summary: str, every: list[Operation], *, is_async: bool) -> str:
    made = "\n".join("\n".join(_method(each, is_async=is_async)) for each in every)
    return f'class {name}({base}):\n    """{summary}"""\n\n{made}'


def _method(operation: Operation, *, is_async: bool) -> Iterator[str]:
    yield from _definition(operation, operation.name, operation.result, "", is_async=is_async)
    if operation.answers_yaml:
        yield from _definition(operation, f"{operation.name}_as_yaml", "str", ", accept=YAML", is_async=is_async)


def _definition(operation: Operation, name: str, result: str, more: str, *, is_async: bool) -> Iterator[str]:
    arguments = operation.arguments
    first = [f"{each.python}: {each.type}" for each in arguments if each.is_required]
    first += [f"{each.python}: {each.type} | None = None" for each in arguments if each.place == "exploded"]
    named = [
        f"{each.python}: {each.type}" + ("" if each.type == "Any" else " | None") + " = None"
        for each in arguments
        if not each.is_required and each.place != "exploded"
    ]
    signature = ", ".join(["self", *first, *(["*"] if named else []), *named])
    is_stream = result == "stream"
    if is_stream:
        kind = "Async" if is_async else ""
        result = f"Abstract{kind}ContextManager[{kind}Iterator[Exchange]]"
    yield f"    {'async ' if is_async and not is_stream else ''}def {name}({signature}) -> {result}:"
    yield f'        """{_sentence(operation.summary)}'
    if arguments:
        yield ""
        yield from chain.from_iterable(_wrapped(f"{each.python}: {each.description}", 8) for each in arguments)
    yield '        """'
    call = f"Call({operation.method!r}, {operation.path!r}{_parts(arguments)}{more})"
    if is_stream:
        yield f"        return self._stream({call})\n"
    elif result == "None":
        yield f"        {'await ' if is_async else ''}self._send({call})\n"
    else:
        yield f"        found: {result} = {'await ' if is_async else ''}self._send({call})"
        yield "        return found\n"


def _parts(arguments: list[Argument]) -> str:
    text = ""
    for place in ("names", "query", "headers"):
        there = [f"{each.name!r}: {each.python}" for each in arguments if each.place == place]
        there += [f"**({each.python} or {{}})" for each in arguments if each.place == "exploded" and place == "query"]
        text += f", {place}={{{', '.join(there)}}}" if there else ""
    fields = [f"{each.name!r}: {each.python}" for each in arguments if each.place == "field"]
    text += f", body={{{', '.join(fields)}}}" if fields else ""
    return text + "".join(f", body={each.python}" for each in arguments if each.place == "body")


def _docstring(text: str, indent: int) -> list[str]:
    first, *more = _wrapped(text, indent, room=6)
    return (
        [f'{" " * indent}"""{first.strip()}', *more, f'{" " * indent}"""'] if more else [f'{" " * indent}"""{text}"""']
    )


def _wrapped(text: str, indent: int, room: int = 0) -> list[str]:
    blank = " " * indent
    return textwrap.wrap(text, 120 - room, initial_indent=blank, subsequent_indent=blank, break_on_hyphens=False)


def _sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _formatted(code: str) -> str:
    """Return code as `ruff format` and its import order want it, long lines of descriptions wrapped."""
    ruff = [str(Path(sys.executable).parent / "ruff"), "check", "--fix-only", "-q", "--select", "I,F401", "-"]
    for command in (ruff, [ruff[0], "format", "-q", "-"]):
        code = subprocess.run(command, input=code, cwd=FOLDER, capture_output=True, text=True, check=True).stdout
    return code


def files() -> dict[Path, str]:
    """Return what the made files should hold."""
    return {FOLDER / "shapes.py": types(), FOLDER / "operations.py": methods()}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
