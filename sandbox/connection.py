"""The connection of one call: waited on, closed, reset.

Rule 1: a waiting call costs no thread and delays nobody else; it ends early when the caller hangs up.
Rule 2: closing needs the transport, which the server puts into `scope["state"]`; in a process without a server (ASGI
transports of test clients) the connection is dropped by leaving the answer unfinished.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable
from typing import Any, NamedTuple

from starlette.types import Receive, Scope, Send

TRANSPORT = "sandbox.transport"


class Connection(NamedTuple):
    """The connection of one call. `grace_over` is set when a server that drains has no time left."""

    scope: Scope
    receive: Receive
    send: Send
    grace_over: asyncio.Event

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
        await hung_up(self.receive)


async def wait(seconds: float, receive: Receive, grace_over: asyncio.Event) -> None:
    """Wait, unless the caller hangs up or the server has no time left."""
    await first_of(receive(), grace_over.wait(), seconds=seconds)


async def hung_up(receive: Receive) -> None:
    """Wait until the caller has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def first_of(*waits: Awaitable[Any], seconds: float | None = None) -> None:
    """Wait until the first of these is over, or the time is; the others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
