"""How a client behaved when one of its calls was disturbed, as the journal tells it: pure, from calls to findings.

Rule 1: what comes more often behind the disturbed call than in the undisturbed run is a retry; what a test asks for
twice by itself is none.
Rule 2: where the journal leaves it open, there is no finding.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from .plan import Disturbance

RETRIED = "retried what must not be retried"
NOT_RETRIED = "did not retry 503"
IMPATIENT = "ignored Retry-After"
REUSED = "reused the uuid on a retry"
NO_LOGIN = "did not log in again after 401"
CALLED_ON = "called on after giving up"
FINDINGS: Mapping[str, str] = {
    RETRIED: "a call refused with a status of 400 to 499 is not sent again: 401 wants a login, 429 a pause",
    NOT_RETRIED: "503 says that the API is away for a while: the call is sent again",
    IMPATIENT: "the pause that Retry-After asks for is kept",
    REUSED: "every request has a uuid of its own, a repeated one too",
    NO_LOGIN: "a refused token is replaced by a new login before the next call",
    CALLED_ON: "without a login there is no call that needs its token",
}
LOGIN = "token"

# A client's timer and the journal's clock may differ by so many seconds.
_TOLERANCE = 0.05
# What may still be a good answer to a login.
_HARMLESS_FAULTS = frozenset({"wrongContentType", "slowDrip"})


class Call(NamedTuple):
    """One call of a run, as far as it matters here. `at` is when it came; `is_disturbed` tells which one was struck."""

    operation: str
    customer_id: str | None
    card_number: str | None
    uuid: str | None
    at: datetime
    status: int
    fault: str | None
    is_disturbed: bool = False

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """What the call asks for; a call with the same key may be its retry."""
        return self.operation, self.customer_id, self.card_number

    @property
    def is_good(self) -> bool:
        """Whether the answer may have been taken for a good one."""
        return self.status < 300 and (self.fault is None or self.fault in _HARMLESS_FAULTS)


class Finding(NamedTuple):
    """One thing that a client does wrong, and where it was seen."""

    name: str
    detail: str


def calls_of(exchanges: Sequence[Mapping[str, Any]], disturbance: Disturbance | None = None) -> list[Call]:
    """Return the calls of a journal, oldest first; the disturbed one is known by its directives."""
    marks = {name.lower(): value for name, value in disturbance.headers.items()} if disturbance else {}
    return [
        Call(
            exchange["operation"],
            exchange["customerId"],
            exchange["cardNumber"],
            exchange["headers"].get("uuid"),
            datetime.fromisoformat(exchange["at"]),
            exchange["status"],
            exchange["fault"],
            bool(marks) and all(exchange["headers"].get(name) == value for name, value in marks.items()),
        )
        for exchange in sorted(exchanges, key=lambda exchange: exchange["id"])
        if exchange["operation"] is not None
    ]


def findings(
    undisturbed: Sequence[Call], calls: Sequence[Call], disturbance: Disturbance, has_ended: bool = True
) -> list[Finding]:
    """Return what the client did wrong; of one that has not ended by itself, only what it did, not what it left out."""
    struck = next((index for index, call in enumerate(calls) if call.is_disturbed), None)
    if struck is None:
        return []
    run = _Run(undisturbed, calls, disturbance, struck, has_ended)
    return [*run.about_retries(), *run.about_uuids(), *run.about_logins()]


class _Run:
    def __init__(
        self,
        undisturbed: Sequence[Call],
        calls: Sequence[Call],
        disturbance: Disturbance,
        struck: int,
        has_ended: bool,
    ) -> None:
        self._undisturbed = undisturbed
        self._disturbance = disturbance
        self._has_ended = has_ended
        self._before, self._call, self._after = calls[:struck], calls[struck], calls[struck + 1 :]
        self._usual = undisturbed[disturbance.position :]
        self._again = [call for call in self._after if call.key == self._call.key]

    @property
    def _retries(self) -> int:
        """How many calls behind the disturbed one are its retries."""
        more = len(self._again) - sum(call.key == self._call.key for call in self._usual)
        is_next = bool(self._after) and self._after[0].key == self._call.key
        was_next = bool(self._usual) and self._usual[0].key == self._call.key
        return max(more, int(is_next and not was_next))

    def about_retries(self) -> Iterator[Finding]:
        status, seconds = self._disturbance.status, self._disturbance.retry_after
        if status == 503 and not self._retries and self._has_ended:
            yield Finding(NOT_RETRIED, "the call did not come again")
        if status is not None and self._is_final(status) and self._retries > self._others_may_try():
            yield Finding(RETRIED, f"{status} was answered, and the call came again {_times(self._retries)}")
        if seconds and self._retries:
            waited = (self._again[0].at - self._call.at).total_seconds()
            if waited < seconds - _TOLERANCE:
                detail = f"the answer asked for {seconds} s, the call came again after {waited:.2f} s"
                yield Finding(IMPATIENT, detail)

    def about_uuids(self) -> Iterator[Finding]:
        if not self._retries:
            return
        seen = {self._call.uuid}
        for call in self._again:
            if call.uuid and call.uuid in seen:
                yield Finding(REUSED, f"the call came again as {call.uuid[:80]}")
                return
            seen.add(call.uuid)

    def about_logins(self) -> Iterator[Finding]:
        logs_in = any(call.operation == LOGIN for call in self._undisturbed)
        if self._call.operation != LOGIN:
            if self._disturbance.status == 401 and logs_in:
                following = next((call.operation for call in self._after), None)
                if following != LOGIN and (following or self._has_ended):
                    came = f"{following} came next" if following else "no call came any more"
                    yield Finding(NO_LOGIN, came)
            return
        if self._call.is_good or any(call.operation == LOGIN and call.is_good for call in self._before):
            return
        for call in self._after:
            if call.operation == LOGIN and call.is_good:
                return
            if call.operation != LOGIN:
                yield Finding(CALLED_ON, f"the login failed, and {call.operation} came all the same")
                return

    def _is_final(self, status: int) -> bool:
        """Tell whether a call with this answer must not come again."""
        return 400 <= status < 500 and status != 429 and (status != 401 or self._call.operation == LOGIN)

    def _others_may_try(self) -> int:
        """Return how many logins are no retries: every later call may try one of its own."""
        needing = sum(call.operation != LOGIN for call in self._usual)
        return max(needing - 1, 0) if self._call.operation == LOGIN else 0


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
