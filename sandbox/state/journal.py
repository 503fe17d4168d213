"""The journal's entries: a call as it came, and the masked exchange that everybody else sees.

Rule 1: a call is kept as it came and masked when somebody reads it; nothing unmasked leaves the process.
Rule 2: a long call is masked and cut at once, so that long bodies don't stay.
Rule 3: what is masked is found by a hash of the full value, keyed from the seed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import parse_qsl

from sandbox.core.decide import Decision, override
from sandbox.core.messages import BankRequest, Place, Violation, holds_card, holds_secret, masked, without_secrets
from sandbox.core.strict_json import read_json

LONGEST_TEXT = 2_000
MAX_HEADERS = 64
MAX_FIELDS = 64
# Longer than any token or grouped number that is masked: what a cut leaves of one goes, too.
_LONGEST_SECRET = 100


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
    masked, each as JSON.
    """

    id: int
    at: datetime
    space: str
    method: str
    path: str
    query: str
    operation: str | None
    headers: Mapping[str, str]
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
    """A call for the journal: as it came until somebody reads it. `at` is UTC; its id is given by the journal."""

    __slots__ = ("_exchange", "_raw", "at", "error", "fault", "id", "operation", "override", "rule", "space")

    def __init__(
        self,
        at: datetime,
        space: str,
        method: str,
        path: str,
        request: BankRequest,
        decision: Decision,
        key: bytes,
    ) -> None:
        self.id = 0
        self.at = at
        self.space = space
        self.operation = decision.operation
        self.rule = decision.rule
        self.error = decision.error
        self.fault = decision.fault
        is_override = decision.scenario is not None and decision.rule == override.__name__
        self.override: int | None = decision.scenario.line if decision.scenario and is_override else None
        self._exchange: Exchange | None = None
        self._raw: tuple[str, str, BankRequest, Decision, bytes] | None = (method, path, request, decision, key)

    @property
    def is_long(self) -> bool:
        """Whether the call is too long to be kept as it came."""
        if self._raw is None:
            return False
        _, path, request, decision, _ = self._raw
        texts = (path, request.query, request.body, decision.reply.body, *request.headers, *request.headers.values())
        return len(texts) > 2 * MAX_HEADERS or sum(map(len, texts)) > 2 * LONGEST_TEXT

    def exchange(self) -> Exchange:
        """Return the call masked; what it was is let go."""
        # Threads may read at once: whoever finds it raw makes the same exchange.
        raw = self._raw
        if raw is not None:
            self._exchange = _masked(self.id, self.at, self.space, *raw)
            self._raw = None
        assert self._exchange
        return self._exchange


def _masked(
    number: int,
    at: datetime,
    space: str,
    method: str,
    path: str,
    request: BankRequest,
    decision: Decision,
    key: bytes,
) -> Exchange:
    full: dict[str, str] = {}

    def shown(name: str, value: str, is_secret: bool = False) -> str:
        """Return what may be seen of a value that one may look for; remember it where that is not all."""
        seen = _shown(_secret(value), is_secret=True) if is_secret else _shown(value)
        if seen != value:
            full[name] = value
        return seen

    names = list(request.headers)[:MAX_HEADERS]
    secret_names = _secret_headers("\n".join(names))
    headers = {_shown(name): shown(f"headers.{name}", request.headers[name], name in secret_names) for name in names}
    if "headers.uuid" in full:
        full["uuid"] = full["headers.uuid"]
    numbers = dict(decision.numbers)
    card_number = numbers.get("cardNumber")
    fields = {}
    for name, value in body_fields(request).items():
        # A name tells a secret as well as its value does.
        field = f"{as_json(name)}: {value}"
        if is_secret := _shown(field) != field:
            full[f"body.{name}"] = value
        fields[_shown(name)] = "***" if is_secret else value
    body = request.body[: 2 * LONGEST_TEXT].decode("utf-8", "replace")
    return Exchange(
        number,
        at,
        space,
        method,
        _shown(path),
        _shown(request.query),
        decision.operation,
        headers,
        _shown(_without_escapes(body), is_cut=len(request.body) > 2 * LONGEST_TEXT),
        numbers.get("customerId"),
        card_number and shown("cardNumber", card_number),
        decision.reply.status,
        decision.rule,
        _shown(decision.reason),
        decision.error,
        _shown(decision.reply.body.decode()),
        decision.violations,
        decision.warning,
        decision.delay,
        decision.fault,
        decision.scenario,
        fields,
        Hashes(key, {name: _digest(key, value) for name, value in full.items()}),
    )


def body_fields(request: BankRequest) -> dict[str, str]:
    """Return the fields of a body that is an object or a form, each as JSON."""
    pairs: Sequence[tuple[str, object]]
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    else:
        try:
            body = read_json(request.body)
        except ValueError:
            return {}
        pairs = list(body.items()) if isinstance(body, dict) else ()
    return {name: as_json(value) for name, value in pairs[:MAX_FIELDS]}


def as_json(value: object) -> str:
    """Write a value in the one form in which values are compared."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _shown(text: str, is_secret: bool = False, is_cut: bool = False) -> str:
    """Return what may be seen of a text. What follows a cut is not known, so neither is what the end belongs to.

    A text that `is_secret` is masked as a whole already.
    """
    if len(text) > 2 * LONGEST_TEXT:
        text, is_cut = text[: 2 * LONGEST_TEXT], True
    if holds_card(text) or holds_secret(text) or (_BEARER in text and not is_secret):
        text = without_secrets(text)
    return text[: len(text) - _LONGEST_SECRET][:LONGEST_TEXT] if is_cut else text[:LONGEST_TEXT]


def _without_escapes(body: str) -> str:
    """Write digits as digits: JSON may spell them as escapes."""
    return _ESCAPED_DIGIT.sub(lambda match: chr(int(match[1], 16)), body)


_ESCAPED_DIGIT = re.compile(r"\\u(003[0-9])")


@lru_cache(maxsize=256)
def _secret_headers(names: str) -> tuple[str, ...]:
    """Return those of the names, one a line, that stand for credentials; client_id is a name, not a secret."""
    return tuple(name for name in names.split("\n") if _names_secret(name))


def _names_secret(name: str) -> bool:
    return _SECRET_NAME.search(name.lower()) is not None


_BEARER = "earer "
_SECRET_NAME = re.compile(r"auth|token|secret|password|cookie|api.?key|^sid$")


def _secret(value: str) -> str:
    scheme, space, token = value.partition(" ")
    if value[:5].lower() == "basic":
        # The ends of what is in base64 are the client's name, and the end of its secret.
        return f"{value[:5]} ***"
    return f"{scheme}{space}{_hidden(token)}" if space else _hidden(value)


def _hidden(token: str) -> str:
    return masked(token) if len(token) >= 16 else "***"
