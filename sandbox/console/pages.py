"""The pages for people. Thin over `Sandbox`: they show, and have no logic of their own."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from unicodedata import combining, normalize

from starlette.requests import Request
from starlette.responses import Response

from sandbox import views
from sandbox.core.decide import HTTP, all_rules, precedence
from sandbox.core.directives import FAULT, REQUEST_HEADERS, SCENARIO
from sandbox.core.faults import FAULTS
from sandbox.people import Found
from sandbox.runtime import Sandbox
from sandbox.state.spaces import FOR_ALL
from sandbox.state.verification import Match
from sandbox.user_errors import UserError

from .dashboard import dashboard
from .rendering import ENTRIES, HOME, TRY, Renderer, space_of
from .search import KINDS, Search, read_search

# Who calls from these pages, unless a space was chosen.
CLIENT_ID = "console"
# How many customers a page shows, and how many it looks at to find them.
PAGE_SIZE = 24
MAX_LOOKED_AT = 2_000
MAX_NAMES_LOOKED_AT = 1_000
_WISHES = ("name", "birthday", "segment", "country", "number")
_BROWSERS_OWN = frozenset({"Accept", "Accept-Language", "Content-Type"})
_MAX_FILES = 20
_MAX_MISTAKES = 50


class Pages:
    """The handlers, in the order of the navigation."""

    def __init__(self, sandbox: Sandbox, renderer: Renderer) -> None:
        self._sandbox = sandbox
        self._renderer = renderer

    async def home(self, request: Request) -> Response:
        health, space = views.health(self._sandbox), space_of(request)
        contract = self._sandbox.contract
        return await self._renderer.page(
            request,
            "home.html",
            health=health,
            files=health["scenarios"]["files"][:_MAX_FILES],
            mistakes=health["lastReload"]["mistakes"][:_MAX_MISTAKES],
            warnings=health["lastReload"]["warnings"][:_MAX_MISTAKES],
            clock=views.clock(self._sandbox, space),
            curl=self._sandbox.curl(str(request.base_url).rstrip("/")),
            endpoint=contract.main.base_path + contract.main.path,
            catalogue=views.catalogue(self._sandbox),
            others=[entry for entry in ENTRIES if entry != HOME],
            dashboard=await dashboard(self._sandbox, space),
        )

    async def dashboard(self, request: Request) -> Response:
        """Return the part of the first page that sums up the calls."""
        return await self._renderer.part(
            request, "dashboard.html", dashboard=await dashboard(self._sandbox, space_of(request))
        )

    async def customers(self, request: Request) -> Response:
        query = request.query_params
        wish = {name: query.get(name, "").strip() for name in _WISHES}
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
            heading=_heading(wish, found),
            mistake=mistake,
            after=found.after,
            is_later=after > 0,
            count=PAGE_SIZE,
            looked_at=MAX_LOOKED_AT,
            wish=wish,
            country=wish["country"].upper() or population.home.code,
            choices=self._choices(),
            countries=population.countries,
            segments=population.segments,
        )

    def _search(self, space: str, wish: Mapping[str, str], after: int) -> Found:
        people = self._sandbox.people(space)
        country, birthday, segment = (wish[name] or None for name in ("country", "birthday", "segment"))
        if wish["number"]:
            return Found([people.find(wish["number"], country)], None)
        if not wish["name"]:
            return people.search(PAGE_SIZE, country, birthday, segment, after, MAX_LOOKED_AT)
        # Nobody is filed by name, so a page has whoever is called so among the next few.
        found = people.search(MAX_NAMES_LOOKED_AT, country, birthday, segment, after, MAX_LOOKED_AT)
        words = _folded(wish["name"]).split()
        named = [each for each in found.customers if all(word in _folded(each.customer.full_name) for word in words)]
        return Found(named, found.after)

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
            known: dict[str, Any] = {
                "required": False,
                "is_header": True,
                "is_secret": False,
                "choices": choices.get(name, ()),
            }
            known["is_usual"] = value == default
            return {"name": name, "text": text, "default": default, "value": value, "note": note, **known, **more}

        return await self._renderer.page(
            request,
            "try.html",
            numbers=[
                field(name, schema["description"], example if name == "customerId" else "", is_header=False)
                for name, schema in contract.main.body["properties"].items()
            ],
            body=query.get("body", ""),
            choices=self._choices(),
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
        contract, query = self._sandbox.contract, request.query_params
        headers = (*(rule.name for rule in contract.main.headers if rule.key != "uuid"), *REQUEST_HEADERS)
        rules = [*(rule.__name__ for rule in precedence(contract.main)), HTTP]
        names: dict[str, Collection[str]] = {
            "rule": [*(rule.__name__ for rule in all_rules(contract.operations.values())), HTTP],
            "code": [name for each in contract.operations.values() for name in each.errors],
            "fault": FAULTS,
            "operation": contract.operations,
        }
        # Each filter of the API is one of the page's address, too.
        named = [f"{name}={query[name].strip()}" for name in Match.FIELDS if query.get(name, "").strip()]
        text, mistake = " ".join([query.get("q", "").strip(), *named]).strip(), None
        try:
            search = read_search(text, names)
        except UserError as error:
            search, mistake = Search(text, {}, (), ()), str(error)
        return await self._renderer.page(
            request,
            "live.html",
            status=400 if mistake else 200,
            mistake=mistake,
            search=search,
            kinds=KINDS,
            filter_names=Match.FIELDS,
            rules=rules,
            codes=contract.errors_by_name,
            faults=FAULTS,
            spelt={name.lower(): name for name in headers},
            main=contract.main.id,
            try_path=TRY.path,
            choices=self._choices(),
            **self._calling(space_of(request)),
        )

    async def missing(self, request: Request) -> Response:
        """Say that there is no such page, in the console's shape."""
        return await self._renderer.page(request, "missing.html", 404, path=request.url.path[:80])

    def _choices(self) -> dict[str, Any]:
        """Return what "Make it..." offers."""
        return {
            "errors": [[error.name, error.status] for error in self._sandbox.contract.errors_by_name.values()],
            "faults": dict(FAULTS),
            "segments": list(self._sandbox.population.segments),
        }

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


def _heading(wish: Mapping[str, str], found: Found) -> str:
    who = {"today": "with a birthday today", "never": "without a birthday", "": ""}
    count = len(found.customers)
    parts = [
        "1 customer" if count == 1 else f"{count} customers",
        wish["name"] and f"named {wish['name']}",
        who.get(wish["birthday"], f"with a birthday on {wish['birthday']}"),
        wish["segment"] and f"in segment {wish['segment']}",
    ]
    return " ".join(filter(None, parts)) + (", and more behind them" if found.after else "")


def _folded(name: str) -> str:
    """Return a name as people type it: without accents and capitals."""
    return "".join(each for each in normalize("NFD", name.casefold()) if not combining(each))
