"""What happens on the wire besides an answer: waiting, and faults.

Rule 1: a waiting call costs no thread and delays nobody else; it ends early when the caller hangs up.
Rule 2: a fault is real: the socket does what the fault says, seen by any client. It needs the transport, which the
server puts into `scope["state"]`; in a process without a server (ASGI transports of test clients) the connection is
dropped by leaving the answer unfinished.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from starlette.types import Message, Receive, Scope, Send

TRANSPORT = "sandbox.transport"
DRIP_SECONDS = 5.0
DRIPS = 10
NEVER_SECONDS = 60.0

# No HTTP, and the same bytes every time.
_GARBAGE = bytes((n * 73 + 41) % 256 for n in range(256))


class Wire(NamedTuple):
    """The connection of one call. `hurrying` is set when the server has no time left."""

    scope: Scope
    receive: Receive
    send: Send
    hurrying: asyncio.Event

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport, where there is a server."""
        transport: asyncio.Transport | None = self.scope.get("state", {}).get(TRANSPORT)
        return transport

    async def close(self) -> None:
        """Close the connection behind what was written, and wait until it is closed."""
        if transport := self.transport:
            transport.close()
            await self._until_closed()

    async def reset(self) -> None:
        """Reset the connection: with a linger time of 0, closing sends RST instead of FIN."""
        if transport := self.transport:
            sock: socket.socket | None = transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
            await self._until_closed()

    async def _until_closed(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def wait(seconds: float, receive: Receive, hurrying: asyncio.Event) -> None:
    """Wait, unless the caller hangs up or the server has no time left."""
    waiting = [asyncio.ensure_future(receive()), asyncio.ensure_future(hurrying.wait())]
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for future in waiting:
        future.cancel()


async def commit(fault: str, start: Message, body: bytes, wire: Wire) -> None:
    """Send the answer as the fault leaves it."""
    await _COMMITS[fault](start, body, wire)


async def _connection_reset(start: Message, body: bytes, wire: Wire) -> None:
    await wire.reset()


async def _empty_response(start: Message, body: bytes, wire: Wire) -> None:
    await wire.close()


async def _close_mid_body(start: Message, body: bytes, wire: Wire) -> None:
    await wire.send(start)
    await wire.send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await wire.close()


async def _malformed_json(start: Message, body: bytes, wire: Wire) -> None:
    cut = body[: len(body) // 2]
    await wire.send(_with_headers(start, {b"content-length": b"%d" % len(cut)}))
    await wire.send({"type": "http.response.body", "body": cut})


async def _garbage_then_close(start: Message, body: bytes, wire: Wire) -> None:
    if transport := wire.transport:
        transport.write(_GARBAGE)
    await wire.close()


async def _wrong_content_type(start: Message, body: bytes, wire: Wire) -> None:
    await wire.send(_with_headers(start, {b"content-type": b"text/html; charset=utf-8"}))
    await wire.send({"type": "http.response.body", "body": body})


async def _slow_drip(start: Message, body: bytes, wire: Wire) -> None:
    await wire.send(start)
    size = max(-(-len(body) // DRIPS), 1)
    for begin in range(0, len(body), size):
        await wait(DRIP_SECONDS / DRIPS, wire.receive, wire.hurrying)
        await wire.send({"type": "http.response.body", "body": body[begin : begin + size], "more_body": True})
    await wire.send({"type": "http.response.body", "body": b""})


async def _never_answer(start: Message, body: bytes, wire: Wire) -> None:
    await wait(NEVER_SECONDS, wire.receive, wire.hurrying)
    await wire.close()


_COMMITS: Mapping[str, Callable[[Message, bytes, Wire], Awaitable[None]]] = {
    "connectionReset": _connection_reset,
    "emptyResponse": _empty_response,
    "closeMidBody": _close_mid_body,
    "malformedJson": _malformed_json,
    "garbageThenClose": _garbage_then_close,
    "wrongContentType": _wrong_content_type,
    "slowDrip": _slow_drip,
    "neverAnswer": _never_answer,
}


def _with_headers(start: Message, changes: Mapping[bytes, bytes]) -> Message:
    headers: list[tuple[bytes, Any]] = [(name, changes.get(name, value)) for name, value in start["headers"]]
    return {**start, "headers": headers}
