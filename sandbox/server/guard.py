"""Who may steer the sandbox.

Rule 1: on loopback, no web page may: requests with a foreign Host or Origin are refused (DNS rebinding, CSRF).
Rule 2: beyond loopback, the control token is wanted: as a bearer token, or by a browser that has signed in with it.
Rule 3: a browser sends its cookie by itself, so with it the Origin must be ours wherever something changes.
Rule 4: health, contract and reference tell nothing that needs guarding, and no origin may change them.
"""

import logging
import secrets
from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.control_auth import Admission
from sandbox.responses import Problem
from sandbox.settings import Settings

from .log import as_word

log = logging.getLogger("sandbox")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guarded(NamedTuple):
    """What there is to guard: the paths under `prefix` but for `open_paths`, and the pages for people.

    `is_page` knows a request for such a page; `to_sign_in` sends a browser to the one at `sign_in`, which is open.
    """

    prefix: str
    open_paths: Collection[str]
    is_page: Callable[[Request], bool]
    sign_in: str
    to_sign_in: Callable[[Request], Response]


class Guard:
    """An ASGI application in front of another one, of which a part is guarded."""

    def __init__(self, app: ASGIApp, guarded: Guarded, settings: Settings) -> None:
        self._app = app
        self._guarded = guarded
        self._is_loopback = settings.is_loopback
        self._admission = Admission(settings.control_token) if settings.control_token is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refusal(Request(scope))):
            if isinstance(refusal, Problem):
                path = as_word(scope["path"][:200])
                log.warning("refused %s %s: %s", scope["method"], path, refusal.detail)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        path, guarded = request.scope["path"], self._guarded
        is_page = guarded.is_page(request)
        if not is_page and (not path.startswith(guarded.prefix) or path in guarded.open_paths):
            return None
        if not (is_page and path == guarded.sign_in) and (refusal := self._unknown(request, is_page)):
            return refusal
        return self._foreign(request.headers)

    def _unknown(self, request: Request, is_page: bool) -> Response | None:
        if self._admission is None or self._admission.has_bearer(request.headers):
            return None
        is_safe = request.method in _SAFE_METHODS
        if self._admission.has_cookie(request.headers):
            if is_safe or "origin" in request.headers:
                return None
            return Problem(403, "a browser that has signed in says where a change comes from: Origin is missing")
        if is_page and is_safe:
            return self._guarded.to_sign_in(request)
        detail = "the control API wants the token that serve printed: Authorization: Bearer ..."
        return Problem(401, detail, {"WWW-Authenticate": "Bearer"})

    def _foreign(self, headers: Headers) -> Problem | None:
        hosts = headers.getlist("host") or [""]
        for host in hosts if self._is_loopback else ():
            if not _is_local(f"//{host}"):
                return Problem(403, f"Host {host[:80]!r} is not this machine; call 127.0.0.1 or localhost")
        for origin in headers.getlist("origin"):
            if {origin.partition("://")[2]} != {*hosts}:
                return Problem(403, f"Origin {origin[:80]!r} may not steer this sandbox")
        return None


def with_token(settings: Settings) -> Settings:
    """Return the settings with a token where one is needed and none was set."""
    if settings.is_loopback or settings.control == "off" or settings.control_token:
        return settings
    return settings._replace(control_token=secrets.token_urlsafe(24))


def _is_local(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False
