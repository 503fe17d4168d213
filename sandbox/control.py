"""The control API under `/_sandbox`: what programs ask the sandbox about itself. Thin over `Sandbox`.

Rule 1: an error here is a problem (RFC 9457), never in the bank's shape.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from .runtime import FoundCustomer, Misuse, Sandbox

PREFIX = "/_sandbox"
_CUSTOMER_QUERY = ("birthday", "segment", "country", "count")


class Json(Response):
    """JSON that people can read, too."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


class Problem(Json):
    """The sandbox's own error: what was found, what was expected, what to do."""

    media_type = "application/problem+json"

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        title = HTTPStatus(status).phrase
        super().__init__({"type": "about:blank", "title": title, "status": status, "detail": detail}, status, headers)


def customer_json(found: FoundCustomer) -> dict[str, Any]:
    """Return a found customer as the control API and the command line show it."""
    birthday = found.customer.birthday
    return {
        "country": found.country,
        "customerId": found.customer_id,
        "cardNumber": found.card_number,
        "fullName": found.customer.full_name,
        "customerSegment": found.customer.segment,
        "birthday": birthday if isinstance(birthday, str) else f"{birthday[0]:02}-{birthday[1]:02}",
        "birthdayTodayFlag": found.is_birthday,
        "scenario": found.scenario,
    }


def routes(sandbox: Sandbox, is_stopping: Callable[[], bool]) -> list[BaseRoute]:
    """Return the control API's routes; `is_stopping` tells whether the server is on its way out."""

    async def health(request: Request) -> Response:
        return Json(sandbox.health())

    async def alive(request: Request) -> Response:
        return Json({"status": "ok"})

    async def ready(request: Request) -> Response:
        return Json({"status": "stopping"}, 503) if is_stopping() else Json({"status": "ok"})

    async def errors(request: Request) -> Response:
        return Json(sandbox.catalogue())

    async def customers(request: Request) -> Response:
        query = dict(request.query_params)
        if unknown := [name for name in query if name not in _CUSTOMER_QUERY]:
            raise Misuse(f"{unknown[0][:40]!r} is no parameter; there are {', '.join(_CUSTOMER_QUERY)}")
        count = query.get("count", "5")
        if not (count.isascii() and count.isdigit() and len(count) < 10):
            raise Misuse(f"count: found {count[:40]!r}, expected a number")
        # A rare property takes a while to find; the calls of others don't wait for it.
        found = await asyncio.to_thread(
            partial(
                sandbox.find_customers, int(count), query.get("country"), query.get("birthday"), query.get("segment")
            )
        )
        return Json([customer_json(customer) for customer in found])

    async def customer(request: Request) -> Response:
        identity = request.path_params["identity"]
        return Json(customer_json(sandbox.customer(identity, request.query_params.get("country"))))

    return [
        Route(f"{PREFIX}/health", health),
        Route("/healthz", alive),
        Route("/readyz", ready),
        Route(f"{PREFIX}/errors", errors),
        Route(f"{PREFIX}/customers", customers),
        Route(f"{PREFIX}/customers/{{identity}}", customer),
    ]
