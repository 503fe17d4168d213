"""Login: a token for client credentials (RFC 6749, 4.4).

Rule 1: scopes and the lifetime of a token are read out of the document.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from sandbox.core.call import Call
from sandbox.core.credentials import BLOCKED_CLIENT, Access, client_named, read_basic, whole_seconds
from sandbox.core.decide import Answer, Ruling, World
from sandbox.core.messages import BankReply, BankRequest, Violation, instant, shown
from sandbox.core.openapi import Document, json_content
from sandbox.core.operation import Behaviour
from sandbox.core.scenarios import ReplyOutcome

_JSON = (b"content-type", b"application/json")
# RFC 6749, 5.1
NOT_FOR_CACHES = [(b"cache-control", b"no-store"), (b"pragma", b"no-cache")]
_LOGIN = (b"www-authenticate", b'Basic realm="client_id and client_secret"')
_FORM = "application/x-www-form-urlencoded"


class Login:
    """The token operation of a document."""

    def __init__(self, document: Document, node: Document) -> None:
        example = json_content(node["responses"]["200"])["examples"]["token"]["value"]
        self.lifetime = timedelta(seconds=example["expires_in"])
        flows = document["components"]["securitySchemes"]["oauth"]["flows"]
        self.scopes: tuple[str, ...] = tuple(flows["clientCredentials"]["scopes"])
        self.behaviour = Behaviour((self.token,), self.breaches, client_of=client_in_basic, headers_of=_headers_of)

    def token(self, call: Call, world: World) -> Ruling:
        """The token call was right: it answers a token."""
        client_id, _ = _basic(call.headers, world.access.clients) or ("", "")
        parameters = _Parameters(call)
        scope = self.scope(parameters.get("scope"))
        until = instant(call.now.replace(microsecond=0) + self.lifetime)
        reason = f"a token of {shown(client_id[:40])} for {scope}, by the {parameters.where}; it expires at {until}"
        body = self.issued(client_id, scope, self.lifetime, call.now, world.access)
        return Answer(ReplyOutcome(BankReply(200, [_JSON], json.dumps(body, separators=(",", ":")).encode())), reason)

    def breaches(self, call: Call) -> list[Violation]:
        """Name the first breach in a token call: who calls, then the parameters."""
        access = call.caller.access
        if "authorization" in call.caller.request.repeated or not (basic := _basic(call.headers, access.clients)):
            reason = "Authorization: expected it once: Basic, and client_id:client_secret as UTF-8 in base64"
            return [Violation("unAuthorized", "Authorization", reason)]
        return list(filter(None, [self._refusal(*basic, _Parameters(call), access)]))

    def scope(self, text: str) -> str:
        """Read a scope (RFC 6749, 3.3): names with blanks between, each counted once. Raises ValueError."""
        names = list(dict.fromkeys(filter(None, text.split(" "))))
        for name in names:
            if name not in self.scopes:
                raise ValueError(f"found {shown(name[:40])}, expected {' or '.join(self.scopes)}")
        return " ".join(names) or self.scopes[0]

    def issued(self, client_id: str, scope: str, lifetime: timedelta, now: datetime, access: Access) -> dict[str, Any]:
        """Issue a token, in the body that the token call answers with; `now` is aware."""
        return {
            "token_type": "Bearer",
            "access_token": access.signer.token(client_id, scope, now, lifetime),
            "expires_in": whole_seconds(lifetime),
            "consented_on": int(now.timestamp()),
            "scope": scope,
        }

    def _refusal(self, client_id: str, secret: str, parameters: "_Parameters", access: Access) -> Violation | None:
        if client_id == BLOCKED_CLIENT:
            return Violation("unauthorized_client", "body", f"{BLOCKED_CLIENT} is blocked: its name says so")
        if wrong := access.wrong_secret(client_id, secret):
            return wrong
        if parameters.problem:
            return Violation("invalid_request", "body", parameters.problem)
        grant_type = parameters.get("grant_type")
        if not grant_type:
            return Violation("invalid_request", "body", f"grant_type is missing in the {parameters.where}")
        if grant_type != "client_credentials":
            reason = f"grant_type: found {shown(grant_type[:40])}, expected client_credentials"
            return Violation("unsupported_grant_type", "body", reason)
        try:
            self.scope(parameters.get("scope"))
        except ValueError as mistake:
            return Violation("invalid_scope", "body", f"scope: {mistake}")
        return None


def client_in_basic(request: BankRequest, clients: Mapping[str, str]) -> str:
    """Return the client_id of who logs in, empty where nobody says so."""
    basic = _basic(request.headers, clients)
    return basic[0] if basic else ""


def _basic(headers: Mapping[str, str], clients: Mapping[str, str]) -> tuple[str, str] | None:
    basic = read_basic(headers.get("authorization", ""))
    return (client_named(basic[0], clients), basic[1]) if basic else None


def _headers_of(status: int) -> list[tuple[bytes, bytes]]:
    # RFC 6749, 5.2: a 401 says which scheme is wanted.
    return [*NOT_FOR_CACHES, _LOGIN] if status == 401 else NOT_FOR_CACHES


class _Parameters:
    """The parameters of a token call: in a form, in the query, or some in each. `problem` says what is wrong."""

    def __init__(self, call: Call) -> None:
        is_form = call.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
        self.problem = ""
        self._values: dict[str, str] = {}
        sources = {"form": call.body.decode("utf-8", "replace") if is_form else "", "query": call.query}
        for source in sources.values():
            for name, value in parse_qsl(source, keep_blank_values=True):
                # RFC 6749, 3.2: parameters must not be included more than once.
                if name in self._values:
                    self.problem = f"{shown(name[:40])} came more than once; send it once"
                self._values[name] = value
        self.where = " and the ".join(source for source, text in sources.items() if text) or "form or the query"
        if not is_form and "grant_type" not in self._values and call.body.strip() not in (b"", b"{}"):
            self.problem = f"the body is no form: expected Content-Type {_FORM}, or the parameters in the query"
        self.problem = call.caller.coding_problem or self.problem

    def get(self, name: str) -> str:
        """Return a parameter, empty where it was not sent."""
        return self._values.get(name, "")
