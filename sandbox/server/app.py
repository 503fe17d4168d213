"""The ASGI shell: bytes in, decision, bytes out. It sleeps and hangs up; nobody else does.

Rule 1: the endpoint is plain ASGI, because a request object and a response object cost more than the decision.
Rule 2: whatever is sent to the bank's side gets an answer in the bank's shape; the sandbox's own pages answer problems.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.connection import Connection, wait
from sandbox.console import SIGN_IN, Console, to_sign_in
from sandbox.control.operations import PREFIX, open_paths
from sandbox.control.routes import routes
from sandbox.core.decide import Decision
from sandbox.core.directives import EXCHANGE, REASON, REQUEST_HEADERS, RESPONSE_HEADERS, RULE, WARNING
from sandbox.core.messages import BankRequest, bank_request
from sandbox.core.operation import Operation
from sandbox.files.watching import watch
from sandbox.responses import Json, Problem, Yaml, problem_of
from sandbox.runtime import Sandbox
from sandbox.state.journal import Exchange
from sandbox.user_errors import UserError

from .faults import inject
from .guard import Guard, Guarded
from .log import LogWriter, access_line

MAX_BODY_BYTES = 64 * 1024

log = logging.getLogger("sandbox")

_UUID = b"uuid"
# RFC 9110, 5.5: what no header may hold; such a uuid is echoed in the body alone.
_UNSENDABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_RULE, _REASON, _EXCHANGE, _WARNING = (name.lower().encode() for name in (RULE, REASON, EXCHANGE, WARNING))


class Shell:
    """The whole application.

    A server that is told to stop calls `drain`, which ends streams, and `end_grace` when its time is over, which lets
    waiting calls answer at once.
    """

    def __init__(self, sandbox: Sandbox, access_log: LogWriter | None = None) -> None:
        self.sandbox = sandbox
        self._access_log = access_log
        self._draining = asyncio.Event()
        self._grace_over = asyncio.Event()
        contract = sandbox.contract
        self._cors = CORSMiddleware(
            self._answer_bank,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["*", *(rule.name for rule in contract.main.headers), *REQUEST_HEADERS],
            expose_headers=["uuid", "sid", "eventId", "Content-Language", "Retry-After", *RESPONSE_HEADERS],
        )
        console = Console(sandbox)
        guarded = Guarded(PREFIX, open_paths(), console.is_page, SIGN_IN, to_sign_in)
        pages = _pages(sandbox, console, self._answer, self._draining, self._lifespan)
        self._pages = Guard(pages, guarded, sandbox.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (self.sandbox.contract.at(scope["path"]) or _host_problem(scope)):
            await self._answer(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    def drain(self) -> None:
        """End all streams and the watching of files."""
        self._draining.set()

    def end_grace(self) -> None:
        """Let every call that still waits answer now."""
        self._grace_over.set()

    def is_call(self, scope: Scope) -> bool:
        """Tell whether a request is one of the bank's calls, rather than for a page or a stream."""
        return self.sandbox.contract.at(scope["path"]) is not None

    def refuse(self, status: int, reason: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Return headers and body for what never became a request."""
        began = perf_counter()
        decision, exchange = self.sandbox.refuse(
            None, BankRequest({}, b""), status, "invalidRequest", "request", reason
        )
        self._log_call(exchange, decision, perf_counter() - began)
        return reply_headers(decision, "", exchange.id), decision.reply.body

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The middleware alone costs as much as the decision, and only browsers need it.
        is_browser = any(name == b"origin" for name, _ in scope["headers"])
        with suppress(ClientDisconnect):
            await (self._cors if is_browser else self._answer_bank)(scope, receive, send)

    async def _answer_bank(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        method, operation = scope["method"], self.sandbox.contract.at(scope["path"])
        body = await _read_body(scope, receive) if operation and method == "POST" else b""
        request = bank_request(scope["headers"], body or b"", scope["query_string"])
        extra: tuple[tuple[bytes, bytes], ...] = ()
        if problem := _host_problem(scope):
            decision, exchange = self._refuse(scope, operation, request, 400, "invalidRequest", "Host", problem)
        elif operation is None:
            reason = "there is no such path"
            decision, exchange = self._refuse(scope, None, request, 404, "resourceNotFound", "path", reason)
        elif method not in operation.methods:
            extra = ((b"allow", ", ".join(operation.methods).encode()),)
            reason = f"this path answers {operation.method} only"
            decision, exchange = self._refuse(scope, operation, request, 405, "invalidRequest", "method", reason)
        elif body is None:
            extra = ((b"connection", b"close"),)
            reason = f"the body has more than {MAX_BODY_BYTES} bytes"
            decision, exchange = self._refuse(scope, operation, request, 413, "invalidRequest", "body", reason)
        else:
            decision, exchange = self._decide(scope, operation, request)
        if decision.delay:
            await wait(decision.delay, receive, self._grace_over)
        start: Message = {
            "type": "http.response.start",
            "status": decision.reply.status,
            "headers": [*reply_headers(decision, request.headers.get("uuid", ""), exchange.id), *extra],
        }
        reply_body = b"" if method == "HEAD" else decision.reply.body
        if decision.fault:
            await inject(decision.fault, start, reply_body, Connection(scope, receive, send, self._grace_over))
        else:
            await send(start)
            await send({"type": "http.response.body", "body": reply_body})
        self._log_call(exchange, decision, perf_counter() - began)

    def _decide(self, scope: Scope, operation: Operation, request: BankRequest) -> tuple[Decision, Exchange]:
        try:
            return self.sandbox.answer(operation, request, scope["method"], scope["path"])
        except Exception:
            log.exception("a defect of the sandbox, please report it")
            reason = "a defect of the sandbox; its log has the trace"
            return self._refuse(scope, operation, request, 500, "serverUnavailable", None, reason)

    def _refuse(
        self,
        scope: Scope,
        operation: Operation | None,
        request: BankRequest,
        status: int,
        error: str,
        location: str | None,
        reason: str,
    ) -> tuple[Decision, Exchange]:
        return self.sandbox.refuse(operation, request, status, error, location, reason, scope["method"], scope["path"])

    def _log_call(self, exchange: Exchange, decision: Decision, seconds: float) -> None:
        if self._access_log:
            self._access_log.add(access_line(exchange, decision, seconds))

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(asyncio.to_thread(self.sandbox.warm_up))]
        if self.sandbox.settings.watch:
            tasks.append(asyncio.create_task(watch(self.sandbox.loader.root, self.sandbox.reload, self._draining)))
        yield
        self.drain()
        await asyncio.gather(*tasks)


def reply_headers(decision: Decision, uuid: str, exchange_id: int | None = None) -> list[tuple[bytes, bytes]]:
    """Return all headers of an answer; the explanation is ASCII on one line, whatever a file or a caller wrote."""
    reply = decision.reply
    headers = [
        *reply.headers,
        (b"content-length", b"%d" % len(reply.body)),
        (_RULE, decision.rule.encode()),
        (_REASON, _one_line(decision.reason)),
    ]
    if exchange_id is not None:
        headers.append((_EXCHANGE, b"%d" % exchange_id))
    if decision.warning:
        headers.append((_WARNING, _one_line(decision.warning)))
    if uuid and not _UNSENDABLE.search(uuid):
        headers.append((_UUID, uuid.encode("latin-1")))
    return headers


def _one_line(text: str) -> bytes:
    if text.isascii() and text.isprintable():
        return text.encode()
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split()).encode("ascii", "backslashreplace")


async def _read_body(scope: Scope, receive: Receive) -> bytes | None:
    """Read the request's body; None where it is too long. Raises ClientDisconnect where the caller hung up."""
    body, is_more = b"", True
    while is_more and len(body) <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        is_more = message.get("more_body", False)
    return body if len(body) <= MAX_BODY_BYTES else None


def _host_problem(scope: Scope) -> str | None:
    """Say what is wrong with a request's Host header (RFC 9112, 3.2)."""
    count = sum(name == b"host" for name, _ in scope["headers"])
    if count == 1 or (count == 0 and scope["http_version"] == "1.0"):
        return None
    return f"Host {'was sent more than once' if count else 'is missing'}; HTTP/1.1 wants it once"


def _pages(
    sandbox: Sandbox,
    console: Console,
    bank: ASGIApp,
    draining: asyncio.Event,
    lifespan: Callable[[Starlette], object],
) -> Starlette:
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

    pages = Starlette(
        routes=[
            Route("/", index),
            *_documents("/openapi", sandbox.contract.document),
            *_documents("/companions.openapi", sandbox.companions_document),
            *routes(sandbox, draining),
            *console.routes(),
        ],
        exception_handlers={HTTPException: http_problem, UserError: user_error, Exception: defect},
        lifespan=lifespan,  # type: ignore[arg-type]
    )
    pages.router.redirect_slashes = False
    pages.router.default = unknown_path
    return pages


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
