"""One call, understood once: what it asks, for whom, and in which ways it breaks the contract."""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from .contract import Contract, language_for
from .customers import Population
from .directives import Directives, read_directives
from .messages import BankRequest, Identity, Violation, masked
from .templates import TemplateContext

_SUPPORT = (("businessCode", "businesses"), ("ChannelId", "channels"))


class Inquiry:
    """A bank request as every rule needs it. `now` is aware; `violations` stand in the order in which they answer."""

    __slots__ = (
        "card_number", "contract", "country", "customer_id", "directives", "fields", "now", "population", "request",
        "today", "violations", "warning",
    )  # fmt: skip

    def __init__(self, request: BankRequest, contract: Contract, population: Population, now: datetime) -> None:
        headers = request.headers
        self.request = request
        self.contract = contract
        self.population = population
        self.now = now
        self.warning: str | None = None
        self.directives: Directives = read_directives(headers, request.repeated)
        self.country = population.countries.get(headers.get("countrycode", "")) or population.home
        self.today: date = self.directives.today or now.astimezone(self.country.zone).date()

        self.fields: Mapping[str, Any]
        self.fields, body_violations = contract.read_body(request.body)
        self.violations: list[Violation] = [
            *contract.header_violations(request),
            *self._unsupported(),
            *body_violations,
        ]
        customer_id, card_number = self.fields.get("customerId"), self.fields.get("cardNumber")
        self.customer_id = Identity("customerId", customer_id) if customer_id else None
        self.card_number = Identity("cardNumber", card_number) if card_number else None

    @property
    def identity(self) -> Identity | None:
        """Who is asked about: customerId wins when both are sent."""
        return self.customer_id or self.card_number

    @property
    def uuid(self) -> str:
        """The request's uuid verbatim, or one made from the request where none came."""
        if uuid := self.request.headers.get("uuid"):
            return _as_text(uuid)
        digest = blake2b(self.now.isoformat().encode() + self.request.body, digest_size=16, key=b"uuid").digest()
        return str(UUID(bytes=digest, version=4))

    @property
    def language(self) -> str:
        """The language of error texts that the caller likes best."""
        accept_language = self.request.headers.get("accept-language", "")
        return language_for(accept_language, self.contract.languages)

    def template_context(self) -> TemplateContext:
        """Return what a template may name: `request`, `headers` and `today`. Cards are masked, secrets left out."""
        fields = dict(self.fields)
        if self.card_number:
            fields["cardNumber"] = masked(self.card_number.value)
        headers = {
            rule.name: self.request.headers[rule.key]
            for rule in self.contract.headers
            if rule.key in self.request.headers and not rule.is_credential
        }
        return {"request": fields, "headers": headers, "today": self.today.isoformat()}

    def _unsupported(self) -> list[Violation]:
        headers, countries = self.request.headers, self.population.countries
        code = headers.get("countrycode")
        if not code:
            return []
        country = countries.get(code)
        if country is None:
            return [_unsupported("countryCode", code, countries)]
        return [
            _unsupported(name, value, supported)
            for name, attribute in _SUPPORT
            if (value := headers.get(name.lower()))
            and (supported := getattr(country, attribute)) is not None
            and value not in supported
        ]


def _unsupported(header: str, value: str, supported: Any) -> Violation:
    known = ", ".join(sorted(supported))
    # seed, 403: "Channel/Country/Business provided in the request is not supported currently"
    return Violation("accessNotConfigured", header, f"{header} {value[:40]!r} is not one of this world's: {known}")


def _as_text(header: str) -> str:
    """Read a header that may hold UTF-8; Starlette and uvicorn hand headers on byte by byte, as Latin-1."""
    if header.isascii():
        return header
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header
