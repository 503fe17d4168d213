"""The routes of the control API under `/_sandbox`: those of its document, each with the handler of its operation.

Rule 1: the document is the table of routes; a handler belongs to an operation by its operationId.
Rule 2: a name may hold any character; a slash in it is sent as %2F (RFC 3986, 2.2).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeAlias
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from sandbox.responses import Json
from sandbox.runtime import Sandbox

from .exchanges import Exchanges
from .general import General
from .operations import PREFIX, Operation, operations
from .requests import Sent, read
from .spaces import Spaces

Handler: TypeAlias = Callable[[Sent], Awaitable[Response]]


def routes(sandbox: Sandbox, stopping: asyncio.Event) -> list[BaseRoute]:
    """Return the routes of the API and of the probes; without a control API, those that tell how the sandbox is.

    Streams and waits end when `stopping` is set.
    """
    known = handlers(sandbox, stopping)
    if sandbox.settings.control == "off":
        known = {"showHealth": known["showHealth"]}

    async def alive(request: Request) -> Response:
        return Json({"status": "ok"})

    async def ready(request: Request) -> Response:
        return Json({"status": "stopping"}, 503) if stopping.is_set() else Json({"status": "ok"})

    return [*_routes(known), Route("/healthz", alive), Route("/readyz", ready)]


def handlers(sandbox: Sandbox, stopping: asyncio.Event) -> dict[str, Handler]:
    """Return the handler of each operation, by its operationId."""
    general, spaces, exchanges = General(sandbox), Spaces(sandbox), Exchanges(sandbox, stopping)
    return {
        "showHealth": general.show_health,
        "describe": general.describe,
        "listErrors": general.list_errors,
        "findCustomers": general.find_customers,
        "makeCustomer": general.make_customer,
        "showCustomer": general.show_customer,
        "issueToken": general.issue_token,
        "beginSession": general.begin_session,
        "showSession": general.show_session,
        "explain": general.explain,
        "reload": general.reload,
        "reset": general.reset,
        "listSpaces": spaces.list_spaces,
        "showSpace": spaces.show_space,
        "resetSpace": spaces.reset_space,
        "listOverrides": spaces.list_overrides,
        "replaceOverrides": spaces.replace_overrides,
        "clearOverrides": spaces.clear_overrides,
        "showOverride": spaces.show_override,
        "placeOverride": spaces.place_override,
        "removeOverride": spaces.remove_override,
        "showClock": spaces.show_clock,
        "setClock": spaces.set_clock,
        "releaseClock": spaces.release_clock,
        "showProfile": spaces.show_profile,
        "setProfile": spaces.set_profile,
        "releaseProfile": spaces.release_profile,
        "listExchanges": exchanges.list_exchanges,
        "clearExchanges": exchanges.clear_exchanges,
        "streamExchanges": exchanges.stream_exchanges,
        "showExchange": exchanges.show_exchange,
        "verify": exchanges.verify,
        "coverage": exchanges.coverage,
    }


def _routes(known: Mapping[str, Handler]) -> Iterator[Route]:
    for path, found in operations().items():
        answered = {method: (each, known[each.id]) for method, each in found.items() if each.id in known}
        if answered:
            yield _route(path, answered)


def _route(path: str, answered: Mapping[str, tuple[Operation, Handler]]) -> Route:
    async def endpoint(request: Request) -> Response:
        operation, handle = answered["GET" if request.method == "HEAD" else request.method]
        return await handle(await read(request, operation))

    return _EncodedRoute(PREFIX + path, endpoint, methods=list(answered))


class _EncodedRoute(Route):
    """A route that tells the slashes of its path from those in a name, which Starlette decodes before it matches."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        # Not every ASGI server has the path as it was sent.
        raw = scope.get("raw_path")
        path = quote(scope["path"]) if raw is None else raw.decode("latin-1")
        match, found = super().matches({**scope, "path": path})
        if names := found.get("path_params"):
            found["path_params"] = {name: unquote(value) for name, value in names.items()}
        return match, found
