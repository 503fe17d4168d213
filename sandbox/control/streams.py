"""Server-sent events: the journal, live."""

import asyncio
import json
from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.connection import TRANSPORT, first_of, hung_up
from sandbox.state.journal import Exchange, Journal, Reader

PING_SECONDS = 15.0
_RETRY_MILLISECONDS = 1000


class EventStream(Response):
    """Exchanges as events (WHATWG HTML, 9.2): those that were missed, then each as it is recorded.

    It ends when the server stops. A reader that does not keep up loses its connection and may resume with
    Last-Event-ID.
    """

    def __init__(
        self,
        journal: Journal,
        missed: Sequence[Exchange],
        wanted: Callable[[Exchange], bool],
        stopping: asyncio.Event,
    ) -> None:
        super().__init__()
        self._journal = journal
        self._missed = missed
        self._wanted = wanted
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reader = Reader()
        self._journal.follow(reader)
        try:
            await first_of(self._send(reader, send), hung_up(receive), self._stopping.wait(), reader.dropped.wait())
        finally:
            self._journal.unfollow(reader)
        if reader.dropped.is_set():
            if transport := scope.get("state", {}).get(TRANSPORT):
                transport.abort()
            await hung_up(receive)
        elif self._stopping.is_set():
            await send({"type": "http.response.body", "body": b""})

    async def _send(self, reader: Reader, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _send_text(
            send, f"retry: {_RETRY_MILLISECONDS}\n\n" + "".join(map(_event, filter(self._wanted, self._missed)))
        )
        last = self._missed[-1].id if self._missed else 0
        while True:
            try:
                await asyncio.wait_for(reader.news.wait(), PING_SECONDS)
            except TimeoutError:
                await _send_text(send, ": still here\n\n")
            reader.news.clear()
            for exchange in reader.take():
                if exchange.id > last and self._wanted(exchange):
                    await _send_text(send, _event(exchange))


def _event(exchange: Exchange) -> str:
    return f"id: {exchange.id}\nevent: exchange\ndata: {json.dumps(exchange.as_json(), ensure_ascii=False)}\n\n"


async def _send_text(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
