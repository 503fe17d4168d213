"""Server-sent events: the journal, live."""

import asyncio
import json
from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox import views
from sandbox.connection import TRANSPORT, first_of, hung_up
from sandbox.runtime import Sandbox
from sandbox.state.interface import Subscriber
from sandbox.state.journal import Exchange

PING_SECONDS = 15.0
_RETRY_MILLISECONDS = 1000


class EventStream(Response):
    """Exchanges as events (WHATWG HTML, 9.2): those that were missed, then each as it is recorded.

    `after` is the id of the last one that was seen, None for who wants new ones only. The stream ends when the server
    stops. A subscriber who does not keep up loses the connection and may resume with Last-Event-ID.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        space: str,
        after: int | None,
        wanted: Callable[[Exchange], bool],
        stopping: asyncio.Event,
    ) -> None:
        super().__init__()
        self._sandbox = sandbox
        self._space = space
        self._after = after
        self._wanted = wanted
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._sandbox.subscribe(self._space) as subscriber:
            missed: list[Exchange] = []
            if self._after is not None:
                missed = [*await self._sandbox.exchanges(self._space, self._after)][::-1]
            sending = self._send(missed, subscriber, send)
            await first_of(sending, hung_up(receive), self._stopping.wait(), subscriber.dropped.wait())
        if subscriber.dropped.is_set():
            if transport := scope.get("state", {}).get(TRANSPORT):
                transport.abort()
            await hung_up(receive)
        elif self._stopping.is_set():
            await send({"type": "http.response.body", "body": b""})

    async def _send(self, missed: Sequence[Exchange], subscriber: Subscriber, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _send_text(send, f"retry: {_RETRY_MILLISECONDS}\n\n" + "".join(map(_event, filter(self._wanted, missed))))
        last = missed[-1].id if missed else 0
        while True:
            try:
                await asyncio.wait_for(subscriber.news.wait(), PING_SECONDS)
            except TimeoutError:
                await _send_text(send, ": still here\n\n")
            for entry in subscriber.take():
                if entry.id > last and self._wanted(exchange := entry.exchange()):
                    await _send_text(send, _event(exchange))


def _event(exchange: Exchange) -> str:
    return f"id: {exchange.id}\nevent: exchange\ndata: {json.dumps(views.exchange(exchange), ensure_ascii=False)}\n\n"


async def _send_text(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
