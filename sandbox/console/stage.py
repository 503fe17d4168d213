"""The stage: a channel's desk before an audience.

Rule 1: every card comes from a real call; only the order of the queue is the demo's own, and the page says so.
Rule 2: what an audience sees of a card number is its first 6 digits and its last 4.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from sandbox import views
from sandbox.core.masking import masked
from sandbox.people import FoundCustomer
from sandbox.runtime import Sandbox
from sandbox.state.spaces import FOR_ALL

from .pages import MAX_LOOKED_AT
from .rendering import Renderer, space_of

# Who calls from the stage, unless a space was chosen.
CLIENT_ID = "stage"
# The desk's ChannelId, and how people call it.
DESKS = {"BRANCH": "Branch", "CALLCENTRE": "Call centre"}
_CAST = 3


class Suggestion(NamedTuple):
    """A number to try: what the button says, and what it sends."""

    label: str
    number: str


class Stage:
    """The one page of it."""

    def __init__(self, sandbox: Sandbox, renderer: Renderer) -> None:
        self._sandbox = sandbox
        self._renderer = renderer

    async def page(self, request: Request) -> Response:
        space, contract = space_of(request), self._sandbox.contract
        client_id = CLIENT_ID if space == FOR_ALL else space
        population = self._sandbox.file_set.population
        home, clock = population.home, views.clock(self._sandbox, client_id)
        wanted = request.query_params.get("desk", "")
        suggestions = await asyncio.to_thread(lambda: list(self._suggestions(client_id)))
        return await self._renderer.page(
            request,
            "stage.html",
            endpoint=contract.main.base_path + contract.main.path,
            headers=self._headers(client_id),
            desks=DESKS,
            desk=wanted if wanted in DESKS else next(iter(DESKS)),
            order=request.query_params.get("order") or ", ".join(sorted(population.segments, reverse=True)),
            # What each status means is the contract's to say.
            meanings={
                status: response["description"]
                for status, response in contract.main.responses.items()
                if not status.startswith("2")
            },
            day=self._sandbox.now(client_id).astimezone(home.zone),
            country=home.code,
            clock=clock,
            suggestions=suggestions,
        )

    def _headers(self, client_id: str) -> dict[str, Any]:
        home = self._sandbox.file_set.population.home
        headers = {**self._sandbox.valid_headers(client_id), "countryCode": home.code}
        if home.businesses and headers["businessCode"] not in home.businesses:
            headers["businessCode"] = min(home.businesses)
        return headers

    def _suggestions(self, client_id: str) -> Iterator[Suggestion]:
        """Name somebody who celebrates, a few of the cast, one by card, and a number that is nobody's."""
        people = self._sandbox.people(client_id)
        celebrating = people.search(1, birthday="today", most_looked_at=MAX_LOOKED_AT).customers
        others = people.search(_CAST + 1, most_looked_at=MAX_LOOKED_AT).customers
        for found in celebrating:
            yield _suggestion(found, " ★")
        for found in [other for other in others if other not in celebrating][:_CAST]:
            yield _suggestion(found)
        if by_card := next((found for found in (*celebrating, *others) if found.card_number), None):
            assert by_card.card_number
            yield Suggestion(f"card {masked(by_card.card_number)}", by_card.card_number)
        unknown = next(error for error in self._sandbox.catalogue() if error["status"] == 404)
        if unknown["customerId"]:
            yield Suggestion("an unknown number", unknown["customerId"])


def _suggestion(found: FoundCustomer, mark: str = "") -> Suggestion:
    number = found.customer_id or found.card_number
    assert number
    return Suggestion(found.customer.full_name + mark, number)
