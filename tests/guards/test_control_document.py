"""The control API's document names exactly what there is, and so does the README."""

import asyncio
import re
from collections.abc import Iterator

import pytest
import yaml
from starlette.routing import Route

from sandbox.console import SIGN_IN
from sandbox.console.rendering import ENTRIES
from sandbox.control.routes import PREFIX, health_routes, routes
from sandbox.files.shipped import DOCUMENTS
from sandbox.runtime import Sandbox
from sandbox.state.verification import Match

from .readme import README

DOCUMENT = yaml.safe_load((DOCUMENTS / "control.openapi.yaml").read_bytes())
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if method != "parameters"
}


def all_routes() -> Iterator[Route]:
    sandbox, stopping = Sandbox(), asyncio.Event()
    for route in (*health_routes(sandbox, stopping), *routes(sandbox, stopping)):
        assert isinstance(route, Route)
        yield route


ROUTES = list(all_routes())


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_declares_the_parameters_of_its_path(method: str, path: str) -> None:
    declared = [*DOCUMENT["paths"][path].get("parameters", ()), *OPERATIONS[method, path].get("parameters", ())]
    resolved = [
        DOCUMENT["components"]["parameters"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        for each in declared
    ]
    assert {each["name"] for each in resolved if each["in"] == "path"} == set(re.findall(r"{(\w+)}", path))


def test_the_documents_filters_are_the_journals() -> None:
    assert set(DOCUMENT["components"]["parameters"]["match"]["schema"]["properties"]) == set(Match.FIELDS)


def test_every_path_in_the_readmes_table_is_there_and_every_route_is_in_it() -> None:
    text = README.read_text("utf-8")
    table = text[text.index("| path | what |") :].partition("\n\n")[0]
    named: set[str] = set()
    for row in table.splitlines()[2:]:
        for code in re.findall(r"`([^`]+)`", row):
            path = code.partition("?")[0]
            if path.startswith("..."):
                path = _space(path)
            if path.startswith("/"):
                named.add(_plain(path))
    served = {_plain(route.path) for route in ROUTES}
    assert served <= named
    documents = {f"/{name}.{form}" for name in ("openapi", "companions.openapi") for form in ("json", "yaml")}
    pages = {*(entry.path for entry in ENTRIES), SIGN_IN}
    assert named - served == {"/docs", *documents, *pages}


def test_the_readme_names_every_page_of_the_console() -> None:
    text = README.read_text("utf-8")
    table = text[text.index("| page | what |") :].partition("\n\n")[0]
    assert re.findall(r"^\| `(\S+)`", table, re.MULTILINE) == [entry.path for entry in ENTRIES]


def test_the_readme_names_every_filter() -> None:
    text = README.read_text("utf-8")
    filters = text[text.index("Filters:") :].partition(". ")[0]
    assert set(re.findall(r"`(\w+)`", filters)) == set(Match.FIELDS)


def _space(rest: str) -> str:
    return f"{PREFIX}/spaces/{{space}}{rest.removeprefix('...')}"


def _plain(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path)
