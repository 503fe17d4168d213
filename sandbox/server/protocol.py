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

    # Whether an answer was decided that is written at the end of the turn.
    has_answer_waiting = False
    # Since when nothing is asked, by the time of the event loop; None where uvicorn looks after that.
    idle_since: float | None = None

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
        return self.has_answer_waiting or (cycle is not None and not cycle.more_body and not cycle.response_complete)

    @property
    def incomplete(self) -> object | None:
        """The head or body that has not ended, or that has not begun on a new connection; None where there is none."""
        if self.flow.read_paused or self.is_answering or not self._is_incomplete():
            return None
        return self._message(), self._is_in_head()

    def expire(self, seconds: float) -> None:
        """End the connection, since what is incomplete took longer than this."""
        is_in_head, cycle = self._is_in_head(), self.cycle
        is_untouched = not is_in_head and not self._message()
        is_answered = cycle is not None and cycle.more_body and cycle.response_started
        if is_untouched or (not is_in_head and is_answered):
            self.transport.close()
            return
        part = "head" if is_in_head else "body"
        self.refuse(408, f"the {part} of the request had no end; it has {seconds:g} seconds")

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The server's own headers; uvicorn makes the list anew every second."""
        return self.server_state.default_headers

    def answered(self, now: float) -> None:
        """Wait for the next call: the answer was handed to the transport."""
        self.idle_since = now

    def close_if_idle(self, now: float) -> None:
        """Close the connection where nothing was asked for as long as it is kept alive."""
        if self.idle_since is not None and now - self.idle_since > self.config.timeout_keep_alive:
            self.transport.close()

    def shutdown(self) -> None:
        """Finish what is being answered, and close."""
        self.bank.turn.flush()
        super().shutdown()  # type: ignore[misc]

    def send_400_response(self, msg: str) -> None:
        if self.has_answer_waiting:
            self.bank.turn.flush()
            self.transport.close()
            return
        if self.is_answering:
            # The call before this one is the last on this connection.
            self.cycle.keep_alive = False
            return
        self.refuse(400, "no HTTP that can be read: a malformed first line or header, or headers without an end")

    def refuse(self, status: int, reason: str) -> None:
        """Answer what is no request, and close the connection."""
        self.bank.turn.flush()
        call = self.bank.refuse(status, reason)
        lines = header_lines([*self.server_state.default_headers, (b"connection", b"close")])
        self.transport.write(message(call, lines))
        self.transport.close()

    def _message(self) -> object:
        """Return what tells one request from the next; false where there was none."""
        raise NotImplementedError

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
