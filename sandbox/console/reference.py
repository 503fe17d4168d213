"""The reference: what the documents of the sandbox say, laid out for people. Open to everybody.

Rule 1: a page here is made from a document alone, an OpenAPI one, a JSON Schema or one of the guide; nothing of it is
written twice.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import views
from sandbox.core.curl import curl_command
from sandbox.core.directives import REQUEST_HEADERS, RESPONSE_HEADERS
from sandbox.core.documented_errors import DEFAULT_LANGUAGE, translations
from sandbox.core.openapi import resolved
from sandbox.files.shipped import (
    SCENARIO_SCHEMA_FILE,
    STARTER_FILE,
    WORLD_FILE,
    WORLD_SCHEMA_FILE,
    control_document,
    shipped_scenarios,
)
from sandbox.runtime import Sandbox

from .guide import Guide
from .rendering import Entry, Renderer
from .schemas import Row, Schema, fields, parts

API = Entry("/docs", "The bank's API", "Every header, field and answer of the contract")
COMPANIONS = Entry("/docs/companions", "Login and key exchange", "The calls that a channel makes around it")
FILES = Entry("/docs/scenarios", "Scenario files", "Every field of scenario and world files")
CONTROL = Entry("/docs/control", "Control API", "How programs steer a running sandbox")

_METHODS = ("get", "put", "post", "patch", "delete")
_EXAMPLE_FILES = ("recipes.yaml", "branch-demo.yaml", "documented-example.yaml")


class Example(NamedTuple):
    """One example of a body. `texts` are its texts by language, `call` a command that sends it."""

    name: str
    summary: str
    value: Any
    texts: Mapping[str, Mapping[str, str]]
    headers: Mapping[str, str]
    call: str | None


class Answer(NamedTuple):
    """One status that an operation may answer with. `is_shared` is an error that many operations answer alike."""

    status: str
    is_shared: bool
    description: str
    media_types: tuple[str, ...]
    headers: tuple[Row, ...]
    fields: tuple[Row, ...]
    examples: tuple[Example, ...]


class Operation(NamedTuple):
    """One operation of a document. `anchor` begins the addresses of all that is said about it."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[tuple[str, Row], ...]
    also_at: tuple[str, ...]
    body: str | None
    fields: tuple[Row, ...]
    examples: tuple[Example, ...]
    answers: tuple[Answer, ...]

    @property
    def has_places(self) -> bool:
        """Whether it matters where a parameter goes: not where all of them are headers."""
        return any(place != "header" for place, _ in self.parameters)


class Reference:
    """The pages under `/docs`."""

    def __init__(self, sandbox: Sandbox, renderer: Renderer, guide: Guide) -> None:
        self._sandbox = sandbox
        self._renderer = renderer
        self._guide = guide
        self._beside = dict(_beside(sandbox.documents))
        control = [CONTROL] if sandbox.settings.control == "on" else []
        self._shelf = [API, *self._beside.values(), FILES, *control]

    async def api(self, request: Request) -> Response:
        contract = self._sandbox.contract
        url = str(request.base_url).rstrip("/") + contract.main.base_path + contract.main.path
        ways = {
            error.get("code") or error["gateway"]: {
                **error,
                "call": curl_command(
                    "POST", url, contract.main.example_headers, json.dumps({"customerId": error["customerId"]})
                ),
            }
            for error in views.catalogue(self._sandbox)
        }
        return self._page(
            request,
            API,
            "reference.html",
            document=contract.document,
            operations=self._operations(request, contract.document),
            gateway=[_answer(name[-3:], each, contract.document) for name, each in self._gateway().items()],
            ways=ways,
            directives=REQUEST_HEADERS,
            explanations=RESPONSE_HEADERS,
            faults=views.faults(self._sandbox),
        )

    def beside(self) -> Iterator[Route]:
        """Return the pages of the documents beside the contract."""
        return (Route(entry.path, partial(self._document_beside, name)) for name, entry in self._beside.items())

    async def _document_beside(self, name: str, request: Request) -> Response:
        return self._document(request, self._beside[name], self._sandbox.documents[name], f"/{name}.yaml")

    async def control(self, request: Request) -> Response:
        return self._document(request, CONTROL, control_document(), "/_sandbox/openapi.json")

    def _document(self, request: Request, entry: Entry, document: Schema, source: str) -> Response:
        operations = self._operations(request, document)
        shared = {answer.status: answer for each in operations for answer in each.answers if answer.is_shared}
        return self._page(
            request,
            entry,
            "reference-document.html",
            document=document,
            operations=operations,
            shared=[shared[status]._replace(is_shared=False) for status in sorted(shared)],
            source=source,
        )

    async def scenarios(self, request: Request) -> Response:
        return self._page(request, FILES, "reference-files.html", files=self._files)

    async def guide(self, request: Request) -> Response:
        document = self._guide.document(request)
        headings, text = self._guide.page(document)
        return self._page(request, document.entry, "guide.html", headings=headings, text=text)

    def _page(self, request: Request, entry: Entry, template: str, **context: Any) -> Response:
        shelves = {"Reference": self._shelf, "Guide": self._guide.entries}
        return self._renderer.open_page(request, template, shelves=shelves, title=entry.title, **context)

    def _operations(self, request: Request, document: Schema) -> list[Operation]:
        return list(operations(document, str(request.base_url).rstrip("/")))

    def _gateway(self) -> Mapping[str, Schema]:
        responses: Mapping[str, Schema] = self._sandbox.contract.document["components"]["responses"]
        return responses

    @cached_property
    def _files(self) -> list[dict[str, Any]]:
        """What the schemas say about the two kinds of files, with the files to start from."""
        shipped = shipped_scenarios()
        examples = [STARTER_FILE, *(shipped / name for name in _EXAMPLE_FILES)]
        kinds = (("scenario", SCENARIO_SCHEMA_FILE, examples), ("world", WORLD_SCHEMA_FILE, [shipped / WORLD_FILE]))
        described = []
        for kind, schema_file, paths in kinds:
            schema = json.loads(schema_file.read_bytes())
            texts = {path.name: path.read_text("utf-8") for path in paths}
            described.append(
                {
                    "kind": kind,
                    "title": schema["title"],
                    "parts": parts(schema, texts),
                    "start": next(iter(texts)),
                    "text": next(iter(texts.values())),
                }
            )
        return described


