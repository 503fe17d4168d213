"""The ASGI shell: bytes in, decision, bytes out. It sleeps and hangs up; nobody else does.

Rule 1: the endpoint is plain ASGI, because a request object and a response object cost more than the decision.
Rule 2: whatever is sent to the bank's side gets an answer in the bank's shape; the sandbox's own pages answer problems.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.connection import Connection, wait
from sandbox.console import Console
from sandbox.control import routes as control
from sandbox.core.decide import Decision
from sandbox.core.directives import EXCHANGE, REASON, REQUEST_HEADERS, RESPONSE_HEADERS, RULE, WARNING
from sandbox.core.messages import BankRequest, bank_request, masked, without_secrets
from sandbox.files.watching import watch
from sandbox.runtime import Sandbox
from sandbox.state.journal import LONGEST_TEXT, RecordedCall
from sandbox.user_errors import UserError

from .faults import inject
from .guard import Guard

LARGEST_BODY_BYTES = 64 * 1024

log = logging.getLogger("sandbox")
access_log = logging.getLogger("sandbox.access")

_UUID = b"uuid"
# RFC 9110, 5.5: what no header may hold; such a uuid is echoed in the body alone.
_UNSENDABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_RULE, _REASON, _EXCHANGE, _WARNING = (name.lower().encode() for name in (RULE, REASON, EXCHANGE, WARNING))


class Shell:
    """The whole application.

    The server calls `stop` when it is told to stop, which ends streams, and `hurry` when its grace is over, which lets
    waiting calls answer at once.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        contract = sandbox.contract
        self._prefixes = ("", *sandbox.settings.prefix)
        self._endpoint_paths = frozenset(
            prefix + base + contract.path for prefix in self._prefixes for base in ("", contract.base_path)
        )
        companions = {
            name: (method, "HEAD") if method == "GET" else (method,)
            for name, method in sandbox.companions.methods.items()
        }
        self._methods: Mapping[str, Sequence[str]] = {contract.operation_id: ("POST",), **companions}
        self._cors = CORSMiddleware(
            self._answer_bank,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["*", *(rule.name for rule in contract.headers), *REQUEST_HEADERS],
            expose_headers=["uuid", "sid", "eventId", "Content-Language", "Retry-After", *RESPONSE_HEADERS],
        )
        self._pages = Guard(_pages(sandbox, self._answer, self._stopping, self._lifespan), sandbox.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._operation_at(scope["path"]):
            await self._answer(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    def stop(self) -> None:
        """End all streams and the watching of files."""
        self._stopping.set()

    def hurry(self) -> None:
        """Let every call that still waits answer now."""
        self._hurrying.set()

    def _operation_at(self, path: str) -> str | None:
        """Return which call of the bank's is made at a path."""
        if path in self._endpoint_paths:
            return self.sandbox.contract.operation_id
        named = self.sandbox.companions.named
        return next((name for prefix in self._prefixes if (name := named(path.removeprefix(prefix)))), None)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The middleware alone costs as much as the decision, and only browsers need it.
        is_browser = any(name == b"origin" for name, _ in scope["headers"])
        with suppress(ClientDisconnect):
            await (self._cors if is_browser else self._answer_bank)(scope, receive, send)

    async def _answer_bank(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        method, operation = scope["method"], self._operation_at(scope["path"])
        body = await _read_body(scope, receive) if operation and method == "POST" else b""
        request = bank_request(scope["headers"], body or b"", scope["query_string"])
        extra: tuple[tuple[bytes, bytes], ...] = ()
        if operation is None:
            refusal = self._refuse(scope, request, 404, "resourceNotFound", "path", "there is no such path")
            decision, call = await refusal
        elif method not in (expected := self._methods[operation]):
            extra = ((b"allow", ", ".join(expected).encode()),)
            reason = f"this path answers {expected[0]} only"
            decision, call = await self._refuse(scope, request, 405, "invalidRequest", "method", reason)
        elif body is None:
            extra = ((b"connection", b"close"),)
            reason = f"the body has more than {LARGEST_BODY_BYTES} bytes"
            decision, call = await self._refuse(scope, request, 413, "invalidRequest", "body", reason)
        else:
            decision, call = await self._decide(scope, request, operation)
        if decision.delay:
            await wait(decision.delay, receive, self._hurrying)
        start: Message = {
            "type": "http.response.start",
            "status": decision.reply.status,
            "headers": [*reply_headers(decision, request.headers.get("uuid", ""), call.id), *extra],
        }
        reply_body = b"" if method == "HEAD" else decision.reply.body
        if decision.fault:
            await inject(decision.fault, start, reply_body, Connection(scope, receive, send, self._hurrying))
        else:
            await send(start)
            await send({"type": "http.response.body", "body": reply_body})
        if access_log.isEnabledFor(logging.INFO):
            _log_call(method, scope["path"], decision, perf_counter() - began)

    async def _decide(self, scope: Scope, request: BankRequest, operation: str) -> tuple[Decision, RecordedCall]:
        try:
            if operation != self.sandbox.contract.operation_id:
                return await self.sandbox.answer_companion(operation, request, scope["method"], scope["path"])
            return await self.sandbox.answer(request, scope["method"], scope["path"])
        except Exception:
            log.exception("a defect of the sandbox, please report it")
            reason = "a defect of the sandbox; its log has the trace"
            return await self._refuse(scope, request, 500, "serverUnavailable", None, reason)

    async def _refuse(
        self, scope: Scope, request: BankRequest, status: int, error: str, location: str | None, reason: str
    ) -> tuple[Decision, RecordedCall]:
        method, path = scope["method"], scope["path"]
        operation = self._operation_at(path)
        return await self.sandbox.refuse(request, status, error, location, reason, method, path, operation)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(asyncio.to_thread(self.sandbox.warm_up))]
        if self.sandbox.settings.watch:
            tasks.append(asyncio.create_task(watch(self.sandbox.scenarios_root, self.sandbox.reload, self._stopping)))
        yield
        self.stop()
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
    while is_more and len(body) <= LARGEST_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        is_more = message.get("more_body", False)
    return body if len(body) <= LARGEST_BODY_BYTES else None


def _log_call(method: str, path: str, decision: Decision, seconds: float) -> None:
    who = ", ".join(f"{number.kind} {masked(number.value)}" for number in decision.numbers) or "-"
    path = quote(without_secrets(path)[:LONGEST_TEXT], safe="/:@!$&'()*+,;=~")
    access_log.info("%s %s %d %s %s %.1f ms", method, path, decision.reply.status, decision.rule, who, seconds * 1000)


def _pages(
    sandbox: Sandbox, bank: ASGIApp, stopping: asyncio.Event, lifespan: Callable[[Starlette], object]
) -> Starlette:
    console = Console(sandbox)

    async def index(request: Request) -> Response:
        if page := await console.home(request):
            return page
        text = _INDEX.format(endpoint=sandbox.contract.base_path + sandbox.contract.path)
        if sandbox.settings.control == "on":
            text += _CONTROL
        return PlainTextResponse(text, headers={"Vary": "Accept"})

    async def not_found(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.url.path
        if error.status_code == 404 and not path.startswith(control.PREFIX):
            return _Forward(bank)
        detail = f"{path[:80]} is not here; / lists what is" if error.status_code == 404 else f"{request.method} {path}"
        return control.Problem(error.status_code, detail, dict(error.headers or {}))

    async def user_error(request: Request, error: Exception) -> Response:
        return control.problem_of(error)

    async def defect(request: Request, error: Exception) -> Response:
        return control.Problem(500, "a defect of the sandbox; its log has the trace")

    return Starlette(
        routes=[
            Route("/", index),
            *_documents("/openapi", sandbox.contract.document),
            *_documents("/companions.openapi", sandbox.companions.document),
            *control.health_routes(sandbox, stopping),
            *(control.routes(sandbox, stopping) if sandbox.settings.control == "on" else ()),
            *console.routes(),
        ],
        exception_handlers={HTTPException: not_found, UserError: user_error, Exception: defect},
        lifespan=lifespan,  # type: ignore[arg-type]
    )


def _documents(path: str, document: Mapping[str, Any]) -> Iterator[Route]:
    """Go through the routes of one document, as YAML and as JSON."""

    async def as_yaml(request: Request) -> Response:
        return control.Yaml(document)

    async def as_json(request: Request) -> Response:
        return control.Json(document)

    yield Route(f"{path}.yaml", as_yaml)
    yield Route(f"{path}.json", as_json)


class _Forward(Response):
    """A response that another application gives."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


_INDEX = """Segment Sandbox

POST {endpoint}   the bank's customer-segment API
GET  /docs                                     its reference
GET  /openapi.yaml, /openapi.json              its contract
GET  /companions.openapi.yaml, .json           the calls around it: login and key exchange
GET  /_sandbox/health                          how the sandbox is
"""
_CONTROL = """\
GET  /_sandbox/openapi.json                    the control API: errors, customers, overrides, clock, journal
In a browser, this page is the console.
"""
