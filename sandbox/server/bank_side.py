"""The bank's side: calls in, answers out. It waits and breaks connections, as a decision says; nobody else does.

Rule 1: whatever is sent here gets an answer in the bank's shape.
Rule 2: a call that is here whole, and wants no more than its answer, needs no ASGI; both ways end in the same place.
"""

import asyncio
import logging
from contextlib import suppress
from time import perf_counter

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from sandbox.connection import Connection, wait
from sandbox.core.call import Call
from sandbox.core.directives import REQUEST_HEADERS, RESPONSE_HEADERS
from sandbox.core.operation import Operation
from sandbox.runtime import Sandbox
from sandbox.state.interface import run_now
from sandbox.state.spaces import space_name

from .faults import inject
from .log import LogWriter, access_line
from .replies import reply_headers
from .turn import Turn

MAX_BODY_BYTES = 64 * 1024

log = logging.getLogger("sandbox")

_OPERATION = "sandbox.operation"
# Where a scope has the space that its path names, if it does.
SPACE = "sandbox.space"
_DEFECT = "a defect of the sandbox; its log has the trace"
Headers = list[tuple[bytes, bytes]]


class BankSide:
    """Answers the bank's calls. `grace_over` is set when the server has no time left for those that wait."""

    def __init__(self, sandbox: Sandbox, access_log: LogWriter | None = None) -> None:
        self.access_log = access_log
        self.grace_over = asyncio.Event()
        self._sandbox = sandbox
        contract = sandbox.contract
        self.turn = Turn(access_log)
        # The calls that a protocol may hand over whole, by the path as it is sent.
        self.whole_calls = {
            path.encode(): (operation, path)
            for path, operation in contract.exact.items()
            if operation.method == "POST" and sandbox.is_immediate
        }
        self._cors = CORSMiddleware(
            self._answer,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["*", *(rule.name for rule in contract.main.headers), *REQUEST_HEADERS],
            expose_headers=["uuid", "sid", "eventId", "Content-Language", "Retry-After", *RESPONSE_HEADERS],
        )

    async def serve(self, scope: Scope, receive: Receive, send: Send, operation: Operation | None) -> None:
        """Answer a request (ASGI) to an operation; None means that there is no such path."""
        scope[_OPERATION] = operation
        # The middleware alone costs as much as the decision, and only browsers need it.
        is_browser = any(name == b"origin" for name, _ in scope["headers"])
        with suppress(ClientDisconnect):
            await (self._cors if is_browser else self._answer)(scope, receive, send)

    def answer_now(self, operation: Operation, headers: Headers, body: bytes, path: str) -> Call:
        """Answer a call that is here whole, and needs nothing that one has to wait for.

        What its decision says is for the caller to do: to add it to the turn, or to `finish` it.
        """
        answer = self._sandbox.answer(operation, headers, body, b"", operation.method, path)
        try:
            return run_now(answer)
        except Exception:
            log.exception("a defect of the sandbox, please report it")
            refusal = self._sandbox.refuse(
                operation, headers, 500, "serverUnavailable", None, _DEFECT, operation.method, path
            )
            return run_now(refusal)

    async def finish(self, call: Call, began: float, scope: Scope, receive: Receive, send: Send) -> None:
        """Perform what `answer_now` has decided, on a request whose end nobody has taken yet (ASGI)."""
        await receive()
        with suppress(ClientDisconnect):
            await self.perform(call, began, [], scope, receive, send)

    def refuse(self, status: int, reason: str) -> Call:
        """Answer what never became a request."""
        began = perf_counter()
        call = run_now(self._sandbox.refuse(None, (), status, "invalidRequest", "request", reason))
        self._log(call, began)
        return call

    async def perform(
        self, call: Call, began: float, extra: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Wait as the decision says, and send the answer, with a fault injected where it names one."""
        decision = call.decision
        if decision.delay:
            await wait(decision.delay, receive, self.grace_over)
        start: Message = {
            "type": "http.response.start",
            "status": decision.reply.status,
            "headers": [*reply_headers(call), *extra],
        }
        body = b"" if scope["method"] == "HEAD" else decision.reply.body
        if decision.fault:
            await inject(decision.fault, start, body, Connection(scope, receive, send, self.grace_over))
        else:
            await send(start)
            await send({"type": "http.response.body", "body": body})
        self._log(call, began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        operation: Operation | None = scope[_OPERATION]
        method, path, headers, query = scope["method"], scope["path"], scope["headers"], scope["query_string"]
        if (space := scope.get(SPACE)) is not None:
            # As it was sent: a space may have escapes.
            path, space = scope.get("raw_path", path.encode()).decode("latin-1"), space_name(space)
        body = await _read_body(scope, receive) if operation and method == "POST" else b""
        extra: Headers = []
        refusal: tuple[int, str, str | None, str] | None = None
        if problem := host_problem(scope):
            refusal = 400, "invalidRequest", "Host", problem
        elif operation is None:
            refusal = 404, "resourceNotFound", "path", "there is no such path"
        elif method not in operation.methods:
            extra = [(b"allow", ", ".join(operation.methods).encode())]
            refusal = 405, "invalidRequest", "method", f"this path answers {operation.method} only"
        elif body is None:
            extra = [(b"connection", b"close")]
            refusal = 413, "invalidRequest", "body", f"the body has more than {MAX_BODY_BYTES} bytes"
        else:
            try:
                call = await self._sandbox.answer(operation, headers, body, query, method, path, space)
            except Exception:
                log.exception("a defect of the sandbox, please report it")
                refusal = 500, "serverUnavailable", None, _DEFECT
        if refusal:
            call = await self._sandbox.refuse(operation, headers, *refusal, method, path, space)
        await self.perform(call, began, extra, scope, receive, send)

    def _log(self, call: Call, began: float) -> None:
        if self.access_log:
            self.access_log.add(access_line(call, perf_counter() - began))


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


def host_problem(scope: Scope) -> str | None:
    """Say what is wrong with a request's Host header (RFC 9112, 3.2)."""
    count = sum(name == b"host" for name, _ in scope["headers"])
    if count == 1 or (count == 0 and scope["http_version"] == "1.0"):
        return None
    return f"Host {'was sent more than once' if count else 'is missing'}; HTTP/1.1 wants it once"
