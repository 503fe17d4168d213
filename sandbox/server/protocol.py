"""HTTP on one connection: uvicorn's protocol, with what the sandbox adds to it.

Rule 1: what is no HTTP, or never ends, is answered in the bank's shape, too; then the connection is closed.
Rule 2: a fault needs the connection: each request finds its transport in `scope["state"]`.
Rule 3: nothing is upgraded (RFC 9110, 7.8: a server may ignore the header), and the application sees what was sent.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from sandbox.connection import TRANSPORT

from .bank_side import BankSide
from .replies import header_lines, message

MAX_HEAD_BYTES = 64 * 1024

_NUMBERS = count()


class SandboxProtocol:
    """What is the same whichever parser reads; a base in front of uvicorn's protocols."""

    transport: asyncio.Transport
    config: uvicorn.Config
    server_state: ServerState
    app_state: dict[str, Any]
    cycle: Any
    flow: Any

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        on_connected: Callable[[], None],
    ) -> None:
        super().__init__(config, server_state, app_state)  # type: ignore[call-arg]
        self._on_connected = on_connected
        self.bank: BankSide = config.loaded_app.bank

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.number = next(_NUMBERS)
        self.app_state = {**self.app_state, TRANSPORT: transport}
        super().connection_made(transport)  # type: ignore[misc]
        self._on_connected()

    @property
    def is_answering(self) -> bool:
        """Whether a call that has come in whole has not been answered."""
        cycle = self.cycle
        return cycle is not None and not cycle.more_body and not cycle.response_complete

    @property
    def incomplete(self) -> object | None:
        """The head or body that has not ended, or that has not begun on a new connection; None where there is none."""
        if self.flow.read_paused or self.is_answering or not self._is_incomplete():
            return None
        return self.cycle, self._is_in_head()

    def expire(self, seconds: float) -> None:
        """End the connection, since what is incomplete took longer than this."""
        is_in_head, cycle = self._is_in_head(), self.cycle
        is_untouched = not is_in_head and cycle is None
        if is_untouched or (not is_in_head and cycle.response_started):
            self.transport.close()
            return
        part = "head" if is_in_head else "body"
        self.refuse(408, f"the {part} of the request had no end; it has {seconds:g} seconds")

    def send_400_response(self, msg: str) -> None:
        if self.is_answering:
            # The call before this one is the last on this connection.
            self.cycle.keep_alive = False
            return
        self.refuse(400, "no HTTP that can be read: a malformed first line or header, or headers without an end")

    def refuse(self, status: int, reason: str) -> None:
        """Answer what is no request, and close the connection."""
        call = self.bank.refuse(status, reason)
        lines = header_lines([*self.server_state.default_headers, (b"connection", b"close")])
        self.transport.write(message(call, lines))
        self.transport.close()

    def _is_incomplete(self) -> bool:
        raise NotImplementedError

    def _is_in_head(self) -> bool:
        raise NotImplementedError


def protocol_class() -> type[Any]:
    """Return the protocol with the fastest parser that is installed."""
    try:
        from .httptools_protocol import HttptoolsProtocol
    except ImportError:
        from .h11_protocol import H11Protocol

        return H11Protocol
    return HttptoolsProtocol
