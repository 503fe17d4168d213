"""The dashboard: what the calls of a space have come to, for the first page.

Rule 1: it sums up what the journal has, and says of how many calls that is.
Rule 2: a network fault is a kind of its own: what was decided did not get through.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sandbox import views
from sandbox.core.decide import precedence
from sandbox.core.faults import FAULTS
from sandbox.runtime import Sandbox
from sandbox.state.journal import Exchange

# How many calls are summed up, how many are listed, and in how many columns the rest is drawn.
MAX_SUMMED = 1_000
_MAX_LISTED = 8
_COLUMNS = 30
_MAX_CELEBRATING = 5
_MAX_LOOKED_AT = 2_000
# The kinds of answers, in the order in which they are stacked: what people call them.
KINDS = {"2": "answered", "4": "refused (4xx)", "5": "failed (5xx)", "x": "broken by a fault"}


class Line(NamedTuple):
    """A call as a row shows it; `kind` is one of KINDS, `about` a customer's name or why there is none."""

    id: int
    at: datetime
    kind: str
    status: str
    about: str
    space: str


class Column(NamedTuple):
    """The calls of a stretch of time: how many of each kind, and where each part of the column stands, in percent."""

    begin: datetime
    counts: dict[str, int]
    parts: tuple[tuple[str, float, float], ...]


class Count(NamedTuple):
    """How often something was exercised."""

    name: str
    calls: int


async def dashboard(sandbox: Sandbox, space: str) -> dict[str, Any] | None:
    """Return what the dashboard of a space shows; None where there was no call yet."""
    newest_first = await sandbox.exchanges(space)
    exchanges = await asyncio.to_thread(lambda: [*islice(newest_first, MAX_SUMMED)])
    if not exchanges:
        return None
    people, contract = sandbox.people(space), sandbox.contract.main
    own = [exchange for exchange in exchanges if exchange.operation == contract.id]
    search = await asyncio.to_thread(people.search, _MAX_CELEBRATING, birthday="today", most_looked_at=_MAX_LOOKED_AT)
    return {
        "calls": len(exchanges),
        "is_cut": len(exchanges) == MAX_SUMMED,
        "kinds": [(kind, name, sum(kind_of(each) == kind for each in exchanges)) for kind, name in KINDS.items()],
        "columns": columns(exchanges),
        "last": [_line(each) for each in exchanges[:_MAX_LISTED]],
        "errors": _counts(Counter(each.code for each in own), sandbox.contract.errors_by_name),
        "rules": _counts(Counter(each.rule for each in own), [rule.__name__ for rule in precedence(contract)]),
        "faults": _counts(Counter(each.fault for each in own), FAULTS),
        "celebrating": [views.customer(found) for found in search.customers],
    }


def kind_of(exchange: Exchange) -> str:
    """Return the kind of an answer, one of KINDS."""
    return "x" if exchange.fault else str(exchange.status)[0]


def columns(exchanges: Sequence[Exchange]) -> list[Column]:
    """Divide the time from the first call to the last, newest first, into columns of equal length."""
    first, last = exchanges[-1].at, exchanges[0].at
    step = (last - first) / _COLUMNS
    found: list[Counter[str]] = [Counter() for _ in range(_COLUMNS)]
    for exchange in exchanges:
        position = int((exchange.at - first) / step) if step else _COLUMNS - 1
        found[max(0, min(position, _COLUMNS - 1))][kind_of(exchange)] += 1
    highest = max(counts.total() for counts in found)
    return [
        Column(first + step * number, dict(counts), tuple(_parts(counts, highest)))
        for number, counts in enumerate(found)
    ]


def _parts(counts: Counter[str], highest: int) -> Iterator[tuple[str, float, float]]:
    """Stack the parts of a column from the bottom: kind, top and height."""
    below = 0.0
    for kind in KINDS:
        height = 100 * counts[kind] / highest
        below += height
        if height:
            yield kind, round(100 - below, 2), round(height, 2)


def _counts(found: Counter[str | None], names: Any) -> list[Count]:
    return [Count(name, found[name]) for name in names]


def _line(exchange: Exchange) -> Line:
    status = "fault" if exchange.fault else str(exchange.status)
    return Line(exchange.id, exchange.at, kind_of(exchange), status, _about(exchange), exchange.space)


def _about(exchange: Exchange) -> str:
    """Say whom a call was about or what came of it, in a few words."""
    if exchange.fault:
        return f"{exchange.fault}: {FAULTS[exchange.fault]}"
    try:
        return str(json.loads(exchange.reply)["customer"]["fullName"])
    except (ValueError, KeyError, TypeError):
        return f"{exchange.code}: {exchange.reason}" if exchange.code else exchange.reason
