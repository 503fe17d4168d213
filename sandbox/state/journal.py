"""The journal's entries: a call as it came, and the masked exchange that everybody else sees.

Rule 1: a call is kept as it came and masked when somebody reads it; nothing unmasked leaves the process.
Rule 2: a long call is masked and cut at once, so that long bodies don't stay.
Rule 3: what is masked is found by a hash of the full value, keyed from the seed.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import parse_qsl

from sandbox.core.call import Call
from sandbox.core.decide import Decision, forced, override
from sandbox.core.masking import HIDDEN, masked, masked_body, masked_headers, masked_query, masked_text
from sandbox.core.messages import Place, Violation
from sandbox.core.strict_json import read_json

from .spaces import FOR_ALL, place_of

MAX_TEXT = 2_000
MAX_HEADERS = 64
MAX_FIELDS = 64
# Longer than any token or grouped number that is masked: what a cut leaves of one goes, too.
_MAX_SECRET = 100


class Hashes(NamedTuple):
    """What stands for full values that are masked: by `uuid`, `cardNumber`, `headers.<name>` or `body.<name>`."""

    key: bytes
    digests: Mapping[str, bytes] = {}

    def has(self, name: str) -> bool:
        """Tell whether the value of that name is masked."""
        return name in self.digests

    def fits(self, name: str, value: str) -> bool:
        """Tell whether this is the full value."""
        return self.digests[name] == _digest(self.key, value)


def hash_key(seed: str) -> bytes:
    """Return the key of a seed: every process with it finds what another has masked."""
    return blake2b(seed.encode(), digest_size=32, person=b"journal").digest()


def _digest(key: bytes, value: str) -> bytes:
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=12, key=key).digest()


class Exchange(NamedTuple):
    """One call with its decision, masked. `at` is UTC; `delay` is in seconds; `hashes` find the full values.

    `operation` is the call of a contract that was made, None where it never became one. `fields` are those of the body,
    masked, each as JSON. `duplicated` are the headers of which one value came more than once.
    """

    id: int
    at: datetime
    space: str
    method: str
    path: str
    query: str
    operation: str | None
    headers: Mapping[str, str]
    duplicated: Sequence[str]
    body: str
    customer_id: str | None
    card_number: str | None
    status: int
    rule: str
    reason: str
    code: str | None
    reply: str
    violations: Sequence[Violation]
    warning: str | None
    delay: float
    fault: str | None
    scenario: Place | None
    fields: Mapping[str, str]
    hashes: Hashes


class RecordedCall:
    """A call for the journal: as it came until somebody reads it. Its id is given by the journal.

    `override` is the serial number of the override that answered, if one did.
    """

    __slots__ = ("_call", "_exchange", "_key", "at", "id", "kind", "override")

    def __init__(self, call: Call, key: bytes) -> None:
        decision: Decision = call.decision
        self.id = 0
        self.at = call.at
        self.kind = decision.kind
        place = decision.scenario
        # A named scenario may be a file's as well.
        is_override = decision.rule == override.__name__ or (
            decision.rule == forced.__name__
            and place is not None
            and place.file in (place_of(call.space), place_of(FOR_ALL))
        )
        self.override = place.line if is_override and place else None
        self._call: Call | None = call
        self._key = key
        self._exchange: Exchange | None = None

    @property
    def is_long(self) -> bool:
        """Whether the call is too long to be kept as it came until somebody reads it."""
        if (call := self._call) is None:
            return False
        length = len(call.body) + len(call.path) + len(call.query) + len(call.uuid) + call.caller.length
        return length > 2 * MAX_TEXT or len(call.caller.request.headers) > 2 * MAX_HEADERS

    def exchange(self) -> Exchange:
        """Return the call masked; what it was is let go."""
        # Threads may read at once: whoever finds it raw makes the same exchange.
        if (call := self._call) is not None:
            self._exchange = _masked(self.id, call, self._key)
            self._call = None
        assert self._exchange
        return self._exchange


def _masked(number: int, call: Call, key: bytes) -> Exchange:
    full: dict[str, str] = {}

    def shown(name: str, value: str, masked_value: str) -> str:
        """Return what may be seen of a value that one may look for; remember it where that is not all."""
        seen = masked_value[:MAX_TEXT]
        if seen != value:
            full[name] = value
        return seen

    decision: Decision = call.decision
    written = dict(list(call.headers.items())[:MAX_HEADERS])
    names = {name: _cut(masked_text(name)) for name in written}
    values = masked_headers(written)
    headers = {
        names[name]: shown(f"headers.{name}", value, masked_value)
        for (name, value), masked_value in zip(written.items(), values.values(), strict=True)
    }
    if "headers.uuid" in full:
        full["uuid"] = full["headers.uuid"]
    fields = {}
    for name, value in body_fields(call).items():
        # A name tells a secret as well as its value does.
        field = f"{{{as_json(name)}: {value}}}"
        fields[_cut(masked_text(name))] = shown(f"body.{name}", value, HIDDEN if masked_body(field) != field else value)
    body = call.body[: 2 * MAX_TEXT].decode("utf-8", "replace")
    is_cut = len(call.body) > 2 * MAX_TEXT
    masked_whole = masked_body(body)
    card = call.card_number.value if call.card_number else None
    return Exchange(
        number,
        call.at,
        call.space,
        call.method,
        _cut(masked_text(call.path)),
        _cut(masked_query(call.query)),
        decision.operation,
        headers,
        [_cut(masked_text(name)) for name in sorted(call.caller.request.duplicated)[:MAX_HEADERS]],
        # What follows a cut is not known, so neither is what the end belongs to.
        _cut(masked_whole[: len(masked_whole) - _MAX_SECRET] if is_cut else masked_whole),
        call.customer_id.value if call.customer_id else None,
        shown("cardNumber", card, masked(card)) if card else None,
        decision.reply.status,
        decision.rule,
        _cut(masked_text(decision.reason)),
        decision.error,
        _cut(masked_text(decision.reply.body.decode())),
        decision.violations,
        decision.warning,
        decision.delay,
        decision.fault,
        decision.scenario,
        fields,
        Hashes(key, {name: _digest(key, value) for name, value in full.items()}),
    )


def _cut(text: str) -> str:
    return text[:MAX_TEXT]


def body_fields(call: Call) -> dict[str, str]:
    """Return the fields of a body that is an object or a form, each as JSON."""
    pairs: Sequence[tuple[str, object]]
    if "x-www-form-urlencoded" in call.headers.get("content-type", ""):
        pairs = parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    else:
        try:
            body = read_json(call.body)
        except ValueError:
            return {}
        pairs = list(body.items()) if isinstance(body, dict) else ()
    return {name: as_json(value) for name, value in pairs[:MAX_FIELDS]}


def as_json(value: object) -> str:
    """Write a value in the one form in which values are compared."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
