"""What tests of the state share: every implementation by name, a clock that tests move, overrides and calls."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest

from sandbox.clock import Clock
from sandbox.core.call import Call
from sandbox.core.caller import Caller
from sandbox.core.decide import Decision
from sandbox.core.messages import BankReply, BankRequest, Place
from sandbox.state.interface import Override, State
from sandbox.state.journal import RecordedCall, hash_key
from sandbox.state.memory import MemoryState
from tests.core.bank import OPERATION, POPULATION, entry

IDLE = timedelta(hours=1)
START = datetime(2027, 3, 14, 12, tzinfo=UTC)
Make: TypeAlias = Callable[..., State]


class FakeClock(Clock):
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def advance(self, **period: float) -> None:
        self.at += timedelta(**period)


def in_memory(clock: Clock, journal_size: int, max_spaces: int) -> State:
    return MemoryState(journal_size, max_spaces, IDLE, clock)


# Every implementation keeps every promise; a new one is added here.
IMPLEMENTATIONS: dict[str, Callable[[Clock, int, int], State]] = {"memory": in_memory}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=IMPLEMENTATIONS)
def make(request: pytest.FixtureRequest, clock: FakeClock) -> Make:
    """Make a state with limits of one's own."""

    def made(journal_size: int = 10, max_spaces: int = 10) -> State:
        return IMPLEMENTATIONS[request.param](clock, journal_size, max_spaces)

    return made


@pytest.fixture
def state(make: Make) -> State:
    return make()


def call(at: datetime = START, rule: str = "synthetic_customer", override: int | None = None) -> RecordedCall:
    """Return a call that was answered by a rule, or by the override of that serial number."""
    place = None if override is None else Place("overrides of x", override)
    reply = BankReply(200, (), b"{}")
    decision = Decision(
        rule if override is None else "override", "why", reply, scenario=place, operation="retrieve-customer-segment"
    )
    request = BankRequest({"client_id": "x", "authorization": "Bearer secret-secret-secret"}, b"{}")
    return RecordedCall(decided(request, decision, at), hash_key("a seed"))


def decided(request: BankRequest, decision: Decision, at: datetime = START) -> Call:
    """Return a call as it is when it was decided."""
    caller = Caller(OPERATION, request, POPULATION)
    made = Call(caller, at, at, request.body, method="POST", path="/segments", space="x")
    made.decision = decision
    return made


def override(
    pattern: str = "100000000301",
    section: str = "customerId",
    expires_at: datetime | None = None,
    **data: Any,
) -> Override:
    """Return an override that was not placed yet."""
    written = {"error": "resourceNotFound", **data}
    return Override(entry(section, pattern, written), written, expires_at)


async def ids(state: State, space: str, after: int = 0) -> list[int]:
    """Return the ids of the entries that a journal has, newest first."""
    return [each.id for each in (await state.journal(space, after)).entries]
