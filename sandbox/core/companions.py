"""The calls that a channel makes around the contract's one: login for a token, key exchange for a session.

Rule 1: their paths, parameters, scopes and errors are read out of `companions.openapi.yaml`.
Rule 2: they are decided on as everything is: the caller's wish first, then what is wrong, then the answer.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from .contract import Contract, DocumentedError, documented_errors
from .credentials import BLOCKED_CLIENT, client_named, read_basic, session_number, whole_seconds
from .decide import Answer, CallKey, Decision, World, and_more, override, play, scenario_file
from .directives import KEY_EXCHANGE, TOKEN
from .inquiry import Inquiry, coding_problem
from .messages import BankReply, BankRequest, Violation, as_text, instant, shown
from .openapi import resolved
from .scenarios import ErrorOutcome
from .templates import TemplateMistake

RULES: Mapping[str, str] = {
    "token": "The token call was right: it answers a token.",
    "key_exchange": "The key exchange was right: it answers the session's key.",
}

_JSON = (b"content-type", b"application/json")
_NOT_FOR_CACHES = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_LOGIN = (b"www-authenticate", b'Basic realm="client_id and client_secret"')
# Where an error points that nobody deserved, so that it has the fields of an honest one.
_USUAL_LOCATIONS = {"invalidRequest": "uuid", "unAuthorized": "Authorization", "accessNotConfigured": "countryCode"}
# A country code in a path, once the path is escaped.
_PLACEHOLDER = re.compile(r"\\{\w+\\}")
_FORM = "application/x-www-form-urlencoded"


class SessionKey(NamedTuple):
    """An RSA key that everybody may know; `factors` are its two primes."""

    identifier: str
    exponent: int
    factors: tuple[int, int]

    @property
    def modulus(self) -> int:
        return self.factors[0] * self.factors[1]

    @property
    def private_exponent(self) -> int:
        p, q = self.factors
        return pow(self.exponent, -1, (p - 1) * (q - 1))


class Refusal(NamedTuple):
    """Why a call gets an error: which one, and where it is at fault."""

    error: str
    location: str | None
    reason: str


class _Call(NamedTuple):
    """One companion call, as its document has it; `paths` are all its spellings."""

    name: str
    method: str
    operation: Mapping[str, Any]
    paths: Sequence[re.Pattern[str]]


def _calls(document: Mapping[str, Any]) -> Iterator[_Call]:
    for path, item in document["paths"].items():
        spellings = [*(server["url"].rstrip("/") + path for server in document["servers"]), *item["x-also-at"]]
        patterns = [re.compile(_PLACEHOLDER.sub("[A-Za-z]{2}", re.escape(spelling))) for spelling in spellings]
        for method, operation in item.items():
            if not method.startswith("x-"):
                yield _Call(operation["operationId"], method.upper(), operation, patterns)


class Companions:
    """The companion calls. `keys` are those that sessions take in turn."""

    def __init__(self, document: Mapping[str, Any], contract: Contract, keys: Sequence[SessionKey]) -> None:
        self.document = document
        self._contract = contract
        self._keys = keys
        calls = tuple(_calls(document))
        self.methods = {call.name: call.method for call in calls}
        self._patterns = [(pattern, call.name) for call in calls for pattern in call.paths]
        operations = {call.name: call.operation for call in calls}
        parameters = operations[KEY_EXCHANGE]["parameters"]
        self._key_headers = {resolved(parameter, document)["name"] for parameter in parameters}
        responses = operations[TOKEN]["responses"]
        self.oauth_errors = {error.name: error for error in documented_errors(400, responses["400"])}
        example = responses["200"]["content"]["application/json"]["examples"]["token"]["value"]
        self.lifetime = timedelta(seconds=example["expires_in"])
        flows = document["components"]["securitySchemes"]["oauth"]["flows"]
        self.scopes: Sequence[str] = tuple(flows["clientCredentials"]["scopes"])

    def named(self, path: str) -> str | None:
        """Return which companion is called at a path, the server's prefix not counted."""
        return next((name for pattern, name in self._patterns if pattern.fullmatch(path)), None)

    def caller(self, operation: str | None, request: BankRequest, clients: Mapping[str, str]) -> str:
        """Return the client_id of who makes any call, empty where nobody says so."""
        if operation == TOKEN:
            basic = read_basic(request.headers.get("authorization", ""))
            return client_named(basic[0], clients) if basic else ""
        return as_text(request.headers.get("client_id", ""))

    def decide(self, name: str, request: BankRequest, world: World) -> Decision:
        """Answer a companion call as the bank would in this world."""
        inquiry = Inquiry(request, self._contract, world.population, world.now, world.access)
        if refusal := self._forced(name, inquiry):
            return self._refused(name, "forced", refusal, inquiry, self._breaches(name, inquiry))
        usual = self._token(inquiry, world) if name == TOKEN else self._key(inquiry, world)
        if usual.error or (scripted := _scripted(name, inquiry, world)) is None:
            return usual
        return self._played(name, *scripted, usual, inquiry)

    def _played(self, name: str, rule: str, answer: Answer, usual: Decision, inquiry: Inquiry) -> Decision:
        """Let a scenario have its way with the usual answer."""
        counted: tuple[CallKey, ...] = (answer.counted,) if answer.counted else ()
        error = answer.outcome.error.name if isinstance(answer.outcome, ErrorOutcome) else None
        reason, delay = answer.reason, 0.0
        try:
            delay = answer.delay.seconds(inquiry, answer.draw) if answer.delay else 0.0
        except TemplateMistake as mistake:
            error, reason = "serverUnavailable", f"{reason}; {mistake}"
        if error:
            played = self._refused(name, rule, Refusal(error, _USUAL_LOCATIONS.get(error), reason), inquiry)
        else:
            played = usual._replace(rule=rule, reason=f"{reason}; {usual.reason}")
            counted += usual.counted
        if answer.fault and not played.fault:
            played = played._replace(fault=answer.fault, reason=f"{played.reason}; with {answer.fault}")
        if inquiry.directives.delay is None:
            played = played._replace(delay=delay)
        return played._replace(counted=counted, scenario=answer.scenario and answer.scenario.place)

    def scope(self, text: str) -> str:
        """Read a scope (RFC 6749, 3.3): names with blanks between, each counted once. Raises ValueError."""
        names = list(dict.fromkeys(filter(None, text.split(" "))))
        for name in names:
            if name not in self.scopes:
                raise ValueError(f"found {shown(name[:40])}, expected {' or '.join(self.scopes)}")
        return " ".join(names) or self.scopes[0]

    def session_key(self, sid: str) -> SessionKey:
        """Return the key of a session that is known."""
        return self._keys[session_number(sid) % len(self._keys)]

    def token_body(self, client_id: str, scope: str, lifetime: timedelta, world: World) -> dict[str, Any]:
        """Issue a token, in the body that the token call answers with."""
        return {
            "token_type": "Bearer",
            "access_token": world.access.signer.token(client_id, scope, world.now, lifetime),
            "expires_in": whole_seconds(lifetime),
            "consented_on": int(world.now.timestamp()),
            "scope": scope,
        }

    def begin_session(self, client_id: str, uuid: str, world: World) -> tuple[str, CallKey]:
        """Begin a session; return its sid, and what counts the client's sessions."""
        counted = (KEY_EXCHANGE, "", 0, "")
        number = world.calls.get(counted, 0)
        return world.access.signer.session(client_id, number, f"{number}\n{uuid}\n{instant(world.now)}"), counted

    def _forced(self, name: str, inquiry: Inquiry) -> Refusal | None:
        directives = inquiry.directives
        if directives.violations:
            first = directives.violations[0]
            return Refusal(first.error, first.location, first.reason)
        if directives.addressee != name:
            return None
        wish, header = directives.scenario or "", directives.scenario_header
        errors = self._errors(name)
        found = next((error.name for error in errors if wish.lower() in (error.name.lower(), str(error.status))), None)
        if found is None:
            names = ", ".join(error.name for error in errors)
            return Refusal(
                "invalidRequest", header, f"{header} {shown(wish[:40])} is unknown to {name}; there are {names}"
            )
        return Refusal(found, _USUAL_LOCATIONS.get(found), f"{header} asks for {name}:{found}")

    def _token(self, inquiry: Inquiry, world: World) -> Decision:
        basic = read_basic(inquiry.request.headers.get("authorization", ""))
        if basic is None or "authorization" in inquiry.request.repeated:
            reason = "Authorization: expected it once: Basic, and client_id:client_secret as UTF-8 in base64"
            return self._refused(TOKEN, "contract_breach", Refusal("unAuthorized", "Authorization", reason), inquiry)
        client_id, secret = client_named(basic[0], world.access.clients), basic[1]
        parameters = _Parameters(inquiry.request)
        refusal = self._token_refusal(client_id, secret, parameters, world)
        if refusal:
            return self._refused(TOKEN, "contract_breach", refusal, inquiry)
        scope = self.scope(parameters.get("scope"))
        body = self.token_body(client_id, scope, self.lifetime, world)
        until = instant(world.now.replace(microsecond=0) + self.lifetime)
        reason = f"a token of {shown(client_id[:40])} for {scope}, by the {parameters.where}; it expires at {until}"
        reply = BankReply(200, (_JSON, *_NOT_FOR_CACHES), _encoded(body))
        return self._decision(TOKEN, "token", reason, reply, inquiry)

    def _token_refusal(self, client_id: str, secret: str, parameters: "_Parameters", world: World) -> Refusal | None:
        if client_id == BLOCKED_CLIENT:
            return Refusal("unauthorized_client", None, f"{BLOCKED_CLIENT} is blocked: its name says so")
        if wrong := world.access.wrong_secret(client_id, secret):
            return Refusal(wrong.error, wrong.location, wrong.reason)
        if parameters.problem:
            return Refusal("invalid_request", None, parameters.problem)
        grant_type = parameters.get("grant_type")
        if not grant_type:
            return Refusal("invalid_request", None, f"grant_type is missing in the {parameters.where}")
        if grant_type != "client_credentials":
            found = shown(grant_type[:40])
            return Refusal("unsupported_grant_type", None, f"grant_type: found {found}, expected client_credentials")
        try:
            self.scope(parameters.get("scope"))
        except ValueError as mistake:
            return Refusal("invalid_scope", None, f"scope: {mistake}")
        return None

    def _key(self, inquiry: Inquiry, world: World) -> Decision:
        headers = inquiry.request.headers
        if breaches := self._breaches(KEY_EXCHANGE, inquiry):
            first, *others = breaches
            refusal = Refusal(first.error, first.location, first.reason + and_more(others))
            return self._refused(KEY_EXCHANGE, "contract_breach", refusal, inquiry, breaches)
        client_id, sid = as_text(headers["client_id"]), headers.get("sid", "")
        event_key: CallKey = (KEY_EXCHANGE, "event", 0, "")
        counted: tuple[CallKey, ...] = (event_key,)
        if world.access.signer.knows_session(sid, client_id):
            reason = "the session that was sent goes on"
        else:
            sid, session_key = self.begin_session(client_id, inquiry.uuid, world)
            counted = (event_key, session_key)
            reason = "a new session: the one that was sent is not known" if "sid" in headers else "a new session"
        key = self.session_key(sid)
        body = {
            "modulus": f"{key.modulus:X}",
            "exponent": str(key.exponent),
            "keyIdentifier": key.identifier,
        }
        event = world.access.signer.event(sid, f"{world.calls.get(event_key, 0)}\n{inquiry.uuid}\n{instant(world.now)}")
        reply_headers = (_JSON, (b"sid", sid.encode()), (b"eventid", event.encode()), *_NOT_FOR_CACHES)
        reply = BankReply(200, reply_headers, _encoded(body))
        reason = f"{reason}, with {key.identifier}"
        return self._decision(KEY_EXCHANGE, "key_exchange", reason, reply, inquiry)._replace(counted=counted)

    def _breaches(self, name: str, inquiry: Inquiry) -> list[Violation]:
        """Name every breach in the headers that a call has; a session that is not known is replaced, never refused."""
        wanted = self._key_headers - {"sid"} if name == KEY_EXCHANGE else ()
        return [violation for violation in inquiry.header_violations if violation.location in wanted]

    def _errors(self, name: str) -> list[DocumentedError]:
        """Return every error that a call can be asked for; of those with one status, the first is meant by it."""
        own = self.oauth_errors.values() if name == TOKEN else ()
        return [*own, *self._contract.errors_by_name.values()]

    def _refused(
        self,
        name: str,
        rule: str,
        refusal: Refusal,
        inquiry: Inquiry,
        violations: Sequence[Violation] = (),
    ) -> Decision:
        error = next(error for error in self._errors(name) if error.name == refusal.error)
        reply = ErrorOutcome(error).reply(inquiry, refusal.location)
        if name == TOKEN:
            login = [_LOGIN] if error.status == 401 else []
            reply = reply._replace(headers=[*reply.headers, *_NOT_FOR_CACHES, *login])
        if not violations and rule == "contract_breach":
            violations = [Violation(error.name, refusal.location or "body", refusal.reason)]
        live = "; worded as live systems do" if inquiry.worded(error) is not error else ""
        return self._decision(name, rule, refusal.reason + live, reply, inquiry)._replace(
            error=error.name, violations=violations
        )

    def _decision(self, name: str, rule: str, reason: str, reply: BankReply, inquiry: Inquiry) -> Decision:
        directives = inquiry.directives
        if directives.fault:
            reason = f"{reason}; with {directives.fault}"
        if directives.scenario and directives.addressee != name:
            reason = f"{reason}; {directives.scenario_header} is for another call, {name}:... would be for this one"
        return Decision(rule, reason, reply, None, directives.delay or 0.0, directives.fault, operation=name)


