"""Questions about what was called: which exchanges match, was it as expected, and what could the caller do better.

Rule 1: there are three answers: yes, no, and None where calls that a journal has forgotten could change it.
Rule 2: a no says what came closest and the first difference, to be read in a failed test's output.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from sandbox.core.contract import Contract
from sandbox.core.decide import HTTP, all_rules
from sandbox.core.faults import FAULTS
from sandbox.core.masking import masked_text
from sandbox.core.messages import IDENTITY_LENGTHS, instant, shown
from sandbox.core.schema import meant
from sandbox.core.times import read_moment

from .interface import Forgotten
from .journal import Exchange, as_json

_NUMBERS: dict[str, str] = {"status": r"\d{3}", **{str(kind): r"\d+" for kind in IDENTITY_LENGTHS}}
_ATTRIBUTES: Mapping[str, str] = {"customerId": "customer_id", "cardNumber": "card_number"}
COMPARISONS = {"exactly": "exactly", "atLeast": "at least", "atMost": "at most"}


class Match:
    """What exchanges one is looking for; a day without a time means its midnight in `zone`.

    Raises ValueError, saying what there is, for anything unknown.
    """

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
    # What has names of its own: no query can say it.
    OBJECTS = ("headers", "body")

    def __init__(self, wanted: Mapping[str, Any], contract: Contract, zone: tzinfo) -> None:
        wanted = dict(wanted)
        self._parts = {f"headers.{name}": value for name, value in _headers(wanted.pop("headers", {}), contract)}
        self._parts |= {f"body.{name}": value for name, value in _body(wanted.pop("body", {}))}
        known: Mapping[str, Collection[object]] = {
            "operation": contract.operations,
            "rule": [*(rule.__name__ for rule in all_rules(contract.operations.values())), HTTP],
            "code": list(dict.fromkeys(name for each in contract.operations.values() for name in each.errors)),
            "fault": FAULTS,
        }
        for name, value in wanted.items():
            if name not in self.FIELDS:
                there_are = ", ".join((*self.FIELDS, *self.OBJECTS))
                raise ValueError(f"{shown(str(name)[:40])} is nothing to look for; there are {there_are}")
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                raise ValueError(f"{name}: found {shown(value)}, expected a text or a number")
            if name in known and value not in known[name]:
                raise ValueError(f"{name}: found {shown(value)}; {meant(value, known[name])}")
            if name in _NUMBERS and not re.fullmatch(_NUMBERS[name], str(value), re.ASCII):
                raise ValueError(f"{name}: found {shown(value)}, expected digits")
        self._wanted = {name: str(value) for name, value in wanted.items()}
        self._since, self._until = (_moment(name, self._wanted.get(name), zone) for name in ("since", "until"))
        if self._until:
            # Moments are shown in milliseconds: what is shown as this one is meant, too.
            self._until += timedelta(milliseconds=1, microseconds=-1)

    def differences(self, exchange: Exchange) -> Iterator[str]:
        """Say in what an exchange is not what one is looking for."""
        for name, wanted in self._wanted.items():
            if name == "since":
                if self._since and exchange.at < self._since:
                    yield f"since: expected {wanted} or later, found {instant(exchange.at)}"
            elif name == "until":
                if self._until and exchange.at > self._until:
                    yield f"until: expected {wanted} or earlier, found {instant(exchange.at)}"
            else:
                found = (
                    exchange.headers.get("uuid") if name == "uuid" else getattr(exchange, _ATTRIBUTES.get(name, name))
                )
                yield from _difference(exchange, name, wanted, None if found is None else str(found))
        for name, wanted in self._parts.items():
            part, _, key = name.partition(".")
            parts = exchange.headers if part == "headers" else exchange.fields
            yield from _difference(exchange, name, wanted, parts.get(key))

    def fits(self, exchange: Exchange) -> bool:
        """Tell whether this is an exchange one is looking for."""
        return next(self.differences(exchange), None) is None

    def forgotten(self, forgotten: Forgotten | None) -> Forgotten | None:
        """Return the forgotten calls if some of them may have been what one is looking for."""
        if forgotten is None or (self._since and forgotten.last_at < self._since):
            return None
        return None if self._until and forgotten.first_at > self._until else forgotten

    def __str__(self) -> str:
        shown = (f"{name}={_safe(name, value)}" for name, value in (self._wanted | self._parts).items())
        return ", ".join(shown) or "any call"


def _headers(wanted: object, contract: Contract) -> Iterator[tuple[str, str]]:
    known = {rule.key: rule.name for rule in contract.main.headers}
    for name, value in _object("headers", wanted):
        if name.lower() not in known:
            raise ValueError(f"headers: {shown(name[:40])} is no header of the contract; {meant(name, known.values())}")
        if not isinstance(value, str):
            raise ValueError(f"headers.{name}: found {shown(value)}, expected a text")
        yield name.lower(), value


def _body(wanted: object) -> Iterator[tuple[str, str]]:
    for name, value in _object("body", wanted):
        yield name, as_json(value)


def _object(name: str, wanted: object) -> Iterator[tuple[str, object]]:
    if not isinstance(wanted, Mapping):
        raise ValueError(f"{name}: found {shown(wanted)}, expected an object of names and values")
    yield from ((str(key), value) for key, value in wanted.items())


def _difference(exchange: Exchange, name: str, wanted: str, found: str | None) -> Iterator[str]:
    if exchange.hashes.has(name):
        # What is masked is compared by its hash.
        if not exchange.hashes.fits(name, wanted):
            yield f"{name}: expected {_safe(name, wanted)}, found another"
    elif found != wanted:
        yield f"{name}: expected {_safe(name, wanted)}, found {found if found is not None else 'none'}"


def _safe(name: str, value: str) -> str:
    """Return a value that one is looking for as it may be shown; its name tells a secret, too."""
    field = f"{name.rpartition('.')[2]}: "
    text = masked_text(field + value)
    return text.removeprefix(field)


def _moment(name: str, text: str | None, zone: tzinfo) -> datetime | None:
    try:
        return None if text is None else read_moment(text, zone)
    except ValueError as mistake:
        raise ValueError(f"{name}: {mistake}") from None


class Closest(NamedTuple):
    """The exchange that came closest to a match, and in what it differs."""

    exchange: Exchange
    differences: Sequence[str]


class Verdict(NamedTuple):
    """Whether it was as expected, None where that is not known any more; `matching` says how many match.

    `closest` goes with a no, and `forgotten` with what is not known: the calls that would tell.
    """

    verified: bool | None
    message: str
    matching: int | None = None
    closest: Closest | None = None
    forgotten: Forgotten | None = None


class Expectation(NamedTuple):
    """How often a match is expected; with `is_only`, no other call may be there."""

    match: Match
    comparison: str
    wanted: int
    is_only: bool = False

    def verdict(self, exchanges: Sequence[Exchange], forgotten: Forgotten | None) -> Verdict:
        """Judge the calls that the journal has, oldest first, and those that it has forgotten."""
        match, comparison, wanted = self.match, self.comparison, self.wanted
        count = sum(match.fits(exchange) for exchange in exchanges)
        only = " and no other call" if self.is_only else ""
        message = (
            f"expected {COMPARISONS[comparison]} {wanted} of {match}{only}; found {count} in {len(exchanges)} calls"
        )
        closest = None
        if self.is_only and count < len(exchanges):
            other = next(each for each in exchanges if not match.fits(each))
            closest = Closest(other, list(match.differences(other)))
            message += f"; call {other.id} is another: {closest.differences[0]}"
            return Verdict(False, message, count, closest)
        relevant = match.forgotten(forgotten)
        most = count + (relevant.calls if relevant else 0)
        if not self.is_only:
            verified = _verified(comparison, count, most, wanted)
        elif relevant is not forgotten:
            verified = False
        else:
            # It is a yes only if all that are forgotten matched.
            verified = _verified(comparison, most, most, wanted) and (None if relevant else True)
        if verified is None:
            assert relevant
            return Verdict(None, message + _not_known(relevant), count, None, relevant)
        if not verified and count < wanted and (closest := _closest(exchanges, match)):
            message += f"; call {closest.exchange.id} came closest: {closest.differences[0]}"
        return Verdict(verified, message, count, closest)


def _verified(comparison: str, least: int, most: int, wanted: int) -> bool | None:
    """Compare a number that is known to lie between two bounds; None where they don't tell."""
    if comparison == "exactly":
        if not least <= wanted <= most:
            return False
        return True if least == most else None
    # Whether it is at most n is the contrary of whether it is at least n + 1.
    bound = wanted if comparison == "atLeast" else wanted + 1
    if most < bound or least >= bound:
        return (least >= bound) == (comparison == "atLeast")
    return None


