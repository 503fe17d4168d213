"""Key exchange: a session, and the public key that belongs to it.

Rule 1: a session has one key, the same at every call; the keys are public test keys, taken in turn.
Rule 2: a session that is not known is replaced, never refused.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sandbox.core.call import Call, CallKey
from sandbox.core.credentials import Access, session_number
from sandbox.core.decide import Answer, NumberNeeded, Ruling, World
from sandbox.core.messages import BankReply, Violation, as_text, instant
from sandbox.core.operation import Behaviour
from sandbox.core.scenarios import ReplyOutcome

from .token import NOT_FOR_CACHES

_JSON = (b"content-type", b"application/json")
# What is counted for each client: the sessions that were begun, and the calls of the key exchange.
SESSIONS: CallKey = ("e2eKey", "", 0, "")
_EVENTS: CallKey = ("e2eKey", "event", 0, "")


class SessionKey(NamedTuple):
    """An RSA key that everybody may know; `factors` are its two primes."""

    identifier: str
    exponent: int
    factors: tuple[int, int]

    @property
    def modulus(self) -> int:
        return self.factors[0] * self.factors[1]

    @property
    def private_exponent(self) -> int:
        p, q = self.factors
        return pow(self.exponent, -1, (p - 1) * (q - 1))


class KeyExchange:
    """The key exchange. `keys` are those that sessions take in turn."""

    def __init__(self, keys: Sequence[SessionKey]) -> None:
        self._keys = keys
        self.behaviour = Behaviour((self.key_exchange,), _breaches)

    def key_exchange(self, call: Call, world: World) -> Ruling:
        """The key exchange was right: it answers the session's key."""
        access, headers = world.access, call.headers
        client_id, sid = as_text(headers["client_id"]), headers.get("sid", "")
        if (event_number := call.numbers.get(_EVENTS)) is None:
            return NumberNeeded(_EVENTS)
        if access.signer.knows_session(sid, client_id):
            reason = "the session that was sent goes on"
        elif (number := call.numbers.get(SESSIONS)) is None:
            return NumberNeeded(SESSIONS)
        else:
            sid = begun_session(client_id, number, call.error_uuid, call.now, access)
            reason = "a new session: the one that was sent is not known" if "sid" in headers else "a new session"
        key = self.key(sid)
        body = {"modulus": f"{key.modulus:X}", "exponent": str(key.exponent), "keyIdentifier": key.identifier}
        event = access.signer.event(sid, f"{event_number}\n{call.error_uuid}\n{instant(call.now)}")
        reply_headers = [_JSON, (b"sid", sid.encode()), (b"eventid", event.encode()), *NOT_FOR_CACHES]
        reply = BankReply(200, reply_headers, json.dumps(body, separators=(",", ":")).encode())
        return Answer(ReplyOutcome(reply), f"{reason}, with {key.identifier}")

    def key(self, sid: str) -> SessionKey:
        """Return the key of a session that is known."""
        return self._keys[session_number(sid) % len(self._keys)]


def begun_session(client_id: str, number: int, uuid: str, now: datetime, access: Access) -> str:
    """Begin the client's session of that number, counted from 0; return its sid. `now` is aware."""
    return access.signer.session(client_id, number, f"{number}\n{uuid}\n{instant(now)}")


def _breaches(call: Call) -> list[Violation]:
    return [violation for violation in call.header_violations() if violation.location != "sid"]
