"""How a page is made: templates, what they load, and the headers that keep a page safe.

Rule 1: nothing is fetched from elsewhere, no script stands in a page, and whatever came from outside is escaped.
Rule 2: what a page loads has a version in its address, so that it is never stale and never asked for twice.
"""

import json
from hashlib import blake2b
from importlib.resources import files
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sandbox import __version__
from sandbox.runtime import Sandbox
from sandbox.state.spaces import FOR_ALL, space_name

from .strip import strip

_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, browsers say `Origin: null` when they send a form, which the guard refuses.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}
_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_MAX_SPACES = 50
# What belongs to a place in a list, and not to another space.
_NOT_KEPT = frozenset({"space", "after", "call"})


class Entry(NamedTuple):
    """A page as the navigation names it."""

    path: str
    title: str
    promise: str


HOME = Entry("/", "Home", "What this is, how it is, and a call to copy")
CUSTOMERS = Entry("/console/customers", "Customers", "Who there is: by name, segment, birthday and number")
ERRORS = Entry("/console/errors", "Errors and faults", "Everything that can go wrong, each with one click")
TRY = Entry("/console/try", "Try it", "Send a real call, and see why it was answered so")
LIVE = Entry("/console/live", "Live", "Calls as they arrive, what they have exercised, and why")
TIME = Entry("/console/time", "Time and spaces", "Freeze and travel, see who celebrates, take overrides away, reset")
STAGE = Entry("/console/stage", "Stage", "A desk before an audience: scan a number, see the customer, serve the queue")
# In the order of the navigation.
ENTRIES = (HOME, CUSTOMERS, ERRORS, TRY, LIVE, TIME, STAGE)
# Parts of pages that scripts bring up to date.
STRIP = "/console/strip"
DASHBOARD = "/console/dashboard"


class Assets:
    """What pages load: style, scripts, the icon."""

    def __init__(self) -> None:
        directory = files(__package__) / "static"
        self._files = {file.name: file.read_bytes() for file in directory.iterdir() if file.is_file()}
        digest = blake2b(digest_size=8)
        for name, content in sorted(self._files.items()):
            digest.update(f"{name}\n{len(content)}\n".encode() + content)
        self._version = digest.hexdigest()

    def url(self, name: str) -> str:
        """Return the address of a file, with the version of all of them."""
        assert name in self._files, name
        return f"/static/{self._version}/{name}"

    async def serve(self, request: Request) -> Response:
        """Answer with a file, which may be kept for ever."""
        name = request.path_params["name"]
        if request.path_params["version"] != self._version or name not in self._files:
            raise HTTPException(404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return self._response(name, headers)

    async def icon(self, request: Request) -> Response:
        """Answer browsers that ask for an icon by the name that they made up."""
        return self._response("icon.svg", {"Cache-Control": "max-age=86400"})

    def _response(self, name: str, headers: dict[str, str]) -> Response:
        return Response(self._files[name], media_type=_MEDIA_TYPES[name.rpartition(".")[2]], headers=headers)


class Renderer:
    """Makes pages for one sandbox. Each honours `?space=`: whose calls, clock and overrides it is about."""

    def __init__(self, sandbox: Sandbox, assets: Assets) -> None:
        self._sandbox = sandbox
        self._has_console = sandbox.settings.control == "on"
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(str(files(__package__) / "templates")),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            asset=assets.url,
            version=__version__,
            entries=ENTRIES if self._has_console else (),
            strip_path=STRIP,
            dashboard_path=DASHBOARD,
            can_sign_out=self._has_console and sandbox.settings.control_token is not None,
        )
        # Not Jinja's own tojson, whose result counts as safe markup: in an attribute it has to be escaped.
        self._templates.filters.update(pretty=_pretty, tojson_text=json.dumps, thousands="{:,}".format)

    async def page(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page for people who may see everything; it has the switch of spaces and the status strip."""
        space = space_of(request)
        names = [each.name for each in islice(reversed(await self._sandbox.spaces()), _MAX_SPACES)]
        return self._response(
            request,
            template,
            status,
            space=space,
            # The control API can't address a space with a slash in it.
            spaces=sorted({space, *names} - {FOR_ALL} - {name for name in names if "/" in name}),
            kept=[(name, text) for name, text in request.query_params.multi_items() if name not in _NOT_KEPT],
            link=lambda path, **query: _link(path, space, query),
            strip=await strip(self._sandbox, space),
            **context,
        )

    async def part(self, request: Request, template: str, **context: Any) -> Response:
        """Return a part of a page, with which a script brings that part up to date."""
        space = space_of(request)
        return self._response(
            request, template, 200, space=space, link=lambda path, **query: _link(path, space, query), **context
        )

    async def strip(self, request: Request) -> Response:
        """Return the status strip alone."""
        return await self.part(request, "strip.html", strip=await strip(self._sandbox, space_of(request)))

    def open_page(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page for everybody: it names no space."""
        return self._response(
            request, template, status, space=None, link=lambda path, **query: _link(path, FOR_ALL, query), **context
        )

    def _response(self, request: Request, template: str, status: int, **context: Any) -> Response:
        html = self._templates.get_template(template).render(
            here=request.url.path, base_url=str(request.base_url).rstrip("/"), **context
        )
        return Response(html, status, media_type="text/html", headers=_SECURITY)


def space_of(request: Request) -> str:
    """Return the space that a page is about; everybody's where none is named."""
    name = request.query_params.get("space") or FOR_ALL
    return name if name == FOR_ALL else space_name(name)


def _link(path: str, space: str, query: dict[str, Any]) -> str:
    """Return a link that stays in the space."""
    kept = {name: value for name, value in query.items() if value not in {None, ""}}
    if space != FOR_ALL:
        kept["space"] = space
    return f"{path}?{urlencode(kept)}" if kept else path


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