class OrderExpectation(NamedTuple):
    """Calls that are expected one after the other; with `is_only`, nothing came before, between or behind them."""

    matches: Sequence[Match]
    is_only: bool = False

    def verdict(self, exchanges: Sequence[Exchange], forgotten: Forgotten | None) -> Verdict:
        """Judge likewise."""
        return self._exact(exchanges, forgotten) if self.is_only else self._in_order(exchanges, forgotten)

    def _in_order(self, exchanges: Sequence[Exchange], forgotten: Forgotten | None) -> Verdict:
        expected, failed = len(self.matches), _first_out_of_order(exchanges, self.matches)
        if failed is None:
            return Verdict(True, f"all {expected} calls came in order")
        match = self.matches[failed]
        came = any(match.fits(exchange) for exchange in exchanges)
        why = "came, but not after those before it" if came else "did not come"
        message = f"expected {expected} calls in order; the {failed + 1}. ({match}) {why}"
        # The forgotten calls came first, so they can only have been the first of those that were expected.
        may_have_come = 0
        for each in self.matches[: forgotten.calls if forgotten else 0]:
            if not each.forgotten(forgotten):
                break
            may_have_come += 1
        if forgotten and may_have_come and _first_out_of_order(exchanges, self.matches[may_have_come:]) is None:
            return Verdict(None, message + _not_known(forgotten), None, None, forgotten)
        closest = None if came else _closest(exchanges, match)
        return Verdict(False, message, None, closest)

    def _exact(self, exchanges: Sequence[Exchange], forgotten: Forgotten | None) -> Verdict:
        lost = forgotten.calls if forgotten else 0
        expected, total = len(self.matches), len(exchanges) + lost
        message = f"expected exactly {expected} calls in order and no other"
        for number, (match, exchange) in enumerate(zip(self.matches[lost:], exchanges, strict=False), lost + 1):
            if not match.fits(exchange):
                closest = Closest(exchange, list(match.differences(exchange)))
                why = f"call {exchange.id} is not the {number}. ({match}): {closest.differences[0]}"
                return Verdict(False, f"{message}; {why}", total, closest)
        if total != expected:
            return Verdict(False, f"{message}; found {total}", total)
        if forgotten:
            return Verdict(None, message + _not_known(forgotten), total, None, forgotten)
        return Verdict(True, f"exactly the {expected} calls came, in order", total)


