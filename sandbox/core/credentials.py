"""Who is let in: clients, tokens and sessions, and the checks that a profile makes of them.

Rule 1: tokens and sessions carry all that they mean, signed with the seed, so that every replica and every restart
with the same seed knows them, and nothing is stored.
Rule 2: the profile says which checks are made; magic tokens, such as sandbox-expired, count in every profile.
Rule 3: a violation never quotes a credential.
"""

import re
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from hmac import compare_digest
from json import dumps, loads
from math import ceil
from typing import NamedTuple
from urllib.parse import unquote_plus

from .masking import SESSION_PREFIX, TOKEN_PREFIX, UUID_FORM
from .messages import Violation, as_text, instant, listed, shown
from .schema import meant

CHECKS: Mapping[str, str] = {
    "clients": "client_id is registered in the world file, and so is its secret where a token is asked for",
    "tokens": "the bearer token was issued here, to this client_id, and has not expired by the space's clock",
    "uuid": "uuid has the form of RFC 4122",
    "sid": "sid, where one is sent, was issued here to this client_id",
}
LENIENT, STRICT = "lenient", "strict"

TOKEN_WORDS: Mapping[str, Violation] = {
    "sandbox-expired": Violation("unAuthorized", "Authorization", "the token has expired"),
    "sandbox-revoked": Violation("unAuthorized", "Authorization", "the token was revoked"),
    "sandbox-wrong-scope": Violation("accessNotConfigured", "Authorization", "the token's scope is another API's"),
}
BLOCKED_CLIENT = "sandbox-blocked"
WRONG_SECRET = "sandbox-wrong-secret"  # noqa: S105 - a word that every secret is held against
_SIGNATURE_BYTES = 16
_TAG_BYTES = 4
_UUID = re.compile(UUID_FORM, re.ASCII | re.IGNORECASE)
_SID = re.compile(rf"{SESSION_PREFIX}[0-9A-F]{{56}}", re.ASCII)


class Profile(NamedTuple):
    """How strict the bank's side is: the checks that it makes, and whether it words errors as live systems do."""

    checks: frozenset[str] = frozenset()
    live_texts: bool = False

    @property
    def name(self) -> str:
        """The profile as it is set: lenient, strict, or its checks."""
        if not self.checks or self.checks == CHECKS.keys():
            return STRICT if self.checks else LENIENT
        return ",".join(check for check in CHECKS if check in self.checks)


def read_checks(text: str) -> frozenset[str]:
    """Read `lenient`, `strict` or names of checks with commas between. Raises ValueError."""
    if text in (LENIENT, STRICT):
        return frozenset(CHECKS) if text == STRICT else frozenset()
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name in (LENIENT, STRICT) or not name:
            choice = f"expected {LENIENT}, {STRICT}, or checks alone: {', '.join(CHECKS)}"
            raise ValueError(f"found {shown(text[:40])}, {choice}")
        if name not in CHECKS:
            raise ValueError(f"found {shown(name[:40])}; {meant(name[:40], (LENIENT, STRICT, *CHECKS))}")
    return frozenset(names)


class Token(NamedTuple):
    """What a token means: whose it is, what for, and from when to when, in seconds since 1970."""

    client_id: str
    scope: str
    issued_at: int
    expires_at: int


def whole_seconds(lifetime: timedelta) -> int:
    """Return a lifetime in seconds, rounded up: nothing ends before it was promised to."""
    return ceil(lifetime.total_seconds())


class Signer:
    """Signs with a seed, and knows again what was signed with it."""

    def __init__(self, seed: str) -> None:
        self._key = blake2b(seed.encode(), digest_size=32, person=b"credentials").digest()

    def token(self, client_id: str, scope: str, now: datetime, lifetime: timedelta) -> str:
        """Issue a token: a pure function of what it means."""
        issued_at = int(now.timestamp())
        meaning = Token(client_id, scope, issued_at, issued_at + whole_seconds(lifetime))
        return self._spelt(dumps(meaning, separators=(",", ":")).encode()).decode()

    def read_token(self, text: str) -> Token | None:
        """Return what a token means; None where it was not issued with this seed."""
        encoded = text.removeprefix(TOKEN_PREFIX)
        try:
            payload = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))[_SIGNATURE_BYTES:]
        except (Base64Error, ValueError):
            return None
        # Base64 has more than one spelling of the same bytes; a token has one.
        return Token(*loads(payload)) if compare_digest(text.encode(), self._spelt(payload)) else None

    def session(self, client_id: str, number: int, circumstances: str) -> str:
        """Begin the client's n-th session, counted from 0; `circumstances` tell it from others of that number."""
        head = (number % 2**16).to_bytes(2) + self._tag(client_id) + self._sign(circumstances.encode())[:6]
        return SESSION_PREFIX + (head + self._sign(head)).hex().upper()

    def knows_session(self, sid: str, client_id: str | None = None) -> bool:
        """Tell whether a session was begun with this seed, by this client if one is named."""
        if not _SID.fullmatch(sid):
            return False
        data = bytes.fromhex(sid.removeprefix(SESSION_PREFIX))
        head, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
        is_theirs = client_id is None or head[2 : 2 + _TAG_BYTES] == self._tag(client_id)
        return is_theirs and compare_digest(signature, self._sign(head))

    def event(self, sid: str, circumstances: str) -> str:
        """Return the id of one call in a session."""
        return self._sign(f"{sid}\n{circumstances}".encode())[:12].hex().upper()

    def _spelt(self, payload: bytes) -> bytes:
        return TOKEN_PREFIX.encode() + urlsafe_b64encode(self._sign(payload) + payload).rstrip(b"=")

    def _tag(self, client_id: str) -> bytes:
        return self._sign(client_id.encode("utf-8", "surrogatepass"))[:_TAG_BYTES]

    def _sign(self, payload: bytes) -> bytes:
        return blake2b(payload, digest_size=_SIGNATURE_BYTES, key=self._key).digest()


