"""The control API under `/_sandbox`: one table of routes, thin over `Sandbox`.

Rule 1: an error here is a problem (RFC 9457), never in the bank's shape; it says what was found and what was expected.
"""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import urlencode

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.connection import hung_up
from sandbox.core.companions import SessionKey
from sandbox.core.credentials import CHECKS
from sandbox.core.decide import PRECEDENCE, Decision
from sandbox.core.messages import bank_request, instant, without_secrets
from sandbox.files.loader import DOCUMENTS
from sandbox.files.yaml_source import YAML_LOADER
from sandbox.people import FoundCustomer
from sandbox.runtime import OVERRIDE_SECTIONS, Sandbox
from sandbox.state.interface import PlacedOverride, SpaceSummary
from sandbox.state.spaces import FOR_ALL, space_name
from sandbox.state.verification import COMPARISONS, Match
from sandbox.user_errors import NotFound, UserError

from .requests import read_body, read_fields, read_flag, read_number, read_query, read_seconds
from .state_views import exchange_json, override_json, verdict_json
from .streams import EventStream

PREFIX = "/_sandbox"
LONGEST_WAIT_SECONDS = 60.0

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class Json(Response):
    """JSON that people can read, too."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


class Problem(Json):
    """The sandbox's own error: what was found, what was expected, what to do."""

    media_type = "application/problem+json"

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
        super().__init__({**problem, "detail": without_secrets(detail), **more}, status, headers)


class Yaml(Response):
    """YAML as a scenario file has it."""

    media_type = "application/yaml"

    def render(self, content: Any) -> bytes:
        return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120).encode()


def problem_of(error: Exception) -> Problem:
    """Return the problem for a UserError."""
    status = 404 if isinstance(error, NotFound) else 400
    mistakes = [
        {"path": without_secrets(path), "message": without_secrets(message)}
        for path, message in getattr(error, "mistakes", ())
    ]
    return Problem(status, str(error), None, mistakes=mistakes) if mistakes else Problem(status, str(error))


def customer_json(found: FoundCustomer) -> dict[str, Any]:
    """Return a found customer as the control API and the command line show it."""
    birthday = found.customer.birthday
    return {
        "country": found.country,
        "customerId": found.customer_id,
        "cardNumber": found.card_number,
        "fullName": found.customer.full_name,
        "customerSegment": found.customer.segment,
        "birthday": birthday if isinstance(birthday, str) else f"{birthday[0]:02}-{birthday[1]:02}",
        "birthdayTodayFlag": found.is_birthday,
        "scenario": found.scenario,
    }


def clock_json(sandbox: Sandbox, name: str) -> dict[str, Any]:
    """Return what time it is in a space, who says so, and which day that is in each country."""
    now, is_ticking, set_by = sandbox.clock_in(name)
    countries = sandbox.population.countries.values()
    return {
        "now": instant(now),
        "ticking": is_ticking,
        "setBy": set_by,
        "today": {country.code: now.astimezone(country.zone).date().isoformat() for country in countries},
    }


def profile_json(sandbox: Sandbox, name: str) -> dict[str, Any]:
    """Return how strict the bank's side is in a space, and who says so."""
    profile, set_by = sandbox.profile_in(name)
    return {
        "profile": profile.name,
        "checks": [check for check in CHECKS if check in profile.checks],
        "liveTexts": profile.live_texts,
        "setBy": set_by,
    }


def health_routes(sandbox: Sandbox, stopping: asyncio.Event) -> list[BaseRoute]:
    """Return the routes that tell how the sandbox is; they stay when there is no control API."""

    async def health(request: Request) -> Response:
        found = sandbox.health()
        if not sandbox.settings.is_loopback:
            # Whoever has the seed can sign tokens.
            del found["seed"]
        return Json(found)

    async def alive(request: Request) -> Response:
        return Json({"status": "ok"})

    async def ready(request: Request) -> Response:
        return Json({"status": "stopping"}, 503) if stopping.is_set() else Json({"status": "ok"})

    return [Route(f"{PREFIX}/health", health), Route("/healthz", alive), Route("/readyz", ready)]


