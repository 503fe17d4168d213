"""What a test expects of the calls that came, in the words of the control API's `verify`, and how a failure reads.

Rule 1: what is not known any more is a failure, too.
Rule 2: a failure shows the calls that came, the closest first, each with all that is not as expected.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired, cast

from sandbox.client import Client
from sandbox.client.shapes import DeepMatch, Exchange
from sandbox.core.masking import masked_text

SHOWN_CALLS = 10
_MAX_CALLS = 999_999_999
_BESIDE_MATCH = ("exactly", "atLeast", "atMost", "timeout")


class Expected(DeepMatch):
    """A match, how many calls must fit it (at least one where nothing is said), and how long to wait for them."""

    exactly: NotRequired[int]
    atLeast: NotRequired[int]  # noqa: N815 - verify's word
    atMost: NotRequired[int]  # noqa: N815
    timeout: NotRequired[str]


def failure(client: Client, expected: Expected, *, is_only: bool = False) -> str | None:
    """Say why the calls are not as expected; None where they are. Raises Problem for what nobody can expect."""
    wanted = cast("Mapping[str, Any]", expected)
    match = cast("DeepMatch", {name: value for name, value in wanted.items() if name not in _BESIDE_MATCH})
    verdict = client.verify(
        match=match,
        exactly=expected.get("exactly"),
        at_least=expected.get("atLeast"),
        at_most=expected.get("atMost"),
        only=is_only,
        timeout=expected.get("timeout"),
    )
    if verdict["verified"] is True:
        return None
    exchanges = client.list_exchanges(limit=_MAX_CALLS)["exchanges"]
    return "\n".join([verdict["message"], *_calls(exchanges, match, others_first=is_only)])


def _calls(exchanges: Sequence[Exchange], match: DeepMatch, *, others_first: bool) -> Iterator[str]:
    """Go through lines that show the calls; where no other call may be there, those that don't fit come first."""
    if not exchanges:
        yield "no call came"
        return
    found = [(list(_differences(exchange, match)), exchange) for exchange in exchanges]
    found.sort(key=lambda each: (others_first and not each[0], len(each[0]), each[1]["id"]))
    yield "the calls that came, those that don't fit first:" if others_first else "the calls that came, closest first:"
    for differences, exchange in found[:SHOWN_CALLS]:
        yield f"  call {exchange['id']}: {_summary(exchange)}"
        yield from (f"      {difference}" for difference in differences or ["as expected"])
    if len(found) > SHOWN_CALLS:
        yield f"  and {len(found) - SHOWN_CALLS} more"


def _summary(exchange: Exchange) -> str:
    numbers = ((name, exchange[name]) for name in ("customerId", "cardNumber"))
    asked = "".join(f" {name} {number}" for name, number in numbers if number is not None)
    fault = f", {exchange['fault']}" if exchange["fault"] else ""
    return f"{exchange['method']} {exchange['path']}{asked} -> {exchange['status']}{fault} by {exchange['rule']}"


def _differences(exchange: Exchange, match: DeepMatch) -> Iterator[str]:
    for name, wanted in match.items():
        if name in {"since", "until"}:
            moment, at = datetime.fromisoformat(str(wanted)), datetime.fromisoformat(exchange["at"])
            # Where a day begins is the sandbox's to say.
            if moment.tzinfo and (at < moment if name == "since" else at > moment):
                yield f"{name}: expected {wanted}, found {exchange['at']}"
        elif name == "headers":
            for header, value in match["headers"].items():
                yield from _difference(f"headers.{header}", value, exchange["headers"].get(header.lower()))
        elif name == "body":
            fields = _fields(exchange["body"])
            for field, value in match["body"].items():
                yield from _difference(f"body.{field}", value, fields.get(field))
        else:
            found = exchange["headers"].get("uuid") if name == "uuid" else exchange.get(name)
            yield from _difference(name, wanted, found)


def _difference(name: str, wanted: object, found: object) -> Iterator[str]:
    # The journal masks card numbers and credentials; what is masked alike may be another all the same.
    expected = masked_text(str(wanted))
    if str(found) not in {str(wanted), expected}:
        yield f"{name}: expected {expected}, found {'none' if found is None else found}"


def _fields(body: str) -> Mapping[str, object]:
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
