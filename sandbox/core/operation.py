"""An operation: one call of a document, as a value that every step of an answer is given.

Rule 1: how it is called, what may be wrong with a call and which errors it has is read out of its document.
Rule 2: what no document can say, its rules and its usual answer, is its `Behaviour`.
Rule 3: a violation never quotes a value of the body.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jsonschema_rs import Draft202012Validator

from .documented_errors import DocumentedError, documented_errors, gateway_errors
from .headers import Headers, header_rules
from .messages import IDENTITY_LENGTHS, BankReply, BankRequest, Identity, Violation, as_text
from .openapi import Document, json_content, resolved
from .schema import breaches
from .strict_json import read_json

# A place to fill in of a path, once the path is escaped.
_PLACEHOLDER = re.compile(r"\\{\w+\\}")
_METHODS = ("get", "post", "put", "patch", "delete")


def client_in_header(request: BankRequest, clients: Mapping[str, str]) -> str:
    """Return the client_id of who calls, empty where nobody says so."""
    return as_text(request.headers.get("client_id", ""))


class Behaviour(NamedTuple):
    """What the code knows of an operation.

    `rules` are asked behind those that all operations share, and the last one always answers. `breaches` names every
    breach in a call, where the document alone does not. `customer_reply` answers with a customer, where the operation
    is about one; without it, a scenario leads to the usual answer. `client_of` says who calls. `headers_of` gives the
    headers that every reply of a status has.
    """

    rules: tuple[Callable[..., Any], ...]
    breaches: Callable[..., list[Violation]] | None = None
    customer_reply: Callable[..., BankReply] | None = None
    client_of: Callable[[BankRequest, Mapping[str, str]], str] = client_in_header
    headers_of: Callable[[int], list[tuple[bytes, bytes]]] = lambda status: []


class Operation:
    """One call of a document.

    `errors` are all that it can answer, by name: its own first, then those that it shares with others of the bank.
    `is_companion` tells that it stands beside the contract: a forced scenario counts for it only when it is named.
    """

    def __init__(
        self, document: Document, path: str, method: str, behaviour: Behaviour, contract: "Operation | None" = None
    ) -> None:
        """Read an operation; `contract` is the contract's own, whose errors every other one can be asked for, too."""
        item = document["paths"][path]
        node: Document = item[method]
        self.document = document
        self.node = node
        self.behaviour = behaviour
        self.id: str = node["operationId"]
        self.method = method.upper()
        self.path = path
        self.base_path: str = document["servers"][0]["url"].rstrip("/")
        self.paths = (*(server["url"].rstrip("/") + path for server in document["servers"]), *item.get("x-also-at", ()))
        self.is_companion = "companions" in node.get("tags", ())
        self.headers = Headers(header_rules(document, node))
        self.example_headers = {rule.name: rule.example for rule in self.headers if rule.required and rule.example}

        self.responses = {status: resolved(each, document) for status, each in node["responses"].items()}
        self.documented = {
            error.name: error
            for status, response in self.responses.items()
            if not status.startswith("2")
            for error in documented_errors(int(status), response)
        }
        shared = contract.errors if contract else {error.name: error for error in gateway_errors(document)}
        own = {name: error for name, error in self.documented.items() if name not in shared}
        self.errors: dict[str, DocumentedError] = {**own, **shared, **self.documented}
        # A text with placeholders may name any header of the contract, also where the operation wants none.
        self.known_headers: Headers = contract.headers if contract else self.headers
        self._errors_by_wish: dict[str, DocumentedError] = {}
        for error in self.errors.values():
            for wish in (error.name, str(error.status)):
                self._errors_by_wish.setdefault(wish.lower(), error)

        self.body = self._json_body()
        self.identity_fields = tuple(kind for kind in IDENTITY_LENGTHS if kind in self.body.get("properties", {}))
        self._body_is_valid = Draft202012Validator(dict(self.body)).is_valid
        fields = self.body.get("properties", {})
        self._fields = {name: (schema, Draft202012Validator(dict(schema)).is_valid) for name, schema in fields.items()}
        components = document["components"]
        self._reply_validators = {
            status: Draft202012Validator({**json_content(response)["schema"], "components": components})
            for status, response in self.responses.items()
            if "content" in response
        }

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that are answered; HEAD comes with GET (RFC 9110, 9.3.2)."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)

    @property
    def patterns(self) -> list[re.Pattern[str]]:
        """Every path of the operation, with letters of a country code where there is a place to fill in."""
        return [re.compile(_PLACEHOLDER.sub("[A-Za-z]{2}", re.escape(path))) for path in self.paths]

    @property
    def rules(self) -> tuple[Callable[..., Any], ...]:
        """The rules of its own, behind those that all operations share."""
        return self.behaviour.rules

    @property
    def content_type(self) -> str:
        """The first type of body that is documented, JSON where there is none."""
        content = resolved(self.node.get("requestBody", {}), self.document).get("content", {})
        return next(iter(content), "application/json")

    @property
    def example(self) -> Any:
        """The first documented example of the body, None where it has none."""
        content = resolved(self.node.get("requestBody", {}), self.document).get("content", {})
        examples = content.get(self.content_type, {}).get("examples", {})
        return next((example["value"] for example in examples.values()), None)

    @property
    def wants_basic(self) -> bool:
        """Whether who calls is said by HTTP Basic (RFC 7617)."""
        schemes = self.document["components"].get("securitySchemes", {})
        names = [name for choice in self.node.get("security", ()) for name in choice]
        return any(schemes[name].get("scheme") == "basic" for name in names)

    def error(self, wish: str) -> DocumentedError | None:
        """Find an error by its code, its gateway name or its status, whatever the case."""
        return self._errors_by_wish.get(wish.lower())

    def default_location(self, error: str, identity: Identity | None) -> str | None:
        """Return where a forced error points, so that it has the fields of one that a request deserves."""
        if error in _DEFAULT_LOCATIONS:
            return _DEFAULT_LOCATIONS[error]
        if self.identity_fields:
            return identity.kind if identity else self.identity_fields[0]
        return "uuid" if error == "invalidRequest" else None

    def read_body(self, body: bytes) -> tuple[Mapping[str, Any], list[Violation]]:
        """Read the request's body: its fields, and every breach in it. The fields are empty where there is a breach."""
        if not self.body:
            return {}, []
        try:
            payload = read_json(body)
        except ValueError as mistake:
            return {}, [Violation("invalidRequest", "body", f"the body {mistake}")]
        if not isinstance(payload, dict):
            return {}, [_wrong_field("body", payload, self.body)]
        if not self._body_is_valid(payload):
            return {}, self._field_violations(payload)
        names = self.identity_fields
        if not names or any(map(payload.get, names)):
            return payload, []
        location = next((name for name in names if name in payload), names[0])
        return {}, [Violation("invalidRequest", location, f"{' and '.join(names)} are empty: nobody is named")]

    def reply_mistakes(self, status: int, payload: object) -> list[str]:
        """Name everything in which a reply would break the document, as far as it says anything of that status."""
        validator = self._reply_validators.get(str(status))
        return [
            f"{'.'.join(map(str, error.instance_path)) or 'the body'}: {error.message}"
            for error in (validator.iter_errors(payload) if validator else ())
        ]

    def _field_violations(self, payload: Mapping[str, Any]) -> list[Violation]:
        missing = [name for name in self.body.get("required", ()) if name not in payload]
        return [
            *(Violation("invalidRequest", name, f"{name} is missing") for name in missing),
            *(
                _wrong_field(name, payload[name], schema)
                for name, (schema, is_valid) in self._fields.items()
                if name in payload and not is_valid(payload[name])
            ),
        ]

    def _json_body(self) -> Document:
        content = resolved(self.node.get("requestBody", {}), self.document).get("content", {})
        return resolved(content["application/json"]["schema"], self.document) if "application/json" in content else {}


# Whatever the operation is about.
_DEFAULT_LOCATIONS = {"unAuthorized": "Authorization", "accessNotConfigured": "countryCode", "serverUnavailable": None}


def read_operations(
    document: Document, behaviours: Mapping[str, Behaviour], contract: Operation | None = None
) -> list[Operation]:
    """Return the operations of a document. Raises KeyError where one has no behaviour."""
    return [
        Operation(document, path, method, behaviours[item[method]["operationId"]], contract)
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]


def _wrong_field(location: str, value: object, schema: Mapping[str, Any]) -> Violation:
    return Violation("invalidRequest", location, f"{location}: {'; '.join(breaches(value, schema))}")