def routes(sandbox: Sandbox, stopping: asyncio.Event) -> list[BaseRoute]:
    """Return the control API's routes; streams and waits end when `stopping` is set."""
    control = _Control(sandbox, stopping)
    space = "/spaces/{space}"
    return [
        _route("/openapi.json", GET=control.describe),
        _route("/errors", GET=control.list_errors),
        _route("/customers", GET=control.find_customers, POST=control.make_customer),
        _route("/customers/{identity}", GET=control.show_customer),
        _route("/spaces", GET=control.list_spaces),
        _route(space, GET=control.show_space, DELETE=control.reset_space),
        _route(f"{space}/overrides", GET=control.list_overrides, DELETE=control.clear_overrides),
        _route(
            f"{space}/overrides/{{section}}/{{pattern}}",
            GET=control.show_override,
            PUT=control.place_override,
            DELETE=control.remove_override,
        ),
        _route(f"{space}/clock", GET=control.show_clock, PUT=control.set_clock, DELETE=control.release_clock),
        _route(f"{space}/profile", GET=control.show_profile, PUT=control.set_profile, DELETE=control.release_profile),
        _route(f"{space}/exchanges", GET=control.list_exchanges, DELETE=control.clear_exchanges),
        _route(f"{space}/exchanges/stream", GET=control.stream_exchanges),
        _route(f"{space}/exchanges/{{id}}", GET=control.show_exchange),
        _route(f"{space}/verify", POST=control.verify),
        _route(f"{space}/coverage", GET=control.coverage),
        _route("/tokens", POST=control.issue_token),
        _route("/sessions", POST=control.begin_session),
        _route("/sessions/{sid}", GET=control.show_session),
        _route("/explain", POST=control.explain),
        _route("/reload", POST=control.reload),
        _route("/reset", POST=control.reset),
    ]


