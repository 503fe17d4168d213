"""Handlers for the journal of a space: searched, awaited, streamed, verified, summed up."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.connection import first_of, hung_up
from sandbox.core.decide import precedence
from sandbox.responses import Json, Problem
from sandbox.runtime import Sandbox
from sandbox.state.journal import Exchange, Reader
from sandbox.state.spaces import FOR_ALL
from sandbox.state.verification import Match, findings, order_verdict, verdict
from sandbox.user_errors import NotFound, UserError

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
        limit, wanted = filters.pop("limit"), filters.pop("wait")
        seconds = min(read_seconds("timeout", filters.pop("timeout")), MAX_WAIT_SECONDS)
        match, space = self._match(filters), sent.space
        if space != FOR_ALL and wanted > self._sandbox.settings.journal_size:
            raise UserError(f"wait: found {wanted}, but a journal keeps {self._sandbox.settings.journal_size}")
        if wanted and not await self._came(sent.request, space, match, wanted, seconds):
            count = sum(match.fits(exchange) for exchange in self._sandbox.exchanges(space))
            return Problem(408, f"{count} of {wanted} came within {seconds:g} s: {match}", count=count)
        # Many full journals take a while to go through; the calls of others don't wait for it.
        found = await asyncio.to_thread(lambda: list(filter(match.fits, self._sandbox.exchanges(space))))
        return Json({"count": len(found), "exchanges": [exchange.as_json() for exchange in found[:limit]]})

    async def clear_exchanges(self, sent: Sent) -> Response:
        name = sent.space
        for space in self._sandbox.spaces if name == FOR_ALL else filter(None, [self._sandbox.spaces.find(name)]):
            space.journal.clear()
        return Response(status_code=204)

    async def stream_exchanges(self, sent: Sent) -> Response:
        filters, name = _without_space(sent.parameters), sent.space
        last = filters.pop("Last-Event-ID", None)
        match = self._match(filters)
        missed: list[Exchange] = []
        if last is not None:
            missed = [exchange for exchange in self._sandbox.exchanges(name) if exchange.id > last][::-1]
        journal = self._sandbox.space(name).journal
        return EventStream(journal, missed, match.fits, self._stopping)

    async def show_exchange(self, sent: Sent) -> Response:
        number = sent.parameters["id"]
        for exchange in self._sandbox.exchanges(sent.space):
            if exchange.id == number:
                return Json(exchange.as_json())
        raise NotFound(f"there is no exchange {number} in the journal; it keeps the last ones only")

    async def verify(self, sent: Sent) -> Response:
        wish = dict(sent.body)
        exchanges = reversed(list(self._sandbox.exchanges(sent.space)))
        if (in_order := wish.pop("inOrder", None)) is not None:
            if wish:
                raise UserError(f"found {' and '.join(wish)} beside inOrder, expected inOrder alone")
            return Json(order_verdict(exchanges, [self._match(match) for match in in_order]))
        match = self._match(wish.pop("match", {}))
        if len(wish) > 1:
            raise UserError(f"found {' and '.join(wish)}, expected one of exactly, atLeast and atMost")
        comparison, wanted = next(iter(wish.items()), ("atLeast", 1))
        return Json(verdict(exchanges, match, comparison, wanted))

    async def coverage(self, sent: Sent) -> Response:
        name = sent.space
        spaces = [*self._sandbox.spaces] if name == FOR_ALL else [*filter(None, [self._sandbox.spaces.find(name)])]
        contract = self._sandbox.contract
        own = contract.main.id
        operations = {each: sum(space.journal.operations[each] for space in spaces) for each in contract.operations}
        errors = {code: sum(space.journal.codes[own, code] for space in spaces) for code in contract.errors_by_name}
        names = [rule.__name__ for rule in precedence(contract.main)]
        rules = {rule: sum(space.journal.rules[own, rule] for space in spaces) for rule in names}
        found = await asyncio.to_thread(lambda: findings(self._sandbox.exchanges(name), contract))
        return Json(
            {
                "operations": operations,
                "errors": errors,
                "rules": rules,
                "neverSeen": {
                    "errors": [code for code in contract.errors if not errors[code]],
                    "rules": [rule for rule, count in rules.items() if not count],
                },
                "findings": found,
            }
        )

    def _match(self, wanted: Mapping[str, Any]) -> Match:
        try:
            return Match(wanted, self._sandbox.contract, self._sandbox.file_set.population.home.zone)
        except ValueError as mistake:
            raise UserError(str(mistake)) from None

    async def _came(self, request: Request, space: str, match: Match, wanted: int, seconds: float) -> bool:
        """Wait until so many exchanges match; tell whether they came in time."""
        reader = Reader()
        journal = self._sandbox.space(space).journal
        journal.follow(reader)
        count = sum(match.fits(exchange) for exchange in self._sandbox.exchanges(space))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        try:
            while count < wanted:
                left = max(deadline - loop.time(), 0)
                await first_of(reader.news.wait(), hung_up(request.receive), self._stopping.wait(), seconds=left)
                if not reader.news.is_set():
                    return False
                reader.news.clear()
                count += sum(match.fits(exchange) for exchange in reader.take())
            return True
        finally:
            journal.unfollow(reader)


def _without_space(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != "space"}
