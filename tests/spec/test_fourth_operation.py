"""An operation that does not ship is one document and one rule: all that the bank's own have, it has, too."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.control.operations import PREFIX
from sandbox.core.bank import MoreOperations
from sandbox.core.call import Call
from sandbox.core.decide import Answer, Ruling, World
from sandbox.core.messages import BankReply
from sandbox.core.operation import Behaviour
from sandbox.core.scenarios import ReplyOutcome
from sandbox.files.shipped import load_contract
from sandbox.runtime import Sandbox
from sandbox.server.app import Shell
from sandbox.settings import Settings

PATH = "/api/v1/branches/open"
SHARED = load_contract().main.document["components"]
ERRORS = SHARED["responses"]
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Branches", "version": "1.0.0"},
    "servers": [{"url": "/api"}],
    "paths": {
        "/v1/branches/open": {
            "post": {
                "operationId": "openBranches",
                "tags": ["companions"],
                "parameters": [SHARED["parameters"]["client_id"], SHARED["parameters"]["uuid"]],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["city"],
                                "properties": {"city": {"type": "string", "maxLength": 20}},
                                "additionalProperties": False,
                            },
                            "examples": {"one": {"value": {"city": "Puebla"}}},
                        }
                    },
                },
                "responses": {
                    "200": {
                        "description": "The branches",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    },
                    "409": {
                        "description": "The city is being changed",
                        "content": {
                            "application/json": {
                                "schema": {"type": "object"},
                                "examples": {
                                    "cityLocked": {
                                        "summary": "The city is being changed",
                                        "value": {
                                            "type": "error",
                                            "code": "cityLocked",
                                            "details": "The city is being changed",
                                            "location": "city",
                                            "moreInfo": "",
                                            "uuid": "",
                                            "timestamp": "",
                                        },
                                    }
                                },
                            }
                        },
                    },
                },
            }
        }
    },
    "components": SHARED,
}


def branches(call: Call, world: World) -> Ruling:
    """The branches that are open in a city."""
    body = json.dumps({"city": json.loads(call.body)["city"], "open": 2}).encode()
    return Answer(ReplyOutcome(BankReply(200, [(b"content-type", b"application/json")], body)), "two are open")


def started(*scenarios: Path) -> Sandbox:
    more = MoreOperations("branches.openapi", DOCUMENT, {"openBranches": Behaviour((branches,))})
    return Sandbox(Settings(scenarios=scenarios, watch=False, access_log=False), more=[more])


Reply = tuple[int, dict[str, str], Any]
Ask = Callable[..., Reply]


@contextmanager
def asking(sandbox: Sandbox) -> Iterator[Ask]:
    """Give a way to ask the sandbox over ASGI: method, path, body and further headers."""
    shell = Shell(sandbox)
    with asyncio.Runner() as runner:

        def ask(method: str, path: str, body: object = None, **headers: str) -> Reply:
            return runner.run(_asked(shell, method, path, body, headers))

        yield ask
        shell.drain()


async def _asked(shell: Shell, method: str, path: str, body: object, headers: dict[str, str]) -> Reply:
    sent = {"host": "localhost", "client_id": "branch-app", "uuid": "1", "content-type": "application/json"}
    lines = [(name.replace("__", "-").lower().encode(), value.encode()) for name, value in (sent | headers).items()]
    content = b"" if body is None else json.dumps(body).encode()
    plain, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": plain,
        "raw_path": plain.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": lines,
        "client": ("127.0.0.1", 50_000),
        "server": ("localhost", 80),
    }
    parts: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        parts.append(message)

    await shell(scope, receive, send)
    head = {name.decode(): value.decode() for name, value in parts[0]["headers"]}
    text = b"".join(part.get("body", b"") for part in parts[1:])
    return parts[0]["status"], head, json.loads(text) if text[:1] in (b"{", b"[") else text.decode()


@pytest.fixture
def ask() -> Iterator[Ask]:
    with asking(started()) as found:
        yield found


def test_its_rule_answers(ask: Ask) -> None:
    status, headers, body = ask("POST", PATH, {"city": "Puebla"})
    assert (status, body) == (200, {"city": "Puebla", "open": 2})
    assert (headers["x-sandbox-rule"], headers["x-sandbox-reason"]) == ("branches", "two are open")


@pytest.mark.parametrize(
    ("body", "headers", "location"),
    [({"city": "x" * 21}, {}, "city"), ({}, {}, "city"), ({"city": "Puebla"}, {"uuid": ""}, "uuid")],
)
def test_its_document_is_what_a_call_is_held_to(ask: Ask, body: object, headers: dict[str, str], location: str) -> None:
    status, _, error = ask("POST", PATH, body, **headers)
    assert (status, error["code"], error["location"]) == (400, "invalidRequest", location)


def test_each_of_its_errors_is_forced_by_header(ask: Ask) -> None:
    errors = started().contract.operations["openBranches"].errors
    assert "cityLocked" in errors
    for name, error in errors.items():
        status, headers, _ = ask("POST", PATH, {"city": "Puebla"}, X__Sandbox__Scenario=f"openBranches:{name}")
        assert (status, headers["x-sandbox-rule"]) == (error.status, "forced"), name


def test_each_of_its_errors_is_forced_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    for name, error in started().contract.operations["openBranches"].errors.items():
        file.write_text(json.dumps({"companion": {"openBranches": {"error": name}}}), "utf-8")
        with asking(started(tmp_path)) as ask:
            status, headers, _ = ask("POST", PATH, {"city": "Puebla"})
        assert (status, headers["x-sandbox-rule"]) == (error.status, "scenario_file"), name


def test_it_is_journaled_and_covered(ask: Ask) -> None:
    ask("POST", PATH, {"city": "Puebla"})
    ask("POST", PATH, {"city": "Puebla"}, X__Sandbox__Scenario="openBranches:cityLocked")
    space = f"{PREFIX}/spaces/branch-app"
    _, _, exchanges = ask("GET", f"{space}/exchanges")
    assert [(each["operation"], each["status"]) for each in exchanges["exchanges"]] == [
        ("openBranches", 409),
        ("openBranches", 200),
    ]
    _, _, coverage = ask("GET", f"{space}/coverage")
    assert coverage["operations"]["openBranches"] == 2


def test_it_is_explained(ask: Ask) -> None:
    status, _, explained = ask(
        "POST", f"{PREFIX}/explain", {"operation": "openBranches", "body": json.dumps({"city": "Puebla"})}
    )
    assert status == 200, explained
    assert explained["rule"] == "branches"


def test_its_document_is_served(ask: Ask) -> None:
    _, _, document = ask("GET", "/branches.openapi.json")
    assert document["paths"].keys() == DOCUMENT["paths"].keys()


def test_the_reference_has_its_page_and_names_it_on_the_others(ask: Ask) -> None:
    status, _, page = ask("GET", "/docs/branches.openapi")
    assert status == 200
    assert "cityLocked" in page
    assert ">Branches<" in ask("GET", "/docs")[2]
