"""Who may steer the sandbox.

Rule 1: on loopback, no web page may: requests with a foreign Host or Origin are refused (DNS rebinding, CSRF).
Rule 2: beyond loopback, a bearer token is wanted.
Rule 3: health, contract and reference tell nothing that needs guarding, and no origin may change them.
"""

import secrets
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .control import PREFIX, Problem
from .settings import Settings

OPEN_PATHS = frozenset({f"{PREFIX}/health", f"{PREFIX}/openapi.json"})


class Guard:
    """An ASGI application in front of another one; only what is under the control API's prefix is guarded."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._is_loopback = settings.is_loopback
        self._token = settings.control_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX) and scope["path"] not in OPEN_PATHS:
            problem = self._problem(Headers(scope=scope))
            if problem:
                await problem(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _problem(self, headers: Headers) -> Problem | None:
        if self._token is not None:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not compare_digest(token.strip().encode(), self._token.encode()):
                detail = "the control API wants the token that serve printed: Authorization: Bearer ..."
                return Problem(401, detail, {"WWW-Authenticate": "Bearer"})
        if self._is_loopback:
            host = headers.get("host", "")
            if not _is_local(f"//{host}"):
                return Problem(403, f"Host {host[:80]!r} is not this machine; call 127.0.0.1 or localhost")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers.get("host"):
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
