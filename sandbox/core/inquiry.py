"""One call, understood once: what it asks, for whom, and in which ways it breaks the contract."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from .contract import Contract, DocumentedError, language_for
from .credentials import OPEN, Access
from .customers import Country, Population
from .directives import Directives, read_directives
from .masking import masked
from .messages import BankRequest, Identity, Violation, as_text, shown
from .templates import TemplateContext

# Credentials before other headers, and both before what is not served.
_STAGES = ("unAuthorized", "invalidRequest", "accessNotConfigured")


class Inquiry:
    """A bank request as every rule needs it. `now` is aware; `violations` stand in the order in which they answer."""

    __slots__ = (
        "access", "card_number", "contract", "country", "customer_id", "directives", "fields", "header_violations",
        "implied", "now", "population", "request", "violations", "warning",
    )  # fmt: skip

    def __init__(
        self,
        request: BankRequest,
        contract: Contract,
        population: Population,
        now: datetime,
        access: Access = OPEN,
    ) -> None:
        self.request = request
        self.contract = contract
        self.population = population
        self.now = now
        self.access = access
        self.warning: str | None = None
        # Gives the customer's other number to templates, where a scenario knows it.
        self.implied: Callable[[], dict[str, str]] = dict
        self.country = population.countries.get(request.headers.get("countrycode", "")) or population.home
        self.directives: Directives = read_directives(request, self.country.zone)

        self.fields: Mapping[str, Any]
        self.fields, body_violations = contract.read_body(request.body)
        breaches = contract.header_violations(request)
        if refusals := access.violations(request.headers, now):
            breaches = sorted([*breaches, *refusals], key=lambda breach: _STAGES.index(breach.error))
        self.header_violations = [*breaches, *_unsupported(request.headers, population.countries)]
        self.violations: list[Violation] = [*self.header_violations, *body_violations]
        customer_id, card_number = self.fields.get("customerId"), self.fields.get("cardNumber")
        self.customer_id = Identity("customerId", customer_id) if customer_id else None
        self.card_number = Identity("cardNumber", card_number) if card_number else None

    @property
    def today(self) -> date:
        """The day that counts for this call: the directive's, or the clock's in the country's time zone."""
        return self.directives.today or self.now.astimezone(self.country.zone).date()

    @property
    def identity(self) -> Identity | None:
        """Who is asked about: customerId wins when both are sent."""
        return self.customer_id or self.card_number

    @property
    def uuid(self) -> str:
        """The request's uuid verbatim, or one made from the request where none came."""
        if uuid := self.request.headers.get("uuid"):
            return as_text(uuid)
        digest = blake2b(self.now.isoformat().encode() + self.request.body, digest_size=16, key=b"uuid").digest()
        return str(UUID(bytes=digest, version=4))

    @property
    def language(self) -> str:
        """The language of error texts that the caller likes best."""
        accept_language = self.request.headers.get("accept-language", "")
        return language_for(accept_language, self.contract.languages)

    def worded(self, error: DocumentedError) -> DocumentedError:
        """Return an error as the profile wants it worded: as documented, or as live systems do."""
        return error.as_live(self.uuid) if self.access.profile.live_texts else error

    def template_context(self) -> TemplateContext:
        """Return what a template may name: `request`, `headers` and `today`. Cards are masked, secrets left out."""
        fields: dict[str, Any] = {**self.implied(), **{name: value for name, value in self.fields.items() if value}}
        if card_number := fields.get("cardNumber"):
            fields["cardNumber"] = masked(card_number)
        headers = {
            rule.name: self.request.headers[rule.key]
            for rule in self.contract.headers
            if rule.key in self.request.headers and not rule.is_credential
        }
        return {"request": fields, "headers": headers, "today": self.today.isoformat()}


def _unsupported(headers: Mapping[str, str], countries: Mapping[str, Country]) -> list[Violation]:
    """Name what the world does not serve; what is missing is a breach of the contract already."""
    country = countries.get(code := headers.get("countrycode", ""))
    if country is None:
        return [_not_served("countryCode", code, countries)] if code else []
    business, channel = headers.get("businesscode"), headers.get("channelid")
    violations = []
    if business and country.businesses is not None and business not in country.businesses:
        violations.append(_not_served("businessCode", business, country.businesses))
    if channel and country.channels is not None and channel not in country.channels:
        violations.append(_not_served("ChannelId", channel, country.channels))
    return violations


def _not_served(header: str, value: str, served: Iterable[str]) -> Violation:
    known = ", ".join(sorted(served))
    # seed, 403: "Channel/Country/Business provided in the request is not supported currently"
    return Violation("accessNotConfigured", header, f"{header} {shown(value[:40])} is not one of this world's: {known}")
