"""The pages: documents, control API and console, all of them ordinary Starlette.

Rule 1: the sandbox's own pages answer problems; what nobody knows is a call of the bank that there is not.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.console import Console
from sandbox.control.operations import PREFIX
from sandbox.control.routes import routes
from sandbox.responses import Json, Problem, Yaml, problem_of
from sandbox.runtime import Sandbox
from sandbox.user_errors import UserError


def pages(
    sandbox: Sandbox,
    console: Console,
    bank: ASGIApp,
    draining: asyncio.Event,
    lifespan: Callable[[Starlette], object],
) -> Starlette:
    """Return the application of all pages; `bank` answers what none of them has."""

    async def index(request: Request) -> Response:
        if page := await console.home(request):
            return page
        text = _INDEX.format(endpoint=sandbox.contract.main.base_path + sandbox.contract.main.path)
        if sandbox.settings.control == "on":
            text += _CONTROL
        return PlainTextResponse(text, headers={"Vary": "Accept"})

    async def unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(PREFIX):
            await _not_here(scope["path"])(scope, receive, send)
        else:
            await bank(scope, receive, send)

    async def http_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return _not_here(request.url.path)
        return Problem(error.status_code, f"{request.method} {request.url.path}", dict(error.headers or {}))

    async def user_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, UserError)
        return problem_of(error)

    async def defect(request: Request, error: Exception) -> Response:
        return Problem(500, "a defect of the sandbox; its log has the trace")

    found = Starlette(
        routes=[
            Route("/", index),
            *(route for name, document in sandbox.documents.items() for route in _documents(f"/{name}", document)),
            *routes(sandbox, draining),
            *console.routes(),
        ],
        exception_handlers={HTTPException: http_problem, UserError: user_error, Exception: defect},
        lifespan=lifespan,  # type: ignore[arg-type]
    )
    found.router.redirect_slashes = False
    found.router.default = unknown_path
    return found


def _not_here(path: str) -> Response:
    return Problem(404, f"{path[:80]} is not here; / lists what is")


def _documents(path: str, document: Mapping[str, Any]) -> Iterator[Route]:
    """Go through the routes of one document, as YAML and as JSON."""

    async def as_yaml(request: Request) -> Response:
        return Yaml(document)

    async def as_json(request: Request) -> Response:
        return Json(document)

    yield Route(f"{path}.yaml", as_yaml)
    yield Route(f"{path}.json", as_json)


_INDEX = """Segment Sandbox

POST {endpoint}   the bank's customer-segment API
GET  /docs                                     its reference and the guide; /llms.txt lists them for programs
GET  /openapi.yaml, /openapi.json              its contract
GET  /companions.openapi.yaml, .json           the calls around it: login and key exchange
GET  /_sandbox/health                          how the sandbox is
"""
_CONTROL = """\
GET  /_sandbox/openapi.json                    the control API: errors, customers, overrides, clock, journal
In a browser, this page is the console.
"""
