"""The pages for people. Thin over `Sandbox`: they show, and have no logic of their own.

Rule 1: nothing is fetched from elsewhere, no script stands in a page, and whatever came from outside is escaped.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox import __version__
from sandbox.runtime import Sandbox

_CONTENT_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"
_SECURITY = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Return the routes of the pages and of what they load."""

    async def reference(request: Request) -> Response:
        operation = sandbox.contract.operation
        return _page(
            "reference.html",
            document=sandbox.contract.document,
            operation=operation,
            path=sandbox.contract.path,
            base_path=sandbox.contract.base_path,
            headers=sandbox.contract.headers,
            request_fields=sandbox.contract.request_schema["properties"],
            schemas=sandbox.contract.document["components"]["schemas"],
            examples=operation["requestBody"]["content"]["application/json"]["examples"],
            responses=operation["responses"],
            catalogue=sandbox.catalogue(),
        )

    return [
        Route("/docs", reference),
        Mount("/static", StaticFiles(packages=[(__name__, "static")])),
    ]


def _page(template: str, **context: Any) -> Response:
    html = _templates().get_template(template).render(version=__version__, **context)
    return Response(html, media_type="text/html", headers=_SECURITY)


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(files(__name__) / "templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pretty"] = lambda value: json.dumps(value, ensure_ascii=False, indent=2)
    return environment