def _scripted(name: str, inquiry: Inquiry, world: World) -> tuple[str, Answer] | None:
    """Return what an override or a scenario file says of a companion call, and which of them does."""
    for rule, books in ((override, world.overrides), (scenario_file, (world.book,))):
        for book in books:
            if (scenario := book.companions.get(name)) and (answer := play(scenario, inquiry, world)):
                return rule.__name__, answer
    return None


class _Parameters:
    """The parameters of a token call: in a form, in the query, or some in each. `problem` says what is wrong."""

    def __init__(self, request: BankRequest) -> None:
        is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
        self.problem = ""
        self._values: dict[str, str] = {}
        sources = {"form": request.body.decode("utf-8", "replace") if is_form else "", "query": request.query}
        for source in sources.values():
            for name, value in parse_qsl(source, keep_blank_values=True):
                # RFC 6749, 3.2: parameters must not be included more than once.
                if name in self._values:
                    self.problem = f"{shown(name[:40])} came more than once; send it once"
                self._values[name] = value
        self.where = " and the ".join(source for source, text in sources.items() if text) or "form or the query"
        if not is_form and "grant_type" not in self._values and request.body.strip() not in (b"", b"{}"):
            self.problem = f"the body is no form: expected Content-Type {_FORM}, or the parameters in the query"
        self.problem = coding_problem(request.headers) or self.problem

    def get(self, name: str) -> str:
        return self._values.get(name, "")


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
