"""The pages for people. Thin over `Sandbox`: they show, and have no logic of their own."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox import views
from sandbox.core.decide import HTTP, precedence
from sandbox.core.directives import FAULT, REQUEST_HEADERS, SCENARIO
from sandbox.core.faults import FAULTS
from sandbox.people import Found
from sandbox.runtime import Sandbox
from sandbox.state.spaces import FOR_ALL
from sandbox.user_errors import UserError

from .rendering import ENTRIES, HOME, TRY, Renderer, space_of

# Who calls from these pages, unless a space was chosen.
CLIENT_ID = "console"
# How many customers a page shows, and how many it looks at to find them.
PAGE_SIZE = 24
MAX_LOOKED_AT = 2_000
_BROWSERS_OWN = frozenset({"Accept", "Accept-Language", "Content-Type"})
# Which of the journal's filters the page of live calls has.
_FILTERS = ("status", "code", "rule", "customerId", "cardNumber", "uuid")
_MAX_FILES = 20
_MAX_MISTAKES = 50


class Pages:
    """The handlers, in the order of the navigation."""

    def __init__(self, sandbox: Sandbox, renderer: Renderer) -> None:
        self._sandbox = sandbox
        self._renderer = renderer

    async def home(self, request: Request) -> Response:
        health = views.health(self._sandbox)
        contract = self._sandbox.contract
        return await self._renderer.page(
            request,
            "home.html",
            health=health,
            files=health["scenarios"]["files"][:_MAX_FILES],
            mistakes=health["lastReload"]["mistakes"][:_MAX_MISTAKES],
            clock=views.clock(self._sandbox, space_of(request)),
            curl=self._sandbox.curl(str(request.base_url).rstrip("/")),
            endpoint=contract.main.base_path + contract.main.path,
            catalogue=views.catalogue(self._sandbox),
            others=[entry for entry in ENTRIES if entry != HOME],
        )

    async def customers(self, request: Request) -> Response:
        query = request.query_params
        wish = {name: query.get(name, "").strip() for name in ("birthday", "segment", "country", "number")}
        population = self._sandbox.population
        found, mistake = Found([], None), None
        try:
            after = read_position(query.get("after", "0"))
            # Others don't wait, and nobody waits for long: who is not found yet is looked for on the next page.
            found = await asyncio.to_thread(self._search, space_of(request), wish, after)
        except UserError as error:
            after, mistake = 0, str(error)
        return await self._renderer.page(
            request,
            "customers.html",
            status=400 if mistake else 200,
            customers=[views.customer(customer) for customer in found.customers],
            heading=_heading(wish, len(found.customers)),
            mistake=mistake,
            after=found.after,
            is_later=after > 0,
            count=PAGE_SIZE,
            looked_at=MAX_LOOKED_AT,
            wish=wish,
            country=wish["country"].upper() or population.home.code,
            countries=population.countries,
            segments=population.segments,
        )

    def _search(self, space: str, wish: Mapping[str, str], after: int) -> Found:
        people = self._sandbox.people(space)
        country, birthday, segment = (wish[name] or None for name in ("country", "birthday", "segment"))
        if wish["number"]:
            return Found([people.find(wish["number"], country)], None)
        return people.search(PAGE_SIZE, country, birthday, segment, after, MAX_LOOKED_AT)

    async def errors(self, request: Request) -> Response:
        return await self._renderer.page(
            request,
            "errors.html",
            catalogue=views.catalogue(self._sandbox),
            faults=views.faults(self._sandbox),
            **self._calling(space_of(request)),
        )

    async def attempt(self, request: Request) -> Response:
        """Try it: a form for one call; the query fills it in, so that a link reopens a call."""
        query, contract = request.query_params, self._sandbox.contract
        calling = self._calling(space_of(request))
        example = "" if {*contract.main.body["properties"], "body"} & {*query} else calling["example"]
        countries, home = self._sandbox.population.countries, self._sandbox.population.home
        choices: dict[str, Iterable[str]] = {
            "countryCode": countries,
            "businessCode": sorted(home.businesses or ()),
            "ChannelId": sorted(home.channels or ()),
            "Accept-Language": sorted(contract.languages),
            SCENARIO: [*contract.errors_by_name, *self._sandbox.named_scenarios],
            FAULT: FAULTS,
        }

        def field(name: str, text: str, default: str, **more: Any) -> dict[str, Any]:
            value = query.get(name, default)
            note = "Left empty, the browser sends its own." if name in _BROWSERS_OWN else ""
            known = {"required": False, "is_header": True, "is_secret": False, "choices": choices.get(name, ())}
            return {"name": name, "text": text, "default": default, "value": value, "note": note, **known, **more}

        return await self._renderer.page(
            request,
            "try.html",
            numbers=[
                field(name, schema["description"], example if name == "customerId" else "", is_header=False)
                for name, schema in contract.main.body["properties"].items()
            ],
            body=query.get("body", ""),
            fields=[
                field(
                    rule.name,
                    rule.description,
                    "" if rule.key == "uuid" else calling["headers"].get(rule.name, ""),
                    required=rule.required,
                    is_secret=rule.name == "Authorization",
                )
                for rule in contract.main.headers
            ],
            directives=[field(name, text.replace("`", ""), "") for name, text in REQUEST_HEADERS.items()],
            **calling,
        )

    async def live(self, request: Request) -> Response:
        contract = self._sandbox.contract
        names = (*(rule.name for rule in contract.main.headers if rule.key != "uuid"), *REQUEST_HEADERS)
        return await self._renderer.page(
            request,
            "live.html",
            wish={name: request.query_params.get(name, "").strip() for name in _FILTERS},
            rules=[*(rule.__name__ for rule in precedence(contract.main)), HTTP],
            codes=contract.errors_by_name,
            spelt={name.lower(): name for name in names},
            try_path=TRY.path,
        )

    async def missing(self, request: Request) -> Response:
        """Say that there is no such page, in the console's shape."""
        return await self._renderer.page(request, "missing.html", 404, path=request.url.path[:80])

    def _calling(self, space: str) -> dict[str, Any]:
        """Return what a page needs to call the bank's endpoint, under a client_id of its own or as the space has it."""
        contract = self._sandbox.contract
        client_id = CLIENT_ID if space == FOR_ALL else space
        return {
            "endpoint": contract.main.base_path + contract.main.path,
            "headers": self._sandbox.valid_headers(client_id),
            "example": contract.main.body["properties"]["customerId"]["example"],
        }


def read_position(text: str) -> int:
    """Read where a search goes on. Raises UserError."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise UserError(f"after: found {text[:40]!r}, expected a number")


def _heading(wish: Mapping[str, str], count: int) -> str:
    who = {"today": "with a birthday today", "never": "without a birthday", "": ""}
    parts = [
        "1 customer" if count == 1 else f"{count} customers",
        who.get(wish["birthday"], f"with a birthday on {wish['birthday']}"),
        wish["segment"] and f"in segment {wish['segment']}",
    ]
    return " ".join(filter(None, parts))
