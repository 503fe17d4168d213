"""A relay between one run of a command and the sandbox: it counts the calls, and gives one of them directives.

Rule 1: bytes pass as they came, both ways, at once; only the disturbed call gets other directives than it had.
Rule 2: how a connection ends is passed on too: closed as closed, reset as reset.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

# What any server takes as a head, and more.
_MAX_HEAD_BYTES = 256 * 1024
_CHUNK = 64 * 1024
_END_OF_HEAD = b"\r\n\r\n"
# SO_LINGER of 0 seconds: closing sends RST.
_RESET = struct.pack("ii", 1, 0)


class Request(NamedTuple):
    """The head of a request, as far as the relay needs it."""

    method: str
    path: str
    lines: list[bytes]

    @classmethod
    def read(cls, head: bytes) -> "Request":
        """Read a head up to its empty line. Raises ValueError where it is no HTTP."""
        first, *lines = head[:-4].split(b"\r\n")
        method, target, _ = first.decode("latin-1").split(" ")
        return cls(method, target.partition("?")[0], [first, *lines])

    def header(self, name: bytes) -> bytes | None:
        """Return the value of a header; None where there is none."""
        for line in self.lines[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name:
                return value.strip()
        return None

    def with_directives(self, directives: Mapping[str, str]) -> bytes:
        """Return the head with these directives instead of its own; its day stays."""
        kept = [line for line in self.lines if not line.lower().startswith(_STEERING)]
        more = [f"{name}: {value}".encode() for name, value in directives.items()]
        return b"\r\n".join([*kept, *more, b"", b""])


_STEERING = (b"x-sandbox-scenario:", b"x-sandbox-fault:", b"x-sandbox-delay:", b"prefer:")


class Relay:
    """Listens on a port of its own for one run. `calls` are the operations that were called, in their order."""

    def __init__(
        self,
        port: int,
        operation_of: Callable[[str, str], str | None],
        position: int = 0,
        directives: Mapping[str, str] | None = None,
    ) -> None:
        """Lead to the sandbox on `port`; the call at `position`, counted from 1, gets the directives."""
        self.calls: list[str] = []
        self._target = port
        self._operation_of = operation_of
        self._position = position
        self._directives = directives or {}
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0, limit=_MAX_HEAD_BYTES)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            upstream, target = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                async with asyncio.TaskGroup() as directions:
                    asking = directions.create_task(_passing_end(self._requests(reader, target), target))
                    # An answer that has ended leaves nothing to ask.
                    answering = directions.create_task(_passing_end(_copy(upstream, writer), writer))
                    answering.add_done_callback(lambda done: asking.cancel())
            except* (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                # One side reset its connection, is gone, or broke off in a body.
                _reset(writer)
                _reset(target)
            finally:
                target.close()
        except OSError:
            _reset(writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _requests(self, reader: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(_END_OF_HEAD)
            except asyncio.IncompleteReadError as end:
                target.write(end.partial)
                return None
            except asyncio.LimitOverrunError:
                return await _copy(reader, target)
            try:
                request = Request.read(head)
            except ValueError:
                # No HTTP: the sandbox shall say so.
                target.write(head)
                return await _copy(reader, target)
            target.write(self._counted(request, head))
            await _copy_body(request, reader, target)

    def _counted(self, request: Request, head: bytes) -> bytes:
        if operation := self._operation_of(request.method, request.path):
            self.calls.append(operation)
            if len(self.calls) == self._position:
                return request.with_directives(self._directives)
        return head


async def _copy_body(request: Request, reader: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    if b"chunked" in (request.header(b"transfer-encoding") or b"").lower():
        # RFC 9112, 7.1: a size in hexadecimal digits, the data, a line end; the last chunk has none, and trailers.
        size = 1
        while size:
            target.write(line := await reader.readuntil(b"\r\n"))
            size = int(line.partition(b";")[0], 16)
            if size:
                await _copy(reader, target, size + 2)
        while line != b"\r\n":
            target.write(line := await reader.readuntil(b"\r\n"))
    elif length := request.header(b"content-length"):
        await _copy(reader, target, int(length))
    await target.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int | None = None) -> None:
    """Copy so many bytes, or all until the end."""
    while size is None or size > 0:
        piece = await reader.read(_CHUNK if size is None else min(size, _CHUNK))
        if not piece:
            return
        writer.write(piece)
        await writer.drain()
        size = None if size is None else size - len(piece)


async def _passing_end(copying: Coroutine[Any, Any, None], writer: asyncio.StreamWriter) -> None:
    await copying
    with suppress(OSError):
        writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if not writer.transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()
