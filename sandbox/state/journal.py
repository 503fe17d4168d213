"""The journal: the last exchanges of a space, searched, awaited and streamed.

Rule 1: cards and credentials are masked on the way in; searching by a full number works by a keyed hash.
Rule 2: an exchange is here before the last byte of its answer is sent.
Rule 3: a slow reader is dropped, never waited for.
"""

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from sandbox.core.decide import Decision
from sandbox.core.masking import masked_body, masked_headers, masked_query, masked_text
from sandbox.core.messages import BankRequest, Identity, Place, Violation, instant

MAX_TEXT = 2_000
MAX_HEADERS = 64
READER_BACKLOG = 256

_NO_HASHES: Mapping[str, bytes] = {}

# Known to this process alone: it makes the hashes useless to anybody who sees the memory of another.
_HASH_KEY = secrets.token_bytes(32)


class Exchange(NamedTuple):
    """One call with its decision, masked. `at` is UTC; `delay` is in seconds; `hashes` find the full numbers.

    `operation` is the call of a contract that was made, None where it never became one. `duplicated` are the headers of
    which one value came more than once.
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
    hashes: Mapping[str, bytes]

    def as_json(self) -> dict[str, Any]:
        """Return the exchange as the control API shows it."""
        fields = {JSON_NAMES.get(name, name): value for name, value in self._asdict().items() if name != "hashes"}
        return {
            **fields,
            "at": instant(self.at),
            "violations": [violation._asdict() for violation in self.violations],
            "scenario": str(self.scenario) if self.scenario else None,
        }


JSON_NAMES = {"customer_id": "customerId", "card_number": "cardNumber"}


class Recorder:
    """Makes exchanges out of calls."""

    def __init__(self) -> None:
        self._count = 0

    def exchange(
        self,
        at: datetime,
        space: str,
        method: str,
        path: str,
        request: BankRequest,
        decision: Decision,
        identities: Sequence[Identity],
    ) -> Exchange:
        """Return the masked exchange; its id is the next one."""
        self._count += 1
        numbers = dict(identities)
        reply = decision.reply
        exchange = Exchange(
            self._count,
            at,
            space,
            method,
            path,
            request.query,
            decision.operation,
            request.headers,
            sorted(request.duplicated),
            request.body[: 2 * MAX_TEXT].decode("utf-8", "replace"),
            numbers.get("customerId"),
            numbers.get("cardNumber"),
            reply.status,
            decision.rule,
            decision.reason,
            decision.error,
            reply.body.decode(),
            decision.violations,
            decision.warning,
            decision.delay,
            decision.fault,
            decision.scenario,
            _NO_HASHES,
        )
        return _masked(exchange)


def _masked(exchange: Exchange) -> Exchange:
    """Return the exchange without cards and credentials, and without texts that are too long."""
    shown = exchange._replace(
        path=masked_text(exchange.path)[:MAX_TEXT],
        query=masked_query(exchange.query)[:MAX_TEXT],
        headers={
            name[:MAX_TEXT]: value[:MAX_TEXT]
            for name, value in masked_headers(dict(list(exchange.headers.items())[:MAX_HEADERS])).items()
        },
        duplicated=[masked_text(name)[:MAX_TEXT] for name in exchange.duplicated[:MAX_HEADERS]],
        body=masked_body(exchange.body)[:MAX_TEXT],
        card_number=exchange.card_number and masked_text(exchange.card_number),
        reason=masked_text(exchange.reason)[:MAX_TEXT],
        reply=masked_text(exchange.reply)[:MAX_TEXT],
    )
    hidden = {"cardNumber": exchange.card_number, "uuid": exchange.headers.get("uuid")}
    if (shown.card_number, shown.headers.get("uuid")) == (exchange.card_number, hidden["uuid"]):
        return shown
    return shown._replace(hashes={name: number_hash(value) for name, value in hidden.items() if value})


def number_hash(number: str) -> bytes:
    """Return what stands for a number in the journal."""
    return blake2b(number.encode(), digest_size=12, key=_HASH_KEY).digest()


class Reader:
    """A subscriber of the journal; `dropped` is set when it was too slow."""

    def __init__(self) -> None:
        self.queue: deque[Exchange] = deque()
        self.news = asyncio.Event()
        self.dropped = asyncio.Event()

    def tell(self, exchange: Exchange) -> None:
        """Hand on an exchange."""
        if len(self.queue) >= READER_BACKLOG:
            self.dropped.set()
        else:
            self.queue.append(exchange)
        self.news.set()

    def take(self) -> list[Exchange]:
        """Return what was handed on since the last time."""
        taken = list(self.queue)
        self.queue.clear()
        return taken


class Journal:
    """The last `size` exchanges, and sums over all since it was cleared."""

    def __init__(self, size: int) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=size)
        self._readers: set[Reader] = set()
        self.clear()

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        """Go through the exchanges, oldest first."""
        return iter(tuple(self._exchanges))

    def clear(self) -> None:
        """Forget all exchanges and sums."""
        self._exchanges.clear()
        self.rules: Counter[tuple[str | None, str]] = Counter()
        self.operations: Counter[str] = Counter()
        self.codes: Counter[tuple[str, str]] = Counter()

    def record(self, exchange: Exchange) -> None:
        """Take an exchange in, and tell those who follow."""
        self._exchanges.append(exchange)
        self.rules[exchange.operation, exchange.rule] += 1
        if operation := exchange.operation:
            self.operations[operation] += 1
            if exchange.code:
                self.codes[operation, exchange.code] += 1
        self.pass_on(exchange)

    def pass_on(self, exchange: Exchange) -> None:
        """Tell those who follow, without keeping the exchange."""
        for reader in self._readers:
            reader.tell(exchange)

    @property
    def is_followed(self) -> bool:
        return bool(self._readers)

    def follow(self, reader: Reader) -> None:
        """Tell the reader of every exchange from now on."""
        self._readers.add(reader)

    def unfollow(self, reader: Reader) -> None:
        """Stop telling the reader."""
        self._readers.discard(reader)
