"""The server around the shell: uvicorn, with seams of its own.

Rule 1: what the HTTP parser refuses is answered in the bank's shape, too.
Rule 2: a fault needs the connection: each request finds its transport in `scope["state"]`.
Rule 3: told to stop, calls in flight get the grace they were promised, and then their answer at once.
"""

import asyncio
import gc
import logging
import re
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from time import gmtime
from types import FrameType
from typing import Any

import uvicorn

from sandbox.connection import TRANSPORT
from sandbox.core.messages import BankRequest
from sandbox.runtime import Sandbox
from sandbox.state.interface import run_now

from .app import Shell, reply_headers
from .tls import Certificates

log = logging.getLogger("sandbox")

_REQUEST_HEAD = re.compile(rb"[A-Z]+ [^\r\n]+ HTTP/1\.[01]\r\n(?:[^\r\n]+\r\n)*")
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
LARGEST_HEAD_BYTES = 64 * 1024
# The exit code that uvicorn has for a server that could not start.
_STARTUP_FAILURE = 3
# After their early answers, calls may need a moment to be written out.
_LAST_SECONDS = 2


class Server(uvicorn.Server):
    """A uvicorn server for one sandbox. `on_ready` gets its base URLs once it listens, the one with TLS first."""

    def __init__(
        self,
        sandbox: Sandbox,
        on_ready: Callable[[list[str]], None] = lambda urls: None,
        certificates: Certificates | None = None,
    ) -> None:
        settings = sandbox.settings
        self._shell = Shell(sandbox)
        self._on_ready = on_ready
        self._grace = settings.grace
        self._http_port = settings.http_port
        super().__init__(
            uvicorn.Config(
                self._shell,
                host=settings.host,
                port=settings.port,
                http=_protocol(sandbox),
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=int(settings.grace) + _LAST_SECONDS,
                ssl_context_factory=(lambda config, default: certificates.context) if certificates else None,
            )
        )

    @property
    def urls(self) -> list[str]:
        """The base URLs, with the ports that were picked."""
        schemes = ["https", "http"] if self.config.ssl else ["http"]
        return [_url(scheme, server.sockets[0]) for scheme, server in zip(schemes, self.servers, strict=False)]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._http_port is not None:
            await self._listen_without_tls(self._http_port)
        if self.started:
            self._on_ready(self.urls)

    async def _listen_without_tls(self, port: int) -> None:
        protocol: Any = self.config.http_protocol_class
        connect = partial(protocol, self.config, self.server_state, self.lifespan.state)
        try:
            loop = asyncio.get_running_loop()
            self.servers.append(await loop.create_server(connect, self.config.host, port, backlog=self.config.backlog))
        except OSError as error:
            log.error("%s", error)  # noqa: TRY400 - the system's own words say all
            await self.lifespan.shutdown()
            sys.exit(_STARTUP_FAILURE)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # An open event stream would keep uvicorn from ever finishing.
        self._shell.stop()
        asyncio.get_running_loop().call_later(self._grace, self._hurry)
        await super().shutdown(sockets)

    def _hurry(self) -> None:
        self._shell.hurry()
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and cycle.more_body:
                # Half a request: there is nothing to answer, and nobody to wait for any more.
                connection.transport.close()


def _url(scheme: str, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def serve(sandbox: Sandbox, on_ready: Callable[[list[str]], None], certificates: Certificates | None = None) -> int:
    """Serve until told to stop. Return the exit code: 0 for a clean stop, 3 where the server could not start."""
    server = Server(sandbox, on_ready, certificates)

    def stop(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    # Calls leave few cycles behind; by default, the collector would take a quarter of the time of each.
    gc.set_threshold(20_000, 20, 50)
    # uvicorn raises the signal again once it has stopped; with a handler of our own, a clean stop exits with 0.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server.run()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def log_to_stderr(access: bool) -> None:
    """Send log lines to standard error: time (UTC), level, message."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # What uvicorn warns of is answered, or said better, here.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    logging.getLogger("sandbox.access").setLevel(logging.INFO if access else logging.WARNING)


def _protocol(sandbox: Sandbox) -> type[asyncio.Protocol]:  # noqa: C901 - one class, of small methods
    """Return uvicorn's HTTP protocol, the fastest that is installed, with the bank's answer to broken HTTP."""

    class Seams:
        """What the sandbox adds to uvicorn's protocol; `state` is handed to the application with each request."""

        transport: asyncio.Transport
        app_state: dict[str, Any]
        cycle: Any
        # How much of a head has come whose end has not; None between heads.
        head_bytes: int | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            self.app_state = {**self.app_state, TRANSPORT: transport}
            super().connection_made(transport)  # type: ignore[misc]

        def on_message_begin(self) -> None:
            self.head_bytes = 0
            super().on_message_begin()  # type: ignore[misc]

        def on_headers_complete(self) -> None:
            self.head_bytes = None
            super().on_headers_complete()  # type: ignore[misc]

        def data_received(self, data: bytes) -> None:
            # httptools stops at an Upgrade header and loses the body behind it; Java's HttpClient sends one (h2c) with
            # every first call. A server may ignore it (RFC 9110, 7.8), so the parser is not shown it.
            if b"pgrade" in data and (head := _REQUEST_HEAD.match(data)):
                data = _UPGRADE.sub(b"\r\nIgnored:", head[0]) + data[head.end() :]
            super().data_received(data)  # type: ignore[misc]
            # httptools keeps whatever comes until the headers end; h11 has a limit of its own.
            if self.head_bytes is not None and not self.transport.is_closing():
                # What ended with a blank line before, pipelined calls, is no part of it.
                self.head_bytes += len(data.rpartition(b"\r\n\r\n")[2])
                if self.head_bytes > LARGEST_HEAD_BYTES:
                    self.send_400_response("")

        def send_400_response(self, msg: str) -> None:
            if self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body:
                # The call before this one is still being answered, and is the last on this connection.
                self.cycle.keep_alive = False
                return
            reason = "no HTTP that can be read: a malformed first line or header, or headers without an end"
            refusal = sandbox.refuse(BankRequest({}, b""), 400, "invalidRequest", "request", reason)
            decision, call = run_now(refusal)
            head = [f"HTTP/1.1 400 {HTTPStatus(400).phrase}".encode()]
            head += [name + b": " + value for name, value in reply_headers(decision, "", call.id)]
            self.transport.write(b"\r\n".join([*head, b"connection: close", b"", decision.reply.body]))
            self.transport.close()

    base: type[asyncio.Protocol]
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as base  # noqa: N813
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol as base  # noqa: N813
    return type("SandboxProtocol", (Seams, base), {})
