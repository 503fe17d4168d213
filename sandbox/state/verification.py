"""Questions about what was called: which exchanges match, was it as expected, and what could the caller do better.

Rule 1: a no says what came closest and the first difference, to be read in a failed test's output.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from sandbox.core.contract import Contract
from sandbox.core.decide import HTTP, all_rules
from sandbox.core.faults import FAULTS
from sandbox.core.masking import masked_text
from sandbox.core.messages import IDENTITY_LENGTHS, instant, shown
from sandbox.core.schema import meant
from sandbox.core.times import read_moment

from .journal import JSON_NAMES, Exchange, number_hash

_NUMBERS: dict[str, str] = {"status": r"\d{3}", **{str(kind): r"\d+" for kind in IDENTITY_LENGTHS}}
_ATTRIBUTES: Mapping[str, str] = {name: attribute for attribute, name in JSON_NAMES.items()}


class Match:
    """What exchanges one is looking for. Raises ValueError, saying what there is, for anything unknown."""

    FIELDS = (
        "method",
        "path",
        "operation",
        "status",
        "rule",
        "code",
        "uuid",
        "fault",
        "scenario",
        *IDENTITY_LENGTHS,
        "since",
        "until",
    )

    def __init__(self, wanted: Mapping[str, Any], contract: Contract, zone: tzinfo) -> None:
        """Check what is wanted; a day without a time means its midnight in `zone`. Raises ValueError."""
        known: Mapping[str, Collection[object]] = {
            "operation": contract.operations,
            "rule": [*(rule.__name__ for rule in all_rules(contract.operations.values())), HTTP],
            "code": list(dict.fromkeys(name for each in contract.operations.values() for name in each.errors)),
            "fault": FAULTS,
        }
        for name, value in wanted.items():
            if name not in self.FIELDS:
                raise ValueError(f"{shown(str(name)[:40])} is nothing to look for; there are {', '.join(self.FIELDS)}")
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                raise ValueError(f"{name}: found {shown(value)}, expected a text or a number")
            if name in known and value not in known[name]:
                raise ValueError(f"{name}: found {shown(value)}; {meant(value, known[name])}")
            if name in _NUMBERS and not re.fullmatch(_NUMBERS[name], str(value), re.ASCII):
                raise ValueError(f"{name}: found {shown(value)}, expected digits")
        self._wanted = {name: str(value) for name, value in wanted.items()}
        self._since, self._until = (_moment(name, self._wanted.get(name), zone) for name in ("since", "until"))

    def differences(self, exchange: Exchange) -> Iterator[str]:
        """Say in what an exchange is not what one is looking for."""
        for name, wanted in self._wanted.items():
            if name in exchange.hashes:
                # What is masked, or may be, is compared by its hash.
                if exchange.hashes[name] != number_hash(wanted):
                    yield f"{name}: expected {masked_text(wanted)}, found another"
            elif name == "since":
                if self._since and exchange.at < self._since:
                    yield f"since: expected {wanted} or later, found {instant(exchange.at)}"
            elif name == "until":
                if self._until and exchange.at > self._until:
                    yield f"until: expected {wanted} or earlier, found {instant(exchange.at)}"
            else:
                found = (
                    exchange.headers.get("uuid") if name == "uuid" else getattr(exchange, _ATTRIBUTES.get(name, name))
                )
                if str(found) != wanted:
                    yield f"{name}: expected {masked_text(wanted)}, found {found if found is not None else 'none'}"

    def fits(self, exchange: Exchange) -> bool:
        """Tell whether this is an exchange one is looking for."""
        return next(self.differences(exchange), None) is None

    def __str__(self) -> str:
        shown = (f"{name}={masked_text(value)}" for name, value in self._wanted.items())
        return ", ".join(shown) or "any call"


def _moment(name: str, text: str | None, zone: tzinfo) -> datetime | None:
    try:
        return None if text is None else read_moment(text, zone)
    except ValueError as mistake:
        raise ValueError(f"{name}: {mistake}") from None


def verdict(exchanges: Iterable[Exchange], match: Match, comparison: str, wanted: int) -> dict[str, Any]:
    """Tell whether exactly, at least or at most so many exchanges match; if not, what came closest."""
    everything = list(exchanges)
    count = sum(match.fits(exchange) for exchange in everything)
    verified = {"exactly": count == wanted, "atLeast": count >= wanted, "atMost": count <= wanted}[comparison]
    words = {"exactly": "exactly", "atLeast": "at least", "atMost": "at most"}[comparison]
    message = f"expected {words} {wanted} of {match}; found {count} in {len(everything)} calls"
    answer: dict[str, Any] = {"verified": verified, "count": count, "message": message}
    if not verified and count < wanted and (closest := _closest(everything, match)):
        answer["closest"] = closest
        answer["message"] += f"; call {closest['exchange']['id']} came closest: {closest['differences'][0]}"
    return answer


def order_verdict(exchanges: Iterable[Exchange], matches: list[Match]) -> dict[str, Any]:
    """Tell whether the matches were met one after the other, whatever came between."""
    everything = list(exchanges)
    rest = iter(everything)
    for number, match in enumerate(matches):
        if not any(match.fits(exchange) for exchange in rest):
            came = any(match.fits(exchange) for exchange in everything)
            why = "came, but not after those before it" if came else "did not come"
            message = f"expected {len(matches)} calls in order; the {number + 1}. ({match}) {why}"
            closest = None if came else _closest(everything, match)
            return {"verified": False, "message": message, **({"closest": closest} if closest else {})}
    return {"verified": True, "message": f"all {len(matches)} calls came in order"}


def _closest(exchanges: list[Exchange], match: Match) -> dict[str, Any] | None:
    misses = [(list(match.differences(exchange)), exchange) for exchange in exchanges]
    misses = [(differences, exchange) for differences, exchange in misses if differences]
    if not misses:
        return None
    differences, exchange = min(misses, key=lambda miss: len(miss[0]))
    return {"exchange": exchange.as_json(), "differences": differences}


def findings(exchanges: Iterable[Exchange], contract: Contract) -> list[dict[str, Any]]:
    """Say what a caller could do better, as far as the exchanges show it."""
    everything = [exchange for exchange in exchanges if exchange.operation == contract.main.id]
    found: list[dict[str, Any]] = []
    uuids = Counter(uuid for exchange in everything if (uuid := exchange.headers.get("uuid")))
    for uuid, count in uuids.items():
        if count > 1:
            found.append(
                {
                    "finding": "uuid reused",
                    "detail": f"{uuid[:80]} came {count} times; the contract wants a new one for every request",
                    "calls": count,
                }
            )
    known = {rule.key for rule in contract.main.headers}
    alike = {_plain(key): next(rule.name for rule in contract.main.headers if rule.key == key) for key in known}
    for rule in contract.main.headers:
        missing = sum(rule.key not in exchange.headers for exchange in everything)
        if not rule.required and missing:
            found.append(
                {
                    "finding": "optional header missing",
                    "detail": f"{rule.name} was left out of {missing} of {len(everything)} calls",
                    "calls": missing,
                }
            )
    spelt = Counter(
        name for exchange in everything for name in exchange.headers if name not in known and _plain(name) in alike
    )
    for name, count in spelt.items():
        found.append(
            {
                "finding": "header spelt otherwise",
                "detail": f"{name}: the contract spells it {alike[_plain(name)]}",
                "calls": count,
            }
        )
    doubled = Counter(name for exchange in everything for name in exchange.duplicated)
    found.extend(
        {
            "finding": "header sent twice",
            "detail": f"{rule.name} came more than once with the same value; a gateway may refuse that",
            "calls": doubled[rule.key],
        }
        for rule in contract.main.headers
        if doubled[rule.key]
    )
    real = sum(exchange.warning is not None for exchange in everything)
    if real:
        found.append(
            {
                "finding": "real card number",
                "detail": "a card number that looks real was sent; never use customers' cards here",
                "calls": real,
            }
        )
    return found


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()
