"""Network faults: what happens on the wire instead of an answer, or to it.

Rule 1: a fault is real: the socket does what the fault says, seen by any client.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import Message

from sandbox.connection import Connection, wait

DRIP_SECONDS = 5.0
DRIPS = 10
NEVER_SECONDS = 60.0

# No HTTP, and the same bytes every time.
_GARBAGE = bytes((n * 73 + 41) % 256 for n in range(256))


async def inject(fault: str, start: Message, body: bytes, connection: Connection) -> None:
    """Send the answer with the fault injected."""
    await _INJECTIONS[fault](start, body, connection)


async def _connection_reset(start: Message, body: bytes, connection: Connection) -> None:
    await connection.reset()


async def _empty_response(start: Message, body: bytes, connection: Connection) -> None:
    await connection.close()


async def _close_mid_body(start: Message, body: bytes, connection: Connection) -> None:
    await connection.send(start)
    await connection.send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await connection.close()


async def _malformed_json(start: Message, body: bytes, connection: Connection) -> None:
    cut = body[: len(body) // 2]
    await connection.send(_with_headers(start, {b"content-length": b"%d" % len(cut)}))
    await connection.send({"type": "http.response.body", "body": cut})


async def _garbage_then_close(start: Message, body: bytes, connection: Connection) -> None:
    if transport := connection.transport:
        transport.write(_GARBAGE)
    await connection.close()


async def _wrong_content_type(start: Message, body: bytes, connection: Connection) -> None:
    await connection.send(_with_headers(start, {b"content-type": b"text/html; charset=utf-8"}))
    await connection.send({"type": "http.response.body", "body": body})


async def _slow_drip(start: Message, body: bytes, connection: Connection) -> None:
    await connection.send(start)
    size = max(-(-len(body) // DRIPS), 1)
    for begin in range(0, len(body), size):
        await wait(DRIP_SECONDS / DRIPS, connection.receive, connection.grace_over)
        await connection.send({"type": "http.response.body", "body": body[begin : begin + size], "more_body": True})
    await connection.send({"type": "http.response.body", "body": b""})


async def _never_answer(start: Message, body: bytes, connection: Connection) -> None:
    await wait(NEVER_SECONDS, connection.receive, connection.grace_over)
    await connection.close()


_INJECTIONS: Mapping[str, Callable[[Message, bytes, Connection], Awaitable[None]]] = {
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
