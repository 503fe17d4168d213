"""The pages for people. Thin over `Sandbox`: they show, and have no logic of their own."""

from starlette.requests import Request
from starlette.responses import Response

from sandbox.control import clock_json
from sandbox.runtime import Sandbox

from .rendering import ENTRIES, HOME, Renderer, space_of

_MOST_FILES = 20
_MOST_MISTAKES = 50


class Pages:
    """The handlers, in the order of the navigation."""

    def __init__(self, sandbox: Sandbox, renderer: Renderer) -> None:
        self._sandbox = sandbox
        self._renderer = renderer

    async def home(self, request: Request) -> Response:
        health = self._sandbox.health()
        contract = self._sandbox.contract
        return self._renderer.page(
            request,
            "home.html",
            health=health,
            files=health["scenarios"]["files"][:_MOST_FILES],
            mistakes=health["lastReload"]["mistakes"][:_MOST_MISTAKES],
            clock=clock_json(self._sandbox, space_of(request)),
            curl=contract.curl(str(request.base_url).rstrip("/")),
            endpoint=contract.base_path + contract.path,
            catalogue=self._sandbox.catalogue(),
            others=[entry for entry in ENTRIES if entry != HOME],
        )

    async def missing(self, request: Request) -> Response:
        """Say that there is no such page, in the console's shape."""
        return self._renderer.page(request, "missing.html", 404, path=request.url.path[:80])
