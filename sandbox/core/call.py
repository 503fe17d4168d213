"""One call, understood once: what it asks, about whom, and in which ways it breaks the contract.

Rule 1: what the headers alone say is the caller's; here is what may differ from call to call.
"""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

from .caller import Caller
from .documented_errors import DocumentedError
from .masking import masked
from .messages import Identity, Violation, as_text
from .operation import Operation
from .templates import TemplateContext

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

# What is counted: section and pattern of a scenario, its serial number, and the identity that was asked about.
CallKey: TypeAlias = tuple[str, str, int, str]


class Call:
    """One call of an operation: one object from the wire to the journal, the log and the answer.

    `at` is the real moment in UTC, `now` what the space's clock says, aware; `uuid` is the one that was sent, byte by
    byte as Latin-1, or empty. `violations` stand in the order in which they answer. `numbers` are the counts that were
    taken for this call, and `passed_over` says which entries did not fit. `decision` comes when it is decided, and `id`
    when it is in the journal.
    """

    __slots__ = (
        "_headers", "at", "body", "caller", "card_number", "customer_id", "decision", "fields", "id", "method", "now",
        "numbers", "operation", "own_headers", "passed_over", "path", "query", "space", "uuid", "violations", "warning",
    )  # fmt: skip

    def __init__(
        self,
        caller: Caller,
        at: datetime,
        now: datetime,
        body: bytes = b"",
        query: str = "",
        own_headers: Mapping[str, str] = NO_HEADERS,
        method: str = "",
        path: str = "",
        space: str = "",
    ) -> None:
        """Understand a call; `own_headers` are those that the caller is not known by."""
        self.caller = caller
        self.operation: Operation = caller.operation
        self.at = at
        self.now = now
        self.method = method
        self.path = path
        self.space = space
        self.id = 0
        # A decision is made of calls, which therefore can't name its type.
        self.decision: Any = None
        self.body = body
        self.query = query
        self.own_headers = own_headers
        self._headers: Mapping[str, str] | None = None
        self.uuid = own_headers.get("uuid") or caller.request.headers.get("uuid", "")
        self.numbers: dict[CallKey, int] = {}
        self.warning: str | None = None
        self.passed_over: tuple[str, ...] = ()
        self.fields: Mapping[str, Any] = {}
        if problem := caller.coding_problem:
            body_violations = [Violation("invalidRequest", "Content-Encoding", problem)]
        else:
            self.fields, body_violations = self.operation.read_body(body)
        customer_id, card_number = self.fields.get("customerId"), self.fields.get("cardNumber")
        self.customer_id = Identity("customerId", customer_id) if customer_id else None
        self.card_number = Identity("cardNumber", card_number) if card_number else None
        if self.operation.behaviour.breaches is None:
            self.violations = [*self.header_violations(), *body_violations]
        else:
            self.violations = self.operation.behaviour.breaches(self)

    @property
    def headers(self) -> Mapping[str, str]:
        """All headers that were sent, by lower-case names."""
        if self._headers is None:
            self._headers = {**self.caller.request.headers, **self.own_headers}
        return self._headers

    def header_violations(self) -> list[Violation]:
        """Name every breach in the headers, what is not served last."""
        return self.caller.violations(self.headers, self.now)

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


def locations(violations: list[Violation]) -> str:
    """Return where violations are, as a reason names them."""
    return ", ".join(violation.location for violation in violations)
