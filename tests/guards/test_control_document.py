"""The control API's document names exactly what there is, and so does the README."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate
from starlette.routing import Route

from sandbox.console import SIGN_IN
from sandbox.console.rendering import ENTRIES
from sandbox.control.operations import PREFIX
from sandbox.control.routes import handlers, routes
from sandbox.core.openapi import resolved
from sandbox.files.shipped import control_document
from sandbox.runtime import OVERRIDE_SECTIONS, Sandbox
from sandbox.state.verification import Match

from .guide import ROOT

DOCUMENT = control_document()
COMPONENTS = {"components": {"schemas": DOCUMENT["components"]["schemas"]}}
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if method != "parameters"
}


def all_routes() -> Iterator[Route]:
    sandbox, stopping = Sandbox(), asyncio.Event()
    for route in routes(sandbox, stopping):
        assert isinstance(route, Route)
        yield route


ROUTES = list(all_routes())


def test_the_document_is_openapi() -> None:
    validate(DOCUMENT)


def test_the_document_names_exactly_the_routes_and_methods() -> None:
    served = {
        (method, route.path.removeprefix(PREFIX))
        for route in ROUTES
        if route.path.startswith(PREFIX)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert set(OPERATIONS) == served
    assert DOCUMENT["servers"][0]["url"] == PREFIX


def test_each_operation_has_a_name_of_its_own_and_a_handler_of_that_name() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(names) == len(set(names))
    assert set(names) == set(handlers(Sandbox(), asyncio.Event()))


def parameters(method: str, path: str) -> list[dict[str, Any]]:
    declared = [*DOCUMENT["paths"][path].get("parameters", ()), *OPERATIONS[method, path].get("parameters", ())]
    return [dict(resolved(each, DOCUMENT)) for each in declared]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_declares_the_parameters_of_its_path_and_no_name_twice(method: str, path: str) -> None:
    declared = parameters(method, path)
    assert {each["name"] for each in declared if each["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
    assert len({each["name"] for each in declared}) == len(declared)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_says_who_may_call_it_and_what_it_answers_to_others(method: str, path: str) -> None:
    operation = OPERATIONS[method, path]
    assert operation["tags"]
    assert {each["name"] for each in DOCUMENT["tags"]} >= set(operation["tags"])
    is_open = operation.get("security") == []
    assert {"401", "403"} & set(operation["responses"]) == (set() if is_open else {"401", "403"})
    assert DOCUMENT["security"] == [{"controlToken": []}]


def test_every_error_is_the_one_problem() -> None:
    schemas = [
        resolved(response, DOCUMENT)["content"]["application/problem+json"]["schema"]
        for operation in OPERATIONS.values()
        for status, response in operation["responses"].items()
        if not status.startswith("2")
    ]
    assert schemas == [{"$ref": "#/components/schemas/Problem"}] * len(schemas)


def requested() -> Iterator[tuple[str, Any]]:
    """Go through all schemas of what is sent, however deep, each with a name to show."""
    for (method, path), operation in OPERATIONS.items():
        for each in parameters(method, path):
            yield from _deep(f"{method} {path} {each['name']}", {**each["schema"], "description": each["description"]})
        for content in operation.get("requestBody", {}).get("content", {}).values():
            yield from _deep(f"{method} {path}", content["schema"])


def _deep(name: str, schema: Any) -> Iterator[tuple[str, Any]]:
    found = resolved(schema, DOCUMENT)
    yield name, found
    for field, each in found.get("properties", {}).items():
        yield from _deep(f"{name}.{field}", each)
    if "items" in found:
        yield from _deep(f"{name}[]", found["items"])


def test_whatever_is_sent_has_a_description_which_a_mistake_quotes() -> None:
    for name, schema in requested():
        assert schema.get("description"), name
        assert schema.get("type") != "object" or "additionalProperties" in schema, name


def examples() -> Iterator[tuple[Any, Any]]:
    """Go through all examples, each with its schema."""

    def walk(node: Any) -> Iterator[tuple[Any, Any]]:
        if isinstance(node, list):
            for each in node:
                yield from walk(each)
        elif isinstance(node, dict):
            if "schema" in node:
                yield from ((node["schema"], each["value"]) for each in node.get("examples", {}).values())
            if "example" in node:
                yield node.get("schema", node), node["example"]
            for each in node.values():
                yield from walk(each)

    yield from walk(DOCUMENT)


def test_every_example_obeys_its_schema() -> None:
    found = list(examples())
    for schema, value in found:
        jsonschema_rs.validator_for({**schema, **COMPONENTS}, validate_formats=True).validate(value)
    assert len(found) > 30


def test_an_override_may_be_placed_where_the_document_says() -> None:
    declared = parameters("PUT", "/spaces/{space}/overrides/{section}/{pattern}")
    assert next(each["schema"]["enum"] for each in declared if each["name"] == "section") == [*OVERRIDE_SECTIONS]


def test_the_documents_filters_are_the_journals() -> None:
    assert set(DOCUMENT["components"]["schemas"]["Match"]["properties"]) == set(Match.FIELDS)


def test_every_path_in_the_guides_table_is_there_and_every_route_is_in_it() -> None:
    text = document("steering")
    table = text[text.index("| path | what |") :].partition("\n\n")[0]
    named: set[str] = set()
    for row in table.splitlines()[2:]:
        for code in re.findall(r"`([^`]+)`", row):
            if code.startswith("/"):
                named.add(_plain(code.partition("?")[0]))
    served = {_plain(route.path) for route in ROUTES}
    assert served <= named
    documents = {f"/{name}.{form}" for name in ("openapi", "companions.openapi") for form in ("json", "yaml")}
    assert named - served == {"/", "/docs", "/llms.txt", *documents}


def test_the_guide_names_every_page_of_the_console() -> None:
    text = document("console")
    assert f"`{SIGN_IN}`" in text
    table = text[text.index("| page | what |") :].partition("\n\n")[0]
    assert re.findall(r"^\| `(\S+)`", table, re.MULTILINE) == [entry.path for entry in ENTRIES]


def test_the_guide_names_every_filter() -> None:
    text = document("steering")
    filters = text[text.index("Filters:") :].partition(". ")[0]
    assert set(re.findall(r"`(\w+)`", filters)) == set(Match.FIELDS)


def document(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def _plain(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path)