def _beside(documents: Mapping[str, Schema]) -> Iterator[tuple[str, Entry]]:
    """Go through the documents beside the contract, each with the entry of its page."""
    for name, document in documents.items():
        if name == "companions.openapi":
            yield name, COMPANIONS
        elif name != "openapi":
            yield name, Entry(f"/docs/{name}", document["info"]["title"], document["info"].get("summary", ""))


def operations(document: Schema, base_url: str) -> Iterator[Operation]:
    """Go through the operations of an OpenAPI document, as people read them."""
    prefix = document["servers"][0]["url"].rstrip("/")
    for path, item in document["paths"].items():
        for method in (method for method in _METHODS if method in item):
            yield _operation(method, prefix + path, item, document, base_url)


def _operation(method: str, path: str, item: Schema, document: Schema, base_url: str) -> Operation:
    operation = item[method]
    parameters = [resolved(each, document) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    body = resolved(operation.get("requestBody", {}), document)
    headers = {each["name"]: each["example"] for each in parameters if _is_sent(each)}
    examples = tuple(_examples(body))
    # What has a place to fill in can't be pasted into a shell.
    if "{" not in path:
        url = base_url + path
        as_form = next(iter(body.get("content", {})), "") == "application/x-www-form-urlencoded"
        options = ["-u client_id:client_secret"] if _is_basic(operation, document) else []
        examples = tuple(
            each._replace(
                call=curl_command(
                    method.upper(), url, headers, urlencode(each.value) if as_form else json.dumps(each.value), options
                )
            )
            for each in examples
        )
    return Operation(
        operation.get("operationId") or "-".join([method, *path.replace("{", "").replace("}", "").split("/")[1:]]),
        method.upper(),
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        tuple((each["in"], _parameter(each, document)) for each in parameters),
        tuple(item.get("x-also-at", ())),
        body.get("description", "") if body else None,
        fields(_schema(body), document),
        examples,
        tuple(_answer(status, each, document) for status, each in operation["responses"].items()),
    )


def _is_basic(operation: Schema, document: Schema) -> bool:
    schemes = document.get("components", {}).get("securitySchemes", {})
    return any(schemes[name].get("scheme") == "basic" for each in operation.get("security", ()) for name in each)


def _is_sent(parameter: Schema) -> bool:
    return parameter["in"] == "header" and parameter.get("required", False) and "example" in parameter


def _parameter(parameter: Schema, document: Schema) -> Row:
    schema = resolved(parameter.get("schema", {}), document)
    described = {"example": parameter.get("example"), **schema, "description": parameter.get("description", "")}
    return _row(parameter["name"], parameter.get("required", False), described, document)


def _row(name: str, is_required: bool, schema: Schema, document: Schema) -> Row:
    found = fields({"properties": {name: schema}, "required": [name] if is_required else []}, document)[0]
    return found._replace(path=name)


def _answer(status: str, response: Schema, document: Schema) -> Answer:
    is_shared = "$ref" in response and not status.startswith("2")
    response = resolved(response, document)
    headers = {name: resolved(each, document) for name, each in response.get("headers", {}).items()}
    return Answer(
        status,
        is_shared,
        response.get("description", ""),
        tuple(response.get("content", {})),
        tuple(
            _row(name, False, {**each.get("schema", {}), "description": each.get("description", "")}, document)
            for name, each in headers.items()
        ),
        fields(_schema(response), document),
        tuple(_examples(response)),
    )


def _content(part: Schema) -> Schema:
    """Return what a body is: JSON where there is a choice."""
    content = part.get("content", {})
    found: Schema = content.get("application/json", next(iter(content.values()), {}))
    return found


def _schema(part: Schema) -> Schema:
    schema: Schema = _content(part).get("schema", {})
    return schema


def _examples(part: Schema) -> Iterator[Example]:
    content = _content(part)
    named = content.get("examples", {"example": {"value": content["example"]}} if "example" in content else {})
    for name, example in named.items():
        value = example["value"]
        others = translations(example)
        keys = {key for texts in others.values() for key in texts}
        texts = {DEFAULT_LANGUAGE: {key: value[key] for key in value if key in keys}, **others} if others else {}
        yield Example(name, example.get("summary", ""), value, texts, example.get("x-headers", {}), None)
