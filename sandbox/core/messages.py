"""What passes through the core, as plain data: a bank request in, a bank reply out.

Rule 1: masking lives here and nowhere else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

# RFC 9110, 5.3: these may come in several lines, which together are one list.
LIST_HEADERS = frozenset({"accept", "accept-language", "prefer"})

# What issued tokens and sessions begin with: the look of the family's tokens, and a name that can't be overlooked.
TOKEN_PREFIX, SESSION_PREFIX = "AAIk", "SANDBOX-"

# RFC 4122, 3, in lower case.
UUID_FORM = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"

IdentityKind: TypeAlias = Literal["customerId", "cardNumber"]
IDENTITY_LENGTHS: Mapping[IdentityKind, int] = {"customerId": 12, "cardNumber": 16}


class BankRequest(NamedTuple):
    """One call as the bank would get it.

    `headers` maps lower-case names to values; `repeated` names those that came more than once, of which `headers` has
    the first value, or all in one list where the header is one. `body` is the raw body, empty where none was sent;
    `query` is what stands behind the path's question mark, as it was sent.
    """

    headers: Mapping[str, str]
    body: bytes
    repeated: frozenset[str] = frozenset()
    query: str = ""


def bank_request(raw_headers: Sequence[tuple[bytes, bytes]], body: bytes, query: bytes = b"") -> BankRequest:
    """Read a request as ASGI hands it on: names in lower case. Values stay what was sent, byte by byte, as Latin-1."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw_headers}
    if len(headers) == len(raw_headers):
        return BankRequest(headers, body, query=query.decode("latin-1"))
    repeated = set()
    headers = {}
    for name, value in ((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw_headers):
        if name not in headers:
            headers[name] = value
            continue
        repeated.add(name)
        if name in LIST_HEADERS:
            headers[name] += f", {value}"
    return BankRequest(headers, body, frozenset(repeated), query.decode("latin-1"))


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


def masked(value: str) -> str:
    """Hide the middle of a number: first 6 and last 4 stay of a card, the last 4 of anything shorter."""
    shown = 6 if len(value) > 12 else 0
    return value[:shown] + "*" * max(len(value) - shown - 4, 0) + value[-4:] if len(value) > 4 else "*" * len(value)


def as_text(header: str) -> str:
    """Read a header that may hold UTF-8; servers hand headers on byte by byte, as Latin-1."""
    if header.isascii():
        return header
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


def holds_card(text: str) -> bool:
    """Tell whether something in a text could be a card number."""
    # Six times as fast as a search with the pattern, and every call of the sandbox asks.
    return _ANY_CARD in text.encode("utf-8", "replace").translate(_ANY_DIGIT, b" -")


def without_secrets(text: str) -> str:
    """Mask all tokens and secrets in a text, and what could be a card number: 13 digits and more, also in groups.

    A UUID stays whole, though it may be all digits: no card number has its form.
    """
    text = _NAMED_SECRET.sub(lambda match: f"{match[1]}***", text)
    text = _ISSUED.sub(lambda match: masked(match[0]), text)
    return _SECRET.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    if found["uuid"]:
        return found[0]
    return masked(found[0]) if found[0][0].isdigit() else f"{found[0][:6]} ***"


def holds_secret(text: str) -> bool:
    """Tell whether a text could hold a token, or a secret as the field of a form or of JSON."""
    if TOKEN_PREFIX in text or SESSION_PREFIX in text:
        return True
    lower = text.lower()
    return any(word in lower for word in _SECRET_WORDS)


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
    """Return a value as a mistake may show it: short, and without card numbers."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        names = one_line(", ".join(map(str, list(value)[:5])))
        return f"a mapping of {without_secrets(names)}" if value else "an empty mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    text = without_secrets(repr(value))
    return text if len(text) <= 80 else text[:77] + "..."


_ANY_DIGIT = bytes.maketrans(b"123456789", b"000000000")
_ANY_CARD = b"0" * 13
_SECRET_WORDS = ("secret", "password", "_token", "%5ftoken", "assertion", "basic ")
# As a form, JSON or YAML has it, with or without quotes; a name may be percent-encoded.
_NAMED_SECRET = re.compile(
    r"((?:client(?:_|%5f)(?:secret|assertion)|password|(?:access|refresh)(?:_|%5f)token)[\"']?\s*[=:]\s*|\bbasic\s+)"
    r"(\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?|[^&\s\"',}]+)",
    re.IGNORECASE,
)
_ISSUED = re.compile(rf"{TOKEN_PREFIX}[A-Za-z0-9_-]{{40,}}|{SESSION_PREFIX}[0-9A-F]{{56}}", re.ASCII)
_SECRET = re.compile(
    rf"(?P<uuid>(?<![0-9a-f-]){UUID_FORM}(?![0-9a-f-]))"
    r"|[0-9](?:[ -]?[0-9]){12,}|bearer +[^\s\"',}]+",
    re.ASCII | re.IGNORECASE,
)
