"""The client has each operation of the control API's document, with its parameters, and nothing else."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sandbox.client import AsyncClient, Client
from sandbox.control.operations import PREFIX
from sandbox.core.openapi import resolved
from sandbox.files.shipped import control_document

from .client_code import files, snake

DOCUMENT = control_document()
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method, path, {"parameters": [], **item, **operation})
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
# What a client has beside operations.
OF_ITS_OWN = {"url", "space", "close"}


def methods(client: type) -> dict[str, Any]:
    return {name: each for name, each in inspect.getmembers(client) if not name.startswith("_")}


def parameters(path: str, operation: dict[str, Any]) -> Iterator[str]:
    for each in (*DOCUMENT["paths"][path].get("parameters", ()), *operation["parameters"]):
        yield snake(resolved(each, DOCUMENT)["name"])
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]["schema"]
        schema = resolved(content, DOCUMENT)
        if schema["additionalProperties"]:
            yield content["$ref"].rpartition("/")[2].lower()
        else:
            yield from map(snake, schema["properties"])


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_the_made_files_are_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == files()[path], "run `make docs`"


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_there_is_a_method_for_each_operation_and_no_other(client: type) -> None:
    as_yaml = {
        f"{snake(name)}_as_yaml"
        for name, (_, _, operation) in OPERATIONS.items()
        if "application/yaml" in resolved(operation["responses"].get("200", {}), DOCUMENT).get("content", {})
    }
    assert set(methods(client)) == {*map(snake, OPERATIONS), *as_yaml, *OF_ITS_OWN}


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_method_takes_what_its_operation_takes(name: str, client: type) -> None:
    _, path, operation = OPERATIONS[name]
    taken = inspect.signature(getattr(client, snake(name))).parameters
    assert set(taken) == {"self", *parameters(path, operation)}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_method_calls_the_operation_of_its_name_with_all_that_it_was_given(name: str) -> None:
    method, path, _ = OPERATIONS[name]
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, content=b"", headers={"content-type": "text/event-stream"})

    client = Client("http://sandbox", transport=httpx2.MockTransport(answer))
    call = getattr(client, snake(name))
    given: dict[str, Any] = {
        parameter: {"code": f"<{parameter}>"} if parameter in {"match", "entry"} else f"<{parameter}>"
        for parameter in inspect.signature(call).parameters
    }
    if name == "streamExchanges":
        with call(**given):
            pass
    else:
        with pytest.raises(Exception, match="is this a sandbox"):
            call(**given)
    (request,) = seen
    expected = path.format_map({parameter: f"<{parameter}>" for parameter in given})
    assert (request.method.lower(), request.url.path) == (method, PREFIX + expected)
    sent = f"{request.url.path} {request.url.query.decode()} {request.headers} {request.content.decode()}"
    for parameter in given:
        assert f"<{parameter}>" in sent or f"%3C{parameter}%3E" in sent