def session_number(sid: str) -> int:
    """Return which of its client's sessions a known one was, counted from 0, up to a multiple of 65,536."""
    return int(sid.removeprefix(SESSION_PREFIX)[:4], 16)


class Access(NamedTuple):
    """What lets a caller in: the profile, the registered clients with their secrets, and what was signed here."""

    profile: Profile
    clients: Mapping[str, str]
    signer: Signer

    def violations(self, headers: Mapping[str, str], now: datetime) -> list[Violation]:
        """Name what is wrong with credentials that have the form that the contract wants. `now` is aware.

        A magic token or client is all that is said: no check finds fault with who sent it to be refused so.
        """
        if spoken := self.spoken(headers):
            return spoken
        client_id, token = headers.get("client_id", ""), _bearer(headers)
        return [violation for violation in self._failed_checks(headers, as_text(client_id), token, now) if violation]

    @staticmethod
    def spoken(headers: Mapping[str, str]) -> list[Violation]:
        """Name what a magic token or a magic client_id asks to be refused for."""
        if headers.get("client_id") == BLOCKED_CLIENT:
            return [Violation("accessNotConfigured", "client_id", f"{BLOCKED_CLIENT} is blocked: its name says so")]
        if word := TOKEN_WORDS.get(token := _bearer(headers)):
            return [word._replace(reason=f"{word.reason}: {token} says so")]
        return []

    def _failed_checks(
        self, headers: Mapping[str, str], client_id: str, token: str, now: datetime
    ) -> Iterator[Violation | None]:
        checks = self.profile.checks
        if client_id and "clients" in checks:
            yield self._unregistered(client_id, "client_id")
        if token and "tokens" in checks:
            yield self._bad_token(token, client_id, now)
        uuid, sid = headers.get("uuid"), headers.get("sid")
        if uuid and "uuid" in checks and not _UUID.fullmatch(uuid):
            expected = "expected the form of RFC 4122, such as 3f2b8c1e-6d5a-4f0b-9c7e-2a1d4b6e8f90"
            yield Violation("invalidRequest", "uuid", f"uuid: found {shown(as_text(uuid[:40]))}, {expected}")
        if sid is not None and "sid" in checks and not self.signer.knows_session(sid, client_id):
            reason = "sid is no session that was issued here to this client_id; the key exchange issues one"
            yield Violation("unAuthorized", "sid", reason)

    def wrong_secret(self, client_id: str, secret: str) -> Violation | None:
        """Say what is wrong with a client's secret, if anything is."""
        if WRONG_SECRET in (secret, unquote_plus(secret)):
            return Violation("unAuthorized", "Authorization", "the secret is wrong: it says so itself")
        if "clients" not in self.profile.checks:
            return None
        if unregistered := self._unregistered(client_id, "Authorization"):
            return unregistered
        if self.clients[client_id] not in (secret, unquote_plus(secret)):
            reason = f"the secret is not the one that the world file has for {shown(client_id[:40])}"
            return Violation("unAuthorized", "Authorization", reason)
        return None

    def _unregistered(self, client_id: str, location: str) -> Violation | None:
        if client_id in self.clients:
            return None
        known = listed(self.clients) or "none; write some under clients in world.yaml"
        reason = f"client_id {shown(client_id[:40])} is not registered; the world file has {known}"
        return Violation("unAuthorized", location, reason)

    def _bad_token(self, text: str, client_id: str, now: datetime) -> Violation | None:
        token = self.signer.read_token(text)
        if token is None:
            reason = "the token was not issued here, or with another seed; the token call issues one"
        elif token.client_id != client_id:
            reason = f"the token belongs to another client_id, {shown(token.client_id[:40])}"
        elif token.expires_at <= now.timestamp():
            expired_at = instant(datetime.fromtimestamp(token.expires_at, UTC))
            reason = f"the token expired at {expired_at}, and it is {instant(now.astimezone(UTC))}"
        else:
            return None
        return Violation("unAuthorized", "Authorization", reason)


def _bearer(headers: Mapping[str, str]) -> str:
    return headers.get("authorization", "").partition(" ")[2].strip()


OPEN = Access(Profile(), {}, Signer(""))


def client_named(written: str, clients: Mapping[str, str]) -> str:
    """Return the client_id that Basic credentials mean.

    RFC 6749, 2.3.1 wants it form-encoded, which many clients leave out; who is registered tells.
    """
    decoded = unquote_plus(written)
    if written in clients or (decoded not in clients and "%" not in written):
        return written
    return decoded


def read_basic(authorization: str) -> tuple[str, str] | None:
    """Read client_id and secret out of HTTP Basic (RFC 7617); None where there are none, or an empty one."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (client_id, secret) if client_id and secret else None
