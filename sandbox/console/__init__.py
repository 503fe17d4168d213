"""The console: pages for people, beside the control API for programs."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.core.headers import weighted
from sandbox.runtime import Sandbox

from .guide import Guide
from .pages import Pages
from .reference import API, CONTROL, FILES, Reference
from .rendering import CUSTOMERS, DASHBOARD, ERRORS, HOME, LIVE, STAGE, STRIP, TIME, TRY, Assets, Renderer
from .sign_in import SIGN_IN, SIGN_OUT, SignIn, to_sign_in
from .stage import Stage
from .travel import Travel

__all__ = ["PREFIX", "SIGN_IN", "Console", "to_sign_in"]

PREFIX = "/console"


class Console:
    """All pages of one sandbox. Without a control API there is no console, and the reference alone stays."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._has_console = sandbox.settings.control == "on"
        self._assets = Assets()
        renderer = Renderer(sandbox, self._assets)
        self._renderer = renderer
        self._pages = Pages(sandbox, renderer)
        self._guide = Guide(self._has_console)
        self._reference = Reference(sandbox, renderer, self._guide)
        self._travel = Travel(sandbox, renderer)
        self._stage = Stage(sandbox, renderer)
        self._sign_in = SignIn(renderer, sandbox.settings.control_token)

    async def home(self, request: Request) -> Response | None:
        """Return the first page for those who want one; programs get a text."""
        return await self._pages.home(request) if self.is_page(request) else None

    def is_page(self, request: Request) -> bool:
        """Tell whether a request is for a page of the console, rather than for a program's eyes."""
        path: str = request.scope["path"]
        if not self._has_console or path != HOME.path:
            return self._has_console and path.startswith(f"{PREFIX}/")
        wanted = weighted(request.headers.get("accept", ""))
        return wanted.get("text/html", 0) > wanted.get("text/plain", 0)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the pages and of what they load."""
        pages, assets, reference = self._pages, self._assets, self._reference
        open_routes = [
            Route(API.path, reference.api),
            *reference.beside(),
            Route(FILES.path, reference.scenarios),
            Route("/docs/{name}.md", self._guide.markdown),
            Route("/llms.txt", self._guide.for_programs),
            Route("/static/{version}/{name}", assets.serve),
            Route("/favicon.ico", assets.icon),
        ]
        guide = Route("/docs/{name}", reference.guide)
        if not self._has_console:
            return [*open_routes, guide]
        return [
            *open_routes,
            Route(CONTROL.path, reference.control),
            guide,
            Route(SIGN_IN, self._sign_in.form, methods=["GET", "POST"]),
            Route(SIGN_OUT, self._sign_in.leave, methods=["POST"]),
            Route(STRIP, self._renderer.strip),
            Route(DASHBOARD, pages.dashboard),
            Route(CUSTOMERS.path, pages.customers),
            Route(ERRORS.path, pages.errors),
            Route(TRY.path, pages.attempt),
            Route(LIVE.path, pages.live),
            Route(TIME.path, self._travel.page),
            Route(STAGE.path, self._stage.page),
            Route(f"{PREFIX}/{{path:path}}", pages.missing),
        ]
