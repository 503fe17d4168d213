"""The server: listens, drains when it is told to stop, and gives up what never ends.

Rule 1: told to stop, calls in flight get the grace they were promised, and then their answer at once.
Rule 2: told to stop again by Ctrl-C, it ends at once.
"""

import asyncio
import gc
import logging
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from sandbox.runtime import Sandbox

from .app import Shell
from .incomplete import IncompleteRequests, max_connections
from .log import LogWriter
from .ports import listening_problem
from .protocol import MAX_HEAD_BYTES, protocol_class
from .tls import Certificates

log = logging.getLogger("sandbox")

# After their early answers, calls may need a moment to be written out.
_LAST_SECONDS = 2
_TICKS_A_SWEEP = 10


class Server(uvicorn.Server):
    """A uvicorn server for one sandbox. `on_ready` gets its base URLs once it listens, the one with TLS first."""

    def __init__(
        self,
        sandbox: Sandbox,
        on_ready: Callable[[list[str]], None] = lambda urls: None,
        certificates: Certificates | None = None,
        access_log: LogWriter | None = None,
    ) -> None:
        settings = sandbox.settings
        self._shell = Shell(sandbox, access_log)
        self._on_ready = on_ready
        self._grace = settings.grace
        self._http_port = settings.http_port
        super().__init__(
            uvicorn.Config(
                self._shell,
                host=settings.host,
                port=settings.port,
                http=protocol_class(),
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=int(settings.grace) + _LAST_SECONDS,
                h11_max_incomplete_event_size=MAX_HEAD_BYTES,
                ssl_context_factory=(lambda config, default: certificates.context) if certificates else None,
            )
        )
        self.incomplete_requests = IncompleteRequests(self.server_state.connections)
        self._max_connections = max_connections()

    @property
    def urls(self) -> list[str]:
        """The base URLs, with the ports that were picked."""
        schemes = ["https", "http"] if self.config.ssl else ["http"]
        return [_url(scheme, server.sockets[0]) for scheme, server in zip(schemes, self.servers, strict=False)]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        self.servers = []
        await self._listen("--port", self.config.port, self.config.ssl)
        if self._http_port is not None:
            await self._listen("--http-port", self._http_port, None)
        self.started = True
        self._on_ready(self.urls)

    async def _listen(self, flag: str, port: int, tls: ssl.SSLContext | None) -> None:
        host, backlog = self.config.host, self.config.backlog
        try:
            loop = asyncio.get_running_loop()
            self.servers.append(await loop.create_server(self._connect, host, port, ssl=tls, backlog=backlog))
        except OSError as error:
            log.error("%s", await asyncio.to_thread(listening_problem, error, host, flag, port))  # noqa: TRY400
            await self.lifespan.shutdown()
            sys.exit(STARTUP_FAILURE)

    def _connect(self) -> asyncio.Protocol:
        protocol: Any = self.config.http_protocol_class
        return protocol(self.config, self.server_state, self.lifespan.state, self._limit_connections)  # type: ignore[no-any-return]

    def _limit_connections(self) -> None:
        if len(self.server_state.connections) > self._max_connections:
            self.incomplete_requests.make_room(self._max_connections)

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SWEEP == 0:
            now = asyncio.get_running_loop().time()
            self.incomplete_requests.sweep(now)
            connections: list[Any] = list(self.server_state.connections)
            for connection in connections:
                connection.close_if_idle(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._shell.bank.turn.flush()
        if count := sum(self._is_in_call(connection) for connection in self.server_state.connections):
            calls = "1 call in flight is" if count == 1 else f"{count} calls in flight are"
            log.info("stopping: %s answered first, for up to %g s; a second Ctrl-C ends at once", calls, self._grace)
        # An open event stream would keep uvicorn from ever finishing.
        self._shell.drain()
        asyncio.get_running_loop().call_later(self._grace, self._end_grace)
        await super().shutdown(sockets)
        if self.force_exit:
            if tasks := self.server_state.tasks:
                await asyncio.wait(tasks, timeout=_LAST_SECONDS)
            await self.lifespan.shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self.force_exit:
            asyncio.get_running_loop().call_soon_threadsafe(self._cut_off)

    def _is_in_call(self, connection: Any) -> bool:
        return connection.is_answering and self._shell.is_call(connection.cycle.scope)

    def _end_grace(self) -> None:
        self._shell.end_grace()
        # There is nothing to answer there, and nobody to wait for any more.
        self.incomplete_requests.close()

    def _cut_off(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _url(scheme: str, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def serve(
    sandbox: Sandbox, on_ready: Callable[[list[str]], None], writer: LogWriter, certificates: Certificates | None = None
) -> int:
    """Serve until told to stop. Return the exit code: 0 for a clean stop, 3 where the server could not start."""
    server = Server(sandbox, on_ready, certificates, writer if sandbox.settings.access_log else None)

    def stop(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    # What was read at the start stays: nobody goes through it again.
    gc.freeze()
    # uvicorn raises the signal again once it has stopped; with a handler of our own, a clean stop exits with 0.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server.run()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    except BaseException:
        # The trace that follows goes to standard error by itself.
        writer.flush()
        raise
    return 0


def collect_seldom() -> None:
    """Let the garbage collector look at what is young, and hardly ever at the rest.

    Calls leave few cycles behind, and scenarios none: by default, the collector would take a quarter of the time of
    each call, and stop everybody while 100,000 scenarios are read.
    """
    gc.set_threshold(20_000, 1_000, 1_000)
