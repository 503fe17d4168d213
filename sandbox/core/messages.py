"""What passes through the core, as plain data: a bank request in, a bank reply out; and how values are quoted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from .masking import masked, masked_text

# RFC 9110, 5.3: these may come in several lines, which together are one list.
LIST_HEADERS = frozenset({"accept", "accept-language", "prefer"})

IdentityKind: TypeAlias = Literal["customerId", "cardNumber"]
IDENTITY_LENGTHS: Mapping[IdentityKind, int] = {"customerId": 12, "cardNumber": 16}


class BankRequest(NamedTuple):
    """One call as the bank would get it.

    `headers` maps lower-case names to values; `repeated` names those that came with several values, of which `headers`
    has the first, or all in one list where the header is one. `duplicated` names those of which one value came more
    than once, which counts as once. `body` is the raw body, empty where none was sent; `query` is what stands behind
    the path's question mark, as it was sent.
    """

    headers: Mapping[str, str]
    body: bytes
    repeated: frozenset[str] = frozenset()
    query: str = ""
    duplicated: frozenset[str] = frozenset()


def bank_request(raw_headers: Sequence[tuple[bytes, bytes]], body: bytes, query: bytes = b"") -> BankRequest:
    """Read a request as ASGI hands it on: names in lower case. Values stay what was sent, byte by byte, as Latin-1."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw_headers}
    if len(headers) == len(raw_headers):
        return BankRequest(headers, body, query=query.decode("latin-1"))
    lines: dict[str, list[str]] = {}
    for name, value in raw_headers:
        lines.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    headers = {name: ", ".join(values) if name in LIST_HEADERS else values[0] for name, values in lines.items()}
    repeated = frozenset(name for name, values in lines.items() if len(set(values)) > 1)
    duplicated = frozenset(name for name, values in lines.items() if len(set(values)) < len(values))
    return BankRequest(headers, body, repeated, query.decode("latin-1"), duplicated)


class BankReply(NamedTuple):
    """What goes back: the status, the headers that belong to the body, and the encoded body."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


class Identity(NamedTuple):
    """A customerId or a cardNumber that somebody asked about. Written out, a card number is masked."""

    kind: IdentityKind
    value: str

    @property
    def is_full_length(self) -> bool:
        return len(self.value) == IDENTITY_LENGTHS[self.kind]

    def __str__(self) -> str:
        return f"{self.kind} {masked(self.value) if self.kind == 'cardNumber' else self.value}"


class Violation(NamedTuple):
    """One breach of the contract: the documented error it deserves, where it is, and why. Never quotes a secret."""

    error: str
    location: str
    reason: str


class Place(NamedTuple):
    """A line in a file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def instant(at: datetime) -> str:
    """Write a moment in UTC as everywhere in the sandbox: ISO 8601 with milliseconds and Z."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_text(header: str) -> str:
    """Read a header that may hold UTF-8; servers hand headers on byte by byte, as Latin-1."""
    if header.isascii():
        return header
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


def one_line(text: str) -> str:
    """Return a text with escapes for all that is no printable character."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "replace").decode() for char in text)


def listed(names: Iterable[str], most: int = 10) -> str:
    """Return names with commas between, as a reason may show them: not all where there are many."""
    names = [one_line(name[:40]) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def shown(value: object) -> str:
    """Return a value as a mistake may show it: short, and masked."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        names = one_line(", ".join(map(str, list(value)[:5])))
        return f"a mapping of {masked_text(names)}" if value else "an empty mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    text = masked_text(repr(value))
    return text if len(text) <= 80 else text[:77] + "..."