def _first_out_of_order(exchanges: Iterable[Exchange], matches: Sequence[Match]) -> int | None:
    rest = iter(exchanges)
    for number, match in enumerate(matches):
        if not any(match.fits(exchange) for exchange in rest):
            return number
    return None


def _not_known(forgotten: Forgotten) -> str:
    return (
        f"; not known: {forgotten.calls} calls since {instant(forgotten.first_at)} are forgotten; "
        "a larger --journal-size keeps more"
    )


def _closest(exchanges: Sequence[Exchange], match: Match) -> Closest | None:
    misses = [Closest(exchange, list(match.differences(exchange))) for exchange in exchanges]
    return min((miss for miss in misses if miss.differences), key=lambda miss: len(miss.differences), default=None)


def read_expectation(wish: Mapping[str, Any], contract: Contract, zone: tzinfo) -> Expectation | OrderExpectation:
    """Read what `verify` is asked. Raises ValueError."""
    wish = dict(wish)
    is_only = wish.pop("only", False)
    if not isinstance(is_only, bool):
        raise ValueError(f"only: found {shown(is_only)}, expected true or false")
    if (in_order := wish.pop("inOrder", None)) is not None:
        if wish or not isinstance(in_order, list) or not in_order:
            raise ValueError("inOrder: expected a list of matches, and nothing but only and timeout beside it")
        return OrderExpectation([read_match(match, contract, zone) for match in in_order], is_only)
    match = read_match(wish.pop("match", {}), contract, zone)
    if len(wish) > 1:
        raise ValueError(f"found {' and '.join(wish)}, expected one of {', '.join(COMPARISONS)}")
    comparison, wanted = next(iter(wish.items()), ("atLeast", 1))
    if not re.fullmatch("[0-9]{1,9}", str(wanted)):
        raise ValueError(f"{comparison}: found {shown(wanted)}, expected a number")
    return Expectation(match, comparison, int(wanted), is_only)


def read_match(wanted: object, contract: Contract, zone: tzinfo) -> Match:
    """Read one match. Raises ValueError."""
    if not isinstance(wanted, Mapping):
        raise ValueError(f"match: expected an object with {', '.join((*Match.FIELDS, *Match.OBJECTS))}")
    return Match(wanted, contract, zone)


class Finding(NamedTuple):
    """What a caller could do better, and in how many calls."""

    finding: str
    detail: str
    calls: int


def findings(exchanges: Iterable[Exchange], contract: Contract) -> Iterator[Finding]:
    """Say what a caller could do better, as far as the exchanges show it."""
    everything = [exchange for exchange in exchanges if exchange.operation == contract.main.id]
    uuids = Counter(uuid for exchange in everything if (uuid := exchange.headers.get("uuid")))
    for uuid, count in uuids.items():
        if count > 1:
            detail = f"{uuid[:80]} came {count} times; the contract wants a new one for every request"
            yield Finding("uuid reused", detail, count)
    known = {rule.key for rule in contract.main.headers}
    alike = {_plain(key): next(rule.name for rule in contract.main.headers if rule.key == key) for key in known}
    for rule in contract.main.headers:
        missing = sum(rule.key not in exchange.headers for exchange in everything)
        if not rule.required and missing:
            detail = f"{rule.name} was left out of {missing} of {len(everything)} calls"
            yield Finding("optional header missing", detail, missing)
    spelt = Counter(
        name for exchange in everything for name in exchange.headers if name not in known and _plain(name) in alike
    )
    for name, count in spelt.items():
        yield Finding("header spelt otherwise", f"{name}: the contract spells it {alike[_plain(name)]}", count)
    doubled = Counter(name for exchange in everything for name in exchange.duplicated)
    for rule in contract.main.headers:
        if count := doubled[rule.key]:
            detail = f"{rule.name} came more than once with the same value; a gateway may refuse that"
            yield Finding("header sent twice", detail, count)
    real = sum(exchange.warning is not None for exchange in everything)
    if real:
        detail = "a card number that looks real was sent; never use customers' cards here"
        yield Finding("real card number", detail, real)


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()
