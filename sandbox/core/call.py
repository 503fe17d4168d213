"""One call, understood once: what it asks, about whom, and in which ways it breaks the contract.

Rule 1: what the headers alone say is the caller's; here is what may differ from call to call.
"""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, TypeAlias
from uuid import UUID

from .caller import Caller
from .documented_errors import DocumentedError
from .messages import BankRequest, Identity, Violation, as_text, masked
from .operation import Operation
from .templates import TemplateContext

# What is counted: section and pattern of a scenario, its serial number, and the identity that was asked about.
CallKey: TypeAlias = tuple[str, str, int, str]

# Credentials before other headers, and both before what is not served.
_STAGES = ("unAuthorized", "invalidRequest", "accessNotConfigured")


class Call:
    """One call of an operation.

    `now` is aware, and is what the space's clock says; `uuid` is the one that was sent, byte by byte as Latin-1, or
    empty. `violations` stand in the order in which they answer. `numbers` are the counts that were taken for this call.
    """

    __slots__ = (
        "body", "caller", "card_number", "customer_id", "fields", "headers", "now", "numbers", "operation", "query",
        "uuid", "violations", "warning",
    )  # fmt: skip

    def __init__(
        self, caller: Caller, now: datetime, uuid: str, headers: Mapping[str, str], body: bytes = b"", query: str = ""
    ) -> None:
        """Understand a call; `headers` are all that were sent, those that the caller is known by among them."""
        operation = caller.operation
        self.caller = caller
        self.operation: Operation = operation
        self.now = now
        self.uuid = uuid
        self.headers = headers
        self.body = body
        self.query = query
        self.numbers: dict[CallKey, int] = {}
        self.warning: str | None = None
        self.fields, body_violations = operation.read_body(body)
        customer_id, card_number = self.fields.get("customerId"), self.fields.get("cardNumber")
        self.customer_id = Identity("customerId", customer_id) if customer_id else None
        self.card_number = Identity("cardNumber", card_number) if card_number else None
        if operation.behaviour.breaches is None:
            self.violations: list[Violation] = [*self.header_violations(), *body_violations]
        else:
            self.violations = operation.behaviour.breaches(self)

    def header_violations(self) -> list[Violation]:
        """Name every breach in the headers, what is not served last."""
        caller = self.caller
        names = self.operation.headers.names
        refusals = [each for each in caller.access.violations(self.headers, self.now) if each.location in names]
        if refusals:
            breaches = sorted([*caller.breaches, *refusals], key=lambda breach: _STAGES.index(breach.error))
            return [*breaches, *caller.unserved]
        return [*caller.breaches, *caller.unserved]

    @property
    def today(self) -> date:
        """The day that counts for this call: the directive's, or the clock's in the country's time zone."""
        return self.caller.directives.today or self.now.astimezone(self.caller.country.zone).date()

    @property
    def identity(self) -> Identity | None:
        """Who is asked about: customerId wins when both are sent."""
        return self.customer_id or self.card_number

    @property
    def identities(self) -> tuple[Identity, ...]:
        """The numbers that were sent, in full."""
        return tuple(number for number in (self.customer_id, self.card_number) if number)

    @property
    def error_uuid(self) -> str:
        """The uuid for an error's body: the request's, or one made from the request where none came."""
        if self.uuid:
            return as_text(self.uuid)
        digest = blake2b(self.now.isoformat().encode() + self.body, digest_size=16, key=b"uuid").digest()
        return str(UUID(bytes=digest, version=4))

    def worded(self, error: DocumentedError) -> DocumentedError:
        """Return an error as the profile wants it worded: as documented, or as live systems do."""
        return error.as_live(self.error_uuid) if self.caller.access.profile.live_texts else error

    def template_context(self, known: Mapping[str, str]) -> TemplateContext:
        """Return what a template may name: `request`, `headers` and `today`. Cards are masked, secrets left out.

        `known` are numbers of the customer that a scenario knows and the request need not name.
        """
        fields: dict[str, Any] = {**known, **{name: value for name, value in self.fields.items() if value}}
        if card_number := fields.get("cardNumber"):
            fields["cardNumber"] = masked(card_number)
        headers = {
            rule.name: self.headers[rule.key]
            for rule in self.operation.known_headers
            if rule.key in self.headers and not rule.is_credential
        }
        return {"request": fields, "headers": headers, "today": self.today.isoformat()}

    def also_breached(self) -> str:
        """Return what a reason says of breaches that did not answer, nothing where there are none."""
        return f"; the request also breaks the contract: {locations(self.violations)}" if self.violations else ""


def call_of(caller: Caller, request: BankRequest, now: datetime) -> Call:
    """Return a whole request as a call of the caller that was read from it."""
    return Call(caller, now, request.headers.get("uuid", ""), request.headers, request.body, request.query)


def locations(violations: list[Violation]) -> str:
    """Return where violations are, as a reason names them."""
    return ", ".join(violation.location for violation in violations)
