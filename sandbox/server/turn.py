"""A turn of the event loop: the answers that were decided in it, written together at its end.

Rule 1: answers are written in the order in which they were decided; one that can't be written stops no other.
Rule 2: their lines in the log follow, in one go.
"""

import asyncio
import logging
from time import perf_counter
from typing import Protocol

from sandbox.core.call import Call

from .log import LogWriter, access_line
from .replies import header_lines, message

log = logging.getLogger("sandbox")


class Waiting(Protocol):
    """A connection whose call is decided; `has_answer_waiting` tells that its answer is not written yet."""

    transport: asyncio.Transport
    has_answer_waiting: bool

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The server's own headers; another list where they are others."""

    def answered(self, now: float) -> None:
        """Go on: the answer was handed to the transport, at this time of the event loop."""


class Turn:
    """The answers of the present turn."""

    def __init__(self, access_log: LogWriter | None) -> None:
        self._access_log = access_log
        self._answers: list[tuple[Waiting, Call, float]] = []
        self._default: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")

    def add(self, connection: Waiting, call: Call, began: float) -> None:
        """Write a call's answer at the end of the turn; `began` is when it came, by `perf_counter`."""
        if not self._answers:
            asyncio.get_running_loop().call_soon(self.flush)
        connection.has_answer_waiting = True
        self._answers.append((connection, call, began))

    def flush(self) -> None:
        """Write what there is."""
        if not (answers := self._answers):
            return
        self._answers = []
        now = asyncio.get_running_loop().time()
        messages: dict[Waiting, list[bytes]] = {}
        for connection, call, _ in answers:
            try:
                messages.setdefault(connection, []).append(message(call, self._default_lines(connection)))
            except Exception:
                log.exception("a defect of the sandbox, please report it")
                self._give_up(connection)
        for connection, parts in messages.items():
            connection.has_answer_waiting = False
            try:
                if not connection.transport.is_closing():
                    connection.transport.write(parts[0] if len(parts) == 1 else b"".join(parts))
                    connection.answered(now)
            except Exception:
                log.exception("a defect of the sandbox, please report it")
                self._give_up(connection)
        if self._access_log:
            ended = perf_counter()
            self._access_log.add(*[access_line(call, ended - began) for _, call, began in answers])

    def _default_lines(self, connection: Waiting) -> bytes:
        headers = connection.default_headers
        if self._default[0] is not headers:
            self._default = headers, header_lines(headers)
        return self._default[1]

    @staticmethod
    def _give_up(connection: Waiting) -> None:
        connection.has_answer_waiting = False
        connection.transport.abort()
