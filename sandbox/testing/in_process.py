"""A sandbox in the test's own process: no server, no socket.

Rule 1: it runs on an event loop of its own, so that tests with a loop each, and tests without one, share it.
Rule 2: what a server does on the wire, the transport tells its client in httpx2's words: a fault, a timeout.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import TypeVar

import httpx2
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.client import Client
from sandbox.runtime import Sandbox
from sandbox.server.app import Shell
from sandbox.settings import Settings

from .handle import Placed, SegmentSandbox

# A name that the control API takes for this machine.
URL = "http://localhost"

Result = TypeVar("Result")


class Process:
    """One sandbox with its loop, for all tests that want the same files. Raises ScenarioMistakes."""

    def __init__(self, scenarios: tuple[Path, ...]) -> None:
        shell = Shell(Sandbox(Settings(scenarios=scenarios, watch=False, access_log=False)))
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._drain = shell.drain
        self.app = _Crossing(shell, self._loop)
        self.transport = Transport(shell, self._loop)

    def close(self) -> None:
        """End what still runs, and the loop with it."""
        self._loop.call_soon_threadsafe(self._drain)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class InProcessSandbox(SegmentSandbox):
    """The sandbox of one test, in its own process: the same words, and two ways in beside `url`.

    `transport` is for httpx2, both `Client` and `AsyncClient`; `app` is the ASGI application, for any other client.
    """

    def __init__(
        self, client: Client, example_headers: Mapping[str, str], placed: list[Placed], process: Process
    ) -> None:
        super().__init__(client, example_headers, placed)
        self.app: ASGIApp = process.app
        self.transport: Transport = process.transport


class _Crossing:
    """An ASGI application that runs on another loop than its caller's."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        here = asyncio.get_running_loop()

        async def receive_there() -> Message:
            return await asyncio.wrap_future(_begun(receive(), here))

        async def send_there(message: Message) -> None:
            await asyncio.wrap_future(_begun(send(message), here))

        await asyncio.wrap_future(_begun(self._app(scope, receive_there, send_there), self._loop))


class Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """The way to a sandbox in this process, for programs that wait and for programs that await."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = _begun(self._answer(request, request.read()), self._loop)
        try:
            return answer.result(_seconds(request))
        except TimeoutError:
            answer.cancel()
            raise _timeout(request) from None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = asyncio.wrap_future(_begun(self._answer(request, await request.aread()), self._loop))
        try:
            return await asyncio.wait_for(answer, _seconds(request))
        except TimeoutError:
            raise _timeout(request) from None

    async def _answer(self, request: httpx2.Request, content: bytes) -> httpx2.Response:
        sent: list[Message] = []
        body: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]
        is_gone = asyncio.Event()

        async def receive() -> Message:
            if not body:
                await is_gone.wait()
            return body.pop() if body else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(_scope(request), receive, send)
        is_gone.set()
        if not sent:
            raise httpx2.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        if sent[-1].get("more_body") or len(sent) == 1:
            raise httpx2.RemoteProtocolError(
                "peer closed connection without sending complete message body", request=request
            )
        start, *parts = sent
        return httpx2.Response(
            start["status"], headers=start["headers"], content=b"".join(part.get("body", b"") for part in parts)
        )


def _begun(work: Awaitable[Result], loop: asyncio.AbstractEventLoop) -> "Future[Result]":
    """Begin work on another loop."""

    async def there() -> Result:
        return await work

    return asyncio.run_coroutine_threadsafe(there(), loop)


def _scope(request: httpx2.Request) -> Scope:
    raw_path, _, query = request.url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": raw_path,
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
    }


def _seconds(request: httpx2.Request) -> float | None:
    seconds: float | None = request.extensions.get("timeout", {}).get("read")
    return seconds


def _timeout(request: httpx2.Request) -> httpx2.ReadTimeout:
    return httpx2.ReadTimeout("the sandbox did not answer in time", request=request)
