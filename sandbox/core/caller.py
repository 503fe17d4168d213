"""A caller: all that the headers of a call say, read once for each set of headers that comes.

Rule 1: nothing here depends on what differs from call to call: the body, the uuid, the instant.
Rule 2: a caller is read for one operation in one world; another world has other callers.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from .credentials import OPEN, Access
from .customers import Country, Population
from .directives import Directives, read_directives
from .headers import language_for
from .messages import BankRequest, Violation, shown
from .operation import Operation

# Credentials before other headers, and both before what is not served.
_STAGES = ("unAuthorized", "invalidRequest", "accessNotConfigured")


class Caller:
    """Who calls an operation, and how.

    `request` is a call of theirs without what differs from call to call, and `client_id` what it says of them.
    """

    __slots__ = (
        "_breaches", "_unserved", "_violations", "access", "client_id", "coding_problem", "country", "directives",
        "language", "length", "operation", "population", "request",
    )  # fmt: skip

    def __init__(
        self,
        operation: Operation,
        request: BankRequest,
        population: Population,
        access: Access = OPEN,
        languages: frozenset[str] = frozenset(),
        addressees: Collection[str] = (),
        own_headers: Collection[str] = (),
    ) -> None:
        """Read a request; `own_headers` are those that each call has for itself, which may have any value."""
        headers = request.headers
        self.operation = operation
        self.request = request._replace(
            headers={name: value for name, value in headers.items() if name not in own_headers}, body=b"", query=""
        )
        self.population = population
        self.access = access
        # How many characters it is known by.
        self.length = sum(len(name) + len(value) for name, value in headers.items())
        self.country: Country = population.countries.get(headers.get("countrycode", "")) or population.home
        self.directives: Directives = read_directives(request, self.country.zone, addressees)
        self.language = language_for(headers.get("accept-language", ""), languages)
        self.coding_problem = _coding_problem(headers)
        self.client_id = operation.behaviour.client_of(request, access.clients)
        self._breaches = operation.headers.violations(request)
        self._unserved = [each for each in _unserved(headers, population.countries) if self._has_header(each)]
        # Only the checks of a profile depend on the call.
        self._violations = None if access.profile.checks else self._all(access.spoken(headers))

    def violations(self, headers: Mapping[str, str], now: datetime) -> list[Violation]:
        """Name every breach in all headers of a call, in the order in which they answer. `now` is aware."""
        if self._violations is not None:
            return self._violations
        return self._all(self.access.violations(headers, now))

    def _all(self, refusals: list[Violation]) -> list[Violation]:
        refusals = list(filter(self._has_header, refusals))
        if not refusals:
            return [*self._breaches, *self._unserved]
        breaches = sorted([*self._breaches, *refusals], key=lambda breach: _STAGES.index(breach.error))
        return [*breaches, *self._unserved]

    def _has_header(self, violation: Violation) -> bool:
        return violation.location in self.operation.headers.names


def _coding_problem(headers: Mapping[str, str]) -> str | None:
    """Say what is wrong with the coding of a request's body (RFC 9110, 8.4); None where it came as it is."""
    coding = headers.get("content-encoding", "identity")
    if coding.lower() == "identity":
        return None
    return f"Content-Encoding: found {shown(coding[:40])}, expected a body that is not compressed, and no such header"


def _unserved(headers: Mapping[str, str], countries: Mapping[str, Country]) -> list[Violation]:
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
