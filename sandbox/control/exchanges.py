"""Handlers for the journal of a space: searched, awaited, streamed, verified, summed up."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox import views
from sandbox.connection import first_of, hung_up
from sandbox.core.decide import precedence
from sandbox.core.faults import FAULTS
from sandbox.responses import Json, Problem
from sandbox.runtime import Sandbox
from sandbox.state.interface import Tally
from sandbox.state.spaces import FOR_ALL
from sandbox.state.verification import Match
from sandbox.user_errors import UserError

from .requests import Sent, read_seconds
from .streams import EventStream

MAX_WAIT_SECONDS = 60.0


class Exchanges:
    """The handlers, in the order of the document. Streams and waits end when `stopping` is set."""

    def __init__(self, sandbox: Sandbox, stopping: asyncio.Event) -> None:
        self._sandbox = sandbox
        self._stopping = stopping

    async def list_exchanges(self, sent: Sent) -> Response:
        filters = _without_space(sent.parameters)
        limit, wanted, seconds = filters.pop("limit"), filters.pop("wait"), _timeout(filters.pop("timeout"))
        match, space = self._sandbox.match(filters), sent.space
        if space != FOR_ALL and wanted > self._sandbox.settings.journal_size:
            raise UserError(f"wait: found {wanted}, but a journal keeps {self._sandbox.settings.journal_size}")
        # Whoever waits in a space makes it appear.
        meant = await self._sandbox.meant_space(space)
        if wanted and not await self._came(sent.request, space, match, wanted, seconds):
            count = len(await self._sandbox.matching(space, match))
            return Problem(408, f"{count} of {wanted} came within {seconds:g} s: {match}{meant}", count=count)
        found = await self._sandbox.matching(space, match)
        return Json({"count": len(found), "exchanges": [*map(views.exchange, found[:limit])], **_note(meant)})

    async def clear_exchanges(self, sent: Sent) -> Response:
        await self._sandbox.clear_exchanges(sent.space)
        return Response(status_code=204)

    async def stream_exchanges(self, sent: Sent) -> Response:
        filters = _without_space(sent.parameters)
        last = filters.pop("Last-Event-ID", None)
        match = self._sandbox.match(filters)
        return EventStream(self._sandbox, sent.space, last, match.fits, self._stopping)

    async def show_exchange(self, sent: Sent) -> Response:
        return Json(views.exchange(await self._sandbox.exchange(sent.space, sent.parameters["id"])))

    async def verify(self, sent: Sent) -> Response:
        wish, space = dict(sent.body), sent.space
        seconds, expectation = _timeout(wish.pop("timeout")), self._sandbox.expectation(wish)
        meant = await self._sandbox.meant_space(space)
        verdict = await self._sandbox.verify(space, expectation)
        if seconds and not verdict.verified:
            async with aclosing(self._news(sent.request, space, seconds)) as news:
                async for _ in news:
                    verdict = await self._sandbox.verify(space, expectation)
                    if verdict.verified:
                        break
        return Json(views.verdict(verdict._replace(message=verdict.message + meant)))

    async def coverage(self, sent: Sent) -> Response:
        space, contract = sent.space, self._sandbox.contract
        tally, own = await self._sandbox.tally(space), contract.main
        errors, rules = _seen_errors(tally, own.id, own.errors), _seen_rules(tally, own.id, precedence(own))
        others = [operation for operation in contract.operations.values() if operation is not own]
        return Json(
            {
                "operations": {name: tally.operations[name] for name in contract.operations},
                "errors": errors,
                "rules": rules,
                "faults": {fault: sum(tally.faults[name, fault] for name in contract.operations) for fault in FAULTS},
                "others": {
                    operation.id: {
                        "errors": _seen_errors(tally, operation.id, operation.errors),
                        "rules": _seen_rules(tally, operation.id, precedence(operation)),
                    }
                    for operation in others
                },
                "neverSeen": {
                    "errors": [code for code in contract.errors if not errors[code]],
                    "rules": [rule for rule, count in rules.items() if not count],
                },
                "findings": [finding._asdict() for finding in await self._sandbox.findings(space)],
                **_note(await self._sandbox.meant_space(space)),
            }
        )

    async def _came(self, request: Request, space: str, match: Match, wanted: int, seconds: float) -> bool:
        """Wait until so many exchanges match; tell whether they came in time."""
        count = last = 0
        async with aclosing(self._news(request, space, seconds)) as news:
            async for _ in news:
                arrived = await self._sandbox.matching(space, match, last)
                count += len(arrived)
                last = arrived[0].id if arrived else last
                if count >= wanted:
                    return True
        return False

    async def _news(self, request: Request, space: str, seconds: float) -> AsyncGenerator[None]:
        """Yield at once, and whenever a call came; until it is time, the caller hangs up or the server stops."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        async with self._sandbox.subscribe(space, backlog=0) as subscriber:
            subscriber.news.set()
            while subscriber.news.is_set():
                subscriber.take()
                yield
                left = max(deadline - loop.time(), 0)
                await first_of(subscriber.news.wait(), hung_up(request.receive), self._stopping.wait(), seconds=left)


def _seen_errors(tally: Tally, operation: str, codes: Mapping[str, Any]) -> dict[str, int]:
    return {code: tally.codes[operation, code] for code in codes}


def _seen_rules(tally: Tally, operation: str, rules: tuple[Any, ...]) -> dict[str, int]:
    return {rule.__name__: tally.rules[operation, rule.__name__] for rule in rules}


def _note(meant: str) -> dict[str, str]:
    """Return what to say of a space that never appeared, where another was probably meant."""
    return {"note": meant.removeprefix("; ")} if meant else {}


def _timeout(text: str) -> float:
    """Read how long to wait, in seconds. Raises UserError."""
    return min(read_seconds("timeout", text), MAX_WAIT_SECONDS)


def _without_space(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != "space"}
