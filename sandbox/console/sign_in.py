"""Signing in: how a browser gets the cookie that stands for the control token.

Rule 1: the cookie is HttpOnly and SameSite=Strict, and Secure where the page came over TLS.
Rule 2: after signing in, one gets to a page of this console and nowhere else.
"""

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.control_auth import Admission
from sandbox.user_errors import UserError

from .rendering import HOME, Renderer

SIGN_IN = "/console/sign-in"
SIGN_OUT = "/console/sign-out"
MAX_FORM_BYTES = 8 * 1024


class SignIn:
    """The two pages around the cookie. Without a token, there is nothing to sign in to."""

    def __init__(self, renderer: Renderer, token: str | None) -> None:
        self._renderer = renderer
        self._admission = Admission(token) if token is not None else None

    async def form(self, request: Request) -> Response:
        """Ask for the token, or check the one that was given."""
        if request.method == "POST":
            return await self._try(request)
        target = safe_target(request.query_params.get("next", ""))
        if self._admission is None or self._admission.has_cookie(request.headers):
            return RedirectResponse(target, 303)
        return self._page(request, target)

    async def leave(self, request: Request) -> Response:
        """Take the cookie away."""
        response = RedirectResponse(SIGN_IN, 303)
        if self._admission:
            response.delete_cookie(self._admission.cookie_name, httponly=True, samesite="strict")
        return response

    async def _try(self, request: Request) -> Response:
        form = await _form(request)
        target = safe_target(form.get("next", ""))
        if self._admission is None:
            return RedirectResponse(target, 303)
        if not self._admission.is_token(form.get("token", "").strip()):
            return self._page(request, target, 403, mistake="That is not the control token of this sandbox.")
        response = RedirectResponse(target, 303)
        response.set_cookie(
            self._admission.cookie_name,
            self._admission.cookie,
            httponly=True,
            samesite="strict",
            # A proxy may speak TLS for us; the browser's own Origin tells.
            secure="https" in (request.url.scheme, request.headers.get("origin", "").partition(":")[0]),
        )
        return response

    def _page(self, request: Request, target: str, status: int = 200, **context: Any) -> Response:
        return self._renderer.open_page(request, "sign-in.html", status, target=target, **{"mistake": None, **context})


def to_sign_in(request: Request) -> Response:
    """Send a browser that nobody knows to the form, and from there back to where it wanted to go."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(SIGN_IN if wanted == HOME.path else f"{SIGN_IN}?next={quote(wanted)}", 303)


def safe_target(wanted: str) -> str:
    """Return where to go after signing in: a page of the console, never another host."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return HOME.path
    is_ours = not parts.scheme and not parts.netloc and wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    return wanted if is_ours and parts.path.startswith("/console/") and parts.path != SIGN_OUT else HOME.path


async def _form(request: Request) -> dict[str, str]:
    """Read a small form. Raises UserError."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise UserError(f"the form has more than {MAX_FORM_BYTES} bytes")
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