class _Control:
    """The handlers, in the order of the table."""

    def __init__(self, sandbox: Sandbox, stopping: asyncio.Event) -> None:
        self._sandbox = sandbox
        self._stopping = stopping

    async def describe(self, request: Request) -> Response:
        return Json(control_document())

    async def list_errors(self, request: Request) -> Response:
        return Json(self._sandbox.catalogue())

    async def find_customers(self, request: Request) -> Response:
        query = read_query(request, "birthday", "segment", "country", "count", "space", "after")
        people = self._sandbox.people(_named_space(query))
        count, after = read_number("count", query.get("count", "5")), read_number("after", query.get("after", "0"))
        # A rare property takes a while to find; the calls of others don't wait for it.
        found = await asyncio.to_thread(
            people.search, count, query.get("country"), query.get("birthday"), query.get("segment"), after
        )
        next_page = urlencode({**query, "after": found.after})
        link = {} if found.after is None else {"Link": f'<{PREFIX}/customers?{next_page}>; rel="next"'}
        return Json([customer_json(customer) for customer in found.customers], headers=link)

    async def make_customer(self, request: Request) -> Response:
        wish = await read_fields(request, "birthday", "segment", "country", "space")
        properties = wish.get("country"), wish.get("birthday"), wish.get("segment")
        found = await self._sandbox.hand_out(_named_space(wish), *properties)
        return Json(customer_json(found), 201, {"Location": f"{PREFIX}/customers/{found.customer_id}"})

    async def show_customer(self, request: Request) -> Response:
        query = read_query(request, "country", "space")
        people = self._sandbox.people(_named_space(query))
        return Json(customer_json(people.find(request.path_params["identity"], query.get("country"))))

    async def list_spaces(self, request: Request) -> Response:
        return Json([self._summary(space) for space in await self._sandbox.spaces()])

    async def show_space(self, request: Request) -> Response:
        return Json(self._summary(await self._sandbox.space(_space(request))))

    async def reset_space(self, request: Request) -> Response:
        await self._sandbox.reset(_space(request))
        return Response(status_code=204)

    async def list_overrides(self, request: Request) -> Response:
        overrides = await self._sandbox.overrides(_space(request))
        if "yaml" in request.headers.get("accept", ""):
            return Yaml(_scenario_file(_space(request), overrides))
        return Json([override_json(placed) for placed in overrides])

    async def clear_overrides(self, request: Request) -> Response:
        await self._sandbox.clear_overrides(_space(request))
        return Response(status_code=204)

    async def show_override(self, request: Request) -> Response:
        section, pattern = request.path_params["section"], request.path_params["pattern"]
        return Json(override_json(await self._sandbox.override(_space(request), section, pattern)))

    async def place_override(self, request: Request) -> Response:
        entry = await read_body(request)
        section, pattern = request.path_params["section"], request.path_params["pattern"]
        return Json(override_json(await self._sandbox.place_override(_space(request), section, pattern, entry)))

    async def remove_override(self, request: Request) -> Response:
        section, pattern = request.path_params["section"], request.path_params["pattern"]
        await self._sandbox.remove_override(_space(request), section, pattern)
        return Response(status_code=204)

    async def show_clock(self, request: Request) -> Response:
        return Json(clock_json(self._sandbox, _space(request)))

    async def set_clock(self, request: Request) -> Response:
        wish = await read_fields(request, "now", "advance", "ticking")
        space = _space(request)
        await self._sandbox.set_clock(space, wish.get("now"), wish.get("advance"), read_flag("ticking", wish))
        return Json(clock_json(self._sandbox, space))

    async def release_clock(self, request: Request) -> Response:
        await self._sandbox.release_clock(_space(request))
        return Json(clock_json(self._sandbox, _space(request)))

    async def show_profile(self, request: Request) -> Response:
        return Json(profile_json(self._sandbox, _space(request)))

    async def set_profile(self, request: Request) -> Response:
        wish = await read_fields(request, "profile", "liveTexts")
        if not wish:
            raise UserError("expected profile, liveTexts or both")
        space = _space(request)
        await self._sandbox.set_profile(space, wish.get("profile"), read_flag("liveTexts", wish))
        return Json(profile_json(self._sandbox, space))

    async def release_profile(self, request: Request) -> Response:
        await self._sandbox.release_profile(_space(request))
        return Json(profile_json(self._sandbox, _space(request)))

    async def issue_token(self, request: Request) -> Response:
        wish = await read_fields(request, "client_id", "scope", "lifetime")
        lifetime = timedelta(seconds=read_seconds("lifetime", wish["lifetime"])) if "lifetime" in wish else None
        return Json(self._sandbox.issue_token(_client_id(wish), wish.get("scope"), lifetime), 201)

    async def begin_session(self, request: Request) -> Response:
        sid = await self._sandbox.begin_session(_client_id(await read_fields(request, "client_id")))
        return Json(_session_json(sid, self._sandbox.session_key(sid)), 201, {"Location": f"{PREFIX}/sessions/{sid}"})

    async def show_session(self, request: Request) -> Response:
        sid = request.path_params["sid"]
        return Json(_session_json(sid, self._sandbox.session_key(sid)))

    async def list_exchanges(self, request: Request) -> Response:
        query = read_query(request, *Match.FIELDS, "limit", "wait", "timeout")
        limit = read_number("limit", query.pop("limit", "100"))
        wanted = read_number("wait", query.pop("wait", "0"))
        seconds = _timeout(query.pop("timeout", "5s"))
        match, space = self._sandbox.match(query), _space(request)
        if space != FOR_ALL and wanted > self._sandbox.settings.journal_size:
            raise UserError(f"wait: found {wanted}, but a journal keeps {self._sandbox.settings.journal_size}")
        # Whoever waits in a space makes it appear.
        meant = await self._sandbox.meant_space(space)
        if wanted and not await self._came(request, space, match, wanted, seconds):
            count = len(await self._sandbox.matching(space, match))
            return Problem(408, f"{count} of {wanted} came within {seconds:g} s: {match}{meant}", count=count)
        found = await self._sandbox.matching(space, match)
        return Json({"count": len(found), "exchanges": [*map(exchange_json, found[:limit])], **_note(meant)})

    async def clear_exchanges(self, request: Request) -> Response:
        await self._sandbox.clear_exchanges(_space(request))
        return Response(status_code=204)

    async def stream_exchanges(self, request: Request) -> Response:
        query = read_query(request, *Match.FIELDS)
        match, last = self._sandbox.match(query), request.headers.get("last-event-id")
        after = None if last is None else read_number("Last-Event-ID", last)
        return EventStream(self._sandbox, _space(request), after, match.fits, self._stopping)

    async def show_exchange(self, request: Request) -> Response:
        number = read_number("id", request.path_params["id"])
        return Json(exchange_json(await self._sandbox.exchange(_space(request), number)))

    async def verify(self, request: Request) -> Response:
        wish = await read_fields(request, "match", *COMPARISONS, "inOrder", "only", "timeout")
        seconds = _timeout(wish.pop("timeout", "0s"))
        if (only := read_flag("only", wish)) is not None:
            wish["only"] = only
        space, expectation = _space(request), self._sandbox.expectation(wish)
        meant = await self._sandbox.meant_space(space)
        verdict = await self._sandbox.verify(space, expectation)
        if seconds and not verdict.verified:
            async with aclosing(self._news(request, space, seconds)) as news:
                async for _ in news:
                    verdict = await self._sandbox.verify(space, expectation)
                    if verdict.verified:
                        break
        return Json(verdict_json(verdict._replace(message=verdict.message + meant)))

    async def coverage(self, request: Request) -> Response:
        space, contract = _space(request), self._sandbox.contract
        tally, own = await self._sandbox.tally(space), contract.operation_id
        errors = {code: tally.codes[own, code] for code in contract.errors_by_name}
        rules = {rule.__name__: tally.rules[own, rule.__name__] for rule in PRECEDENCE}
        return Json(
            {
                "operations": {name: tally.operations[name] for name in self._operations},
                "errors": errors,
                "rules": rules,
                "neverSeen": {
                    "errors": [code for code in contract.errors if not errors[code]],
                    "rules": [rule for rule, count in rules.items() if not count],
                },
                "findings": [finding._asdict() for finding in await self._sandbox.findings(space)],
                **_note(await self._sandbox.meant_space(space)),
            }
        )

    async def explain(self, request: Request) -> Response:
        wish = await read_fields(request, "space", "headers", "body")
        headers, body = wish.get("headers", self._sandbox.contract.example_headers), wish.get("body", "")
        if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
            raise UserError("headers: expected an object of texts")
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        space = _named_space({"space": headers.get("client_id", FOR_ALL), **wish})
        winner, *beaten = await self._sandbox.explain(space, bank_request(sent, text.encode("utf-8", "surrogatepass")))
        return Json({**_decision_json(winner), "beats": [_decision_json(each, brief=True) for each in beaten]})

    async def reload(self, request: Request) -> Response:
        await asyncio.to_thread(self._sandbox.reload)
        return Json(self._sandbox.health()["lastReload"])

    async def reset(self, request: Request) -> Response:
        await self._sandbox.reset()
        return Response(status_code=204)

    def _summary(self, space: SpaceSummary) -> dict[str, Any]:
        return {
            "space": space.name,
            "usedAt": instant(space.used_at),
            "exchanges": space.exchanges,
            "overrides": space.overrides,
            "clock": clock_json(self._sandbox, space.name),
            "profile": profile_json(self._sandbox, space.name),
        }

    @property
    def _operations(self) -> tuple[str, ...]:
        return (self._sandbox.contract.operation_id, *self._sandbox.companions.methods)

    async def _came(self, request: Request, space: str, match: Match, wanted: int, seconds: float) -> bool:
        """Wait until so many exchanges match; tell whether they came in time."""
        count = last = 0
        async with aclosing(self._news(request, space, seconds)) as news:
            async for _ in news:
                arrived = await self._sandbox.matching(space, match, last)
                count += len(arrived)
                last = arrived[0].id if arrived else last
                if count >= wanted:
                    return True
        return False

    async def _news(self, request: Request, space: str, seconds: float) -> AsyncGenerator[None]:
        """Yield at once, and whenever a call came; until it is time, the caller hangs up or the server stops."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        async with self._sandbox.subscribe(space, backlog=0) as subscriber:
            ends = [asyncio.ensure_future(hung_up(request.receive)), asyncio.ensure_future(self._stopping.wait())]
            try:
                subscriber.news.set()
                while subscriber.news.is_set():
                    subscriber.take()
                    yield
                    news = asyncio.ensure_future(subscriber.news.wait())
                    left = max(deadline - loop.time(), 0)
                    await asyncio.wait([news, *ends], timeout=left, return_when=asyncio.FIRST_COMPLETED)
                    news.cancel()
            finally:
                for end in ends:
                    end.cancel()


def _route(path: str, **handlers: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return Route(PREFIX + path, endpoint, methods=list(handlers))


def _space(request: Request) -> str:
    """Return the space that the path names by its client_id."""
    return _named_space(request.path_params)


def _named_space(wish: Mapping[str, str]) -> str:
    space = wish.get("space", FOR_ALL)
    return space if space == FOR_ALL else space_name(space)


def _note(meant: str) -> dict[str, str]:
    """Return what to say of a space that never appeared, where another was probably meant."""
    return {"note": meant.removeprefix("; ")} if meant else {}


def _timeout(text: object) -> float:
    """Read how long to wait, in seconds. Raises UserError."""
    return min(read_seconds("timeout", str(text)), LONGEST_WAIT_SECONDS)


def _client_id(wish: Mapping[str, Any]) -> str:
    if client_id := wish.get("client_id"):
        return str(client_id)
    raise UserError("client_id: expected the one that the calls will be made with")


def _session_json(sid: str, key: SessionKey) -> dict[str, Any]:
    """Return a session with its key as a JSON Web Key (RFC 7517), private part and all: it is a test key."""
    p, q = key.factors
    numbers = {
        "n": key.modulus,
        "e": key.exponent,
        "d": key.private_exponent,
        "p": p,
        "q": q,
        "dp": key.private_exponent % (p - 1),
        "dq": key.private_exponent % (q - 1),
        "qi": pow(q, -1, p),
    }
    return {"sid": sid, "key": {"kty": "RSA", "kid": key.identifier, **{n: _base64(v) for n, v in numbers.items()}}}


def _base64(number: int) -> str:
    """Write a number as JSON Web Keys have it (RFC 7518, 2)."""
    return urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode().rstrip("=")


def _decision_json(decision: Decision, brief: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"rule": decision.rule, "reason": decision.reason, "status": decision.reply.status}
    if brief:
        return found
    return {
        **found,
        "code": decision.error,
        "body": json.loads(decision.reply.body),
        "delay": decision.delay,
        "fault": decision.fault,
        "scenario": str(decision.scenario) if decision.scenario else None,
        "violations": [violation._asdict() for violation in decision.violations],
        "warning": decision.warning,
    }


def _scenario_file(space: str, overrides: list[PlacedOverride]) -> dict[str, Any]:
    file: dict[str, Any] = {"description": f"What was tried in the space {space}"}
    for section in OVERRIDE_SECTIONS:
        entries = {
            override.scenario.pattern: {
                name: _as_written(value) for name, value in override.entry.items() if name != "expires"
            }
            for override, *_ in overrides
            if override.scenario.section == section
        }
        if entries:
            file[section] = entries
    return file


def _as_written(value: Any) -> Any:
    """Write numbers as a file does: JSON may say 1.0 or 1e-3."""
    if isinstance(value, dict):
        return {name: _as_written(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_written(each) for each in value]
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return value


class _Dumper(yaml.SafeDumper):
    """YAML's usual writer, without the anchors and aliases that scenario files don't have."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@cache
def control_document() -> dict[str, Any]:
    """Return the description of this API."""
    document: dict[str, Any] = yaml.load((DOCUMENTS / "control.openapi.yaml").read_bytes(), Loader=YAML_LOADER)  # noqa: S506
    return document
