"""The ASGI shell: bytes in, decision, bytes out. It sleeps and hangs up; nobody else does.

Rule 1: the endpoint is plain ASGI, because a request object and a response object cost more than the decision.
Rule 2: whatever is sent to the bank's side gets an answer in the bank's shape; the sandbox's own pages answer problems.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import console, control
from .core.contract import PATH
from .core.decide import Decision
from .core.directives import REASON, REQUEST_HEADERS, RESPONSE_HEADERS, RULE
from .core.messages import BankRequest, masked
from .loader import CONTRACT_FILE
from .runtime import Misuse, Sandbox
from .watching import watch

BASE_PATH = "/api"
LARGEST_BODY_BYTES = 64 * 1024

log = logging.getLogger("sandbox")
access_log = logging.getLogger("sandbox.access")

_UUID, _RULE, _REASON = b"uuid", RULE.lower().encode(), REASON.lower().encode()


class Shell:
    """The whole application. `stop` lets waiting calls answer at once; the server calls it when its time is up."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._stopping = asyncio.Event()
        prefixes = [prefix + base for prefix in ("", *sandbox.settings.prefix) for base in ("", BASE_PATH)]
        self._endpoint_paths = frozenset(prefix + PATH for prefix in prefixes)
        self._bank = CORSMiddleware(
            self._answer_bank,
            allow_origins=["*"],
            allow_methods=["POST"],
            allow_headers=["*", *(rule.name for rule in sandbox.contract.headers), *REQUEST_HEADERS],
            expose_headers=["uuid", "Content-Language", "Retry-After", *RESPONSE_HEADERS],
        )
        self._pages = _pages(sandbox, self._bank, self._stopping.is_set, self._lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in self._endpoint_paths:
            await self._bank(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    def stop(self) -> None:
        """Let every call that still waits for its delay answer now."""
        self._stopping.set()

    async def _answer_bank(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        is_endpoint = scope["path"] in self._endpoint_paths
        body = await _read_body(scope, receive) if is_endpoint and scope["method"] == "POST" else b""
        request = bank_request(scope, body or b"")
        extra: tuple[tuple[bytes, bytes], ...] = ()
        if not is_endpoint:
            decision = self._refuse(request, 404, "resourceNotFound", "path", "there is no such path")
        elif scope["method"] != "POST":
            extra = ((b"allow", b"POST"),)
            decision = self._refuse(request, 405, "invalidRequest", "method", "the endpoint answers POST only")
        elif body is None:
            extra = ((b"connection", b"close"),)
            reason = f"the body has more than {LARGEST_BODY_BYTES} bytes"
            decision = self._refuse(request, 413, "invalidRequest", "body", reason)
        else:
            decision = self._decide(request)
        if decision.delay:
            await self._wait(decision.delay, receive)
        await _send_reply(decision, scope, extra, send)
        if access_log.isEnabledFor(logging.INFO):
            _log_call(scope, decision, perf_counter() - began)

    def _decide(self, request: BankRequest) -> Decision:
        try:
            return self.sandbox.answer(request)
        except Exception:
            log.exception("a defect of the sandbox, please report it")
            return self._refuse(
                request, 500, "serverUnavailable", None, "a defect of the sandbox; its log has the trace"
            )

    def _refuse(self, request: BankRequest, status: int, error: str, location: str | None, reason: str) -> Decision:
        return self.sandbox.refuse(request, status, error, location, reason)

    async def _wait(self, seconds: float, receive: Receive) -> None:
        """Wait, unless the caller hangs up or the server stops."""
        hung_up = asyncio.ensure_future(receive())
        stopping = asyncio.ensure_future(self._stopping.wait())
        _, pending = await asyncio.wait((hung_up, stopping), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for future in pending:
            future.cancel()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(asyncio.to_thread(self.sandbox.warm_up))]
        if self.sandbox.settings.watch:
            tasks.append(asyncio.create_task(watch(self.sandbox.loader.root, self.sandbox.reload, self._stopping)))
        yield
        self._stopping.set()
        await asyncio.gather(*tasks)


def bank_request(scope: Scope, body: bytes) -> BankRequest:
    """Read a bank request from an ASGI scope. Values stay what was sent, byte by byte, as Latin-1."""
    raw = scope["headers"]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    if len(headers) == len(raw):
        return BankRequest(headers, body)
    seen: set[bytes] = set()
    repeated = {name for name, _ in raw if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
    first = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(raw)}
    return BankRequest(first, body, frozenset(name.decode("latin-1") for name in repeated))


def reply_headers(decision: Decision, uuid: bytes) -> list[tuple[bytes, bytes]]:
    """Return all headers of an answer; the explanation is ASCII on one line, whatever a file or a caller wrote."""
    reply = decision.reply
    headers = [
        *reply.headers,
        (b"content-length", b"%d" % len(reply.body)),
        (_RULE, decision.rule.encode()),
        (_REASON, " ".join(decision.reason.split()).encode("ascii", "backslashreplace")),
    ]
    if uuid:
        headers.append((_UUID, uuid))
    return headers


async def _read_body(scope: Scope, receive: Receive) -> bytes | None:
    """Read the request's body; None where it is too long."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body") and len(body) <= LARGEST_BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
    return body if len(body) <= LARGEST_BODY_BYTES else None


async def _send_reply(decision: Decision, scope: Scope, extra: tuple[tuple[bytes, bytes], ...], send: Send) -> None:
    uuid = next((value for name, value in scope["headers"] if name == _UUID), b"")
    start: Message = {
        "type": "http.response.start",
        "status": decision.reply.status,
        "headers": [*reply_headers(decision, uuid), *extra],
    }
    await send(start)
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else decision.reply.body})


def _log_call(scope: Scope, decision: Decision, seconds: float) -> None:
    identity = decision.identity
    who = f"{identity.kind} {masked(identity.value)}" if identity else "-"
    path = scope["path"].encode("ascii", "backslashreplace").decode()
    access_log.info(
        "%s %s %d %s %s %.1f ms", scope["method"], path, decision.reply.status, decision.rule, who, seconds * 1000
    )


def _pages(
    sandbox: Sandbox, bank: ASGIApp, is_stopping: Callable[[], bool], lifespan: Callable[[Starlette], object]
) -> Starlette:
    contract_yaml = CONTRACT_FILE.read_bytes()

    async def index(request: Request) -> Response:
        return PlainTextResponse(_INDEX)

    async def openapi_yaml(request: Request) -> Response:
        return Response(contract_yaml, media_type="application/yaml")

    async def openapi_json(request: Request) -> Response:
        return control.Json(sandbox.contract.document)

    async def not_found(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.url.path
        if error.status_code == 404 and not path.startswith(control.PREFIX):
            return _Forward(bank)
        detail = f"{path[:80]} is not here; / lists what is" if error.status_code == 404 else f"{request.method} {path}"
        return control.Problem(error.status_code, detail, dict(error.headers or {}))

    async def misuse(request: Request, error: Exception) -> Response:
        return control.Problem(400, str(error))

    async def defect(request: Request, error: Exception) -> Response:
        return control.Problem(500, "a defect of the sandbox; its log has the trace")

    return Starlette(
        routes=[
            Route("/", index),
            Route("/openapi.yaml", openapi_yaml),
            Route("/openapi.json", openapi_json),
            *control.routes(sandbox, is_stopping),
            *console.routes(sandbox),
        ],
        exception_handlers={HTTPException: not_found, Misuse: misuse, Exception: defect},
        lifespan=lifespan,  # type: ignore[arg-type]
    )


class _Forward(Response):
    """A response that another application gives."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


_INDEX = f"""Segment Sandbox

POST {BASE_PATH}{PATH}   the bank's customer-segment API
GET  /docs                                     its reference
GET  /openapi.yaml, /openapi.json              its contract
GET  /_sandbox/health                          how the sandbox is
GET  /_sandbox/errors                          every error, and how to have it
GET  /_sandbox/customers?birthday=today        customers with a property: birthday, segment, country, count
GET  /_sandbox/customers/{{identity}}            one customer
"""
