"""The anatomy of a call: where its microseconds go, from the bytes that come to those that leave and the log's line.

Rule 1: the real server answers real connections, in this process; its own functions are timed where they stand.
Rule 2: a step has what it takes without the steps inside it, and without what timing takes; a turn's rest is the event
loop's and the kernel's. The same turns with nothing timed but the whole show how far the sum can be trusted.
Rule 3: a turn of the loop is one sample, and the faster half of them counts: what interrupts a turn spoils it alone.
"""

import asyncio
import gc
import json
import os
import select
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from inspect import iscoroutinefunction
from itertools import chain, count, cycle
from pathlib import Path
from statistics import fmean
from time import perf_counter_ns
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import SplitResult, urlsplit

import uvloop

from sandbox import answering
from sandbox.runtime import Sandbox
from sandbox.server import turn
from sandbox.server.bank_side import BankSide
from sandbox.server.httptools_protocol import HttptoolsProtocol
from sandbox.server.log import LogWriter
from sandbox.server.server import Server, collect_seldom
from sandbox.settings import Settings
from sandbox.state.memory import MemoryState

from .data import FEW, FIRST_WRITTEN, unknown_ranges
from .server import HEADERS, PATH
from .tables import print_table

CONNECTIONS = 16
# What happens at the start of a connection is over by then.
_FIRST_TURNS = 50
_BLOCKS = 10
_CALIBRATING_CALLS, _CALIBRATING_TRIES = 1_000, 100
_ANSWER_SECONDS = 5.0
_NUMBERS = count()

# Where the steps are, in the order of a call: title, who has the function, its name there.
STEPS: tuple[tuple[str, Any, str], ...] = (
    ("parse: bytes to head and body", HttptoolsProtocol, "data_received"),
    ("decide: all around", BankSide, "answer_now"),
    ("decide: caller, from the headers", answering.Answering, "_known"),
    ("decide: call, from the body", answering, "Call"),
    ("decide: rules and reply", answering, "decide"),
    ("journal", answering, "RecordedCall"),
    ("journal", MemoryState, "record"),
    ("write: head and body, sent", turn.Turn, "flush"),
    ("log: the line", turn, "access_line"),
    ("log: into the buffer", LogWriter, "add"),
)
_REST = "receive, event loop"
_TOGETHER, _UNTIMED = "together", "the same, steps not timed"

Sample = TypeVar("Sample")


class Stopwatch:
    """Times functions where they stand, each without those that it calls. `spent` is in nanoseconds, by title.

    Inside `spent`, the rest is what is taken in the whole and in no function.
    """

    def __init__(self) -> None:
        self.spent = dict.fromkeys([*(title for title, _, _ in STEPS), _REST], 0.0)
        # What the timed functions inside of each that is running have taken; the first is that of the whole.
        self._inner = [0.0]
        self._inside = self._outside = 0.0
        self._calibrate()

    def timed(self, title: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, timed."""

        def run(*arguments: Any, **named: Any) -> Any:
            began = self._begin()
            try:
                return function(*arguments, **named)
            finally:
                self._end(title, began)

        return run

    def timed_coroutine(self, title: str, function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
        """Return the function, timed where it never waits."""

        async def run(*arguments: Any) -> Any:
            began = self._begin()
            try:
                return await function(*arguments)
            finally:
                self._end(title, began)

        return run

    def lap(self, taken: float) -> dict[str, float]:
        """Return what was spent in a whole that has taken so long, and begin anew."""
        spent = {**self.spent, _REST: taken - self._inner[0]}
        self.spent, self._inner = dict.fromkeys(spent, 0.0), [0.0]
        return spent

    def _begin(self) -> int:
        self._inner.append(0.0)
        return perf_counter_ns()

    def _end(self, title: str, began: int) -> None:
        taken = perf_counter_ns() - began
        self.spent[title] += taken - self._inner.pop() - self._inside
        self._inner[-1] += taken + self._outside

    def _calibrate(self) -> None:
        """Find out what timing costs: what falls inside the time that is taken, and what falls around it."""

        def nothing() -> None:
            pass

        def nanoseconds(function: Callable[[], None]) -> float:
            began = perf_counter_ns()
            for _ in range(_CALIBRATING_CALLS):
                function()
            return (perf_counter_ns() - began) / _CALIBRATING_CALLS

        timed = self.timed(_REST, nothing)
        # The best of many short tries is one that nothing has interrupted.
        plain = min(nanoseconds(nothing) for _ in range(_CALIBRATING_TRIES))
        whole = min(nanoseconds(timed) for _ in range(_CALIBRATING_TRIES))
        self.lap(0)
        within = []
        for _ in range(_CALIBRATING_TRIES):
            nanoseconds(timed)
            within.append(self.spent[_REST] / _CALIBRATING_CALLS)
            self.lap(0)
        self._inside, self._outside = min(within) - plain, whole - min(within)


def dissect(scenarios: Path, turns: int) -> None:
    """Print where the microseconds of a call go, for a written and for a fresh synthetic customer."""
    collect_seldom()
    written = cycle(range(FIRST_WRITTEN, FIRST_WRITTEN + FEW))
    found = []
    with Path(os.devnull).open("wb") as null:
        for customers in (written, count(next(unknown_ranges()))):
            sandbox = Sandbox(Settings(scenarios=(scenarios,), port=0, watch=False))
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                found.append(runner.run(_dissect(sandbox, LogWriter(null.fileno()), customers, turns)))
    rows = []
    for title in found[0]:
        cells = ((each[title], each[title] / each[_TOGETHER]) for each in found)
        rows.append((title, *chain.from_iterable((f"{taken:.1f} us", f"{share:.0%}") for taken, share in cells)))
    print_table((f"a call, {CONNECTIONS} connections", "written", "share", "fresh synthetic", "share"), rows)


async def _dissect(sandbox: Sandbox, log: LogWriter, customers: Iterator[int], turns: int) -> dict[str, float]:
    """Return the microseconds of each step, and of all together, under their titles."""
    ready: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
    server = Server(sandbox, ready.set_result, access_log=log)
    serving = asyncio.create_task(server.serve())
    address = urlsplit((await ready)[0])
    # As the server does when it starts.
    gc.freeze()
    stopwatch = Stopwatch()
    untimed: list[float] = []
    laps: list[dict[str, float]] = []
    for _ in range(_BLOCKS):
        # A connection keeps the functions that it began with.
        with _connected(address) as connections:
            untimed += [taken async for taken in _turns(connections, customers, turns // _BLOCKS)]
        with _timed_steps(stopwatch), _connected(address) as connections:
            timed = _turns(connections, customers, turns // _BLOCKS, stopwatch)
            laps += [stopwatch.lap(taken) async for taken in timed]
    gc.unfreeze()
    server.should_exit = True
    await serving
    fastest = _faster_half(laps, lambda lap: sum(lap.values()))
    steps = {title: _microseconds([lap[title] for lap in fastest]) for title in stopwatch.spent}
    if missing := [title for title, taken in steps.items() if not taken]:
        raise RuntimeError(f"a call did not come through {', '.join(missing)}: STEPS must say where that is now")
    whole = _microseconds(_faster_half(untimed, lambda taken: taken))
    return {**steps, _TOGETHER: sum(steps.values()), _UNTIMED: whole}


def _faster_half(samples: list[Sample], taken: Callable[[Sample], float]) -> list[Sample]:
    return sorted(samples, key=taken)[: len(samples) // 2]


def _microseconds(nanoseconds_of_turns: list[float]) -> float:
    """Return what one call of such a turn takes."""
    return fmean(nanoseconds_of_turns) / CONNECTIONS / 1000


@contextmanager
def _timed_steps(stopwatch: Stopwatch) -> Iterator[None]:
    """Have every step timed for a while."""
    with ExitStack() as stack:
        for title, owner, name in STEPS:
            function = getattr(owner, name)
            timed = stopwatch.timed_coroutine if iscoroutinefunction(function) else stopwatch.timed
            stack.enter_context(patch.object(owner, name, timed(title, function)))
        yield


@contextmanager
def _connected(address: SplitResult) -> Iterator[list[socket.socket]]:
    """Give the connections for a while."""
    with ExitStack() as stack:
        place = address.hostname, address.port
        yield [stack.enter_context(socket.create_connection(place)) for _ in range(CONNECTIONS)]


async def _turns(
    connections: list[socket.socket], customers: Iterator[int], turns: int, stopwatch: Stopwatch | None = None
) -> AsyncIterator[float]:
    """Go through the nanoseconds of turns in each of which every connection has a call answered."""
    for number in range(-_FIRST_TURNS, turns):
        for connection in connections:
            connection.sendall(_request(next(customers)))
        taken = await _answers(connections)
        if number >= 0:
            yield taken
        elif stopwatch:
            stopwatch.lap(0)


async def _answers(connections: list[socket.socket]) -> float:
    """Let the event loop turn until every connection has its answer; return the nanoseconds that it turned."""
    taken, waiting = 0, connections
    deadline = perf_counter_ns() + _ANSWER_SECONDS * 1e9
    while waiting:
        began = perf_counter_ns()
        await asyncio.sleep(0)
        taken += perf_counter_ns() - began
        answered = select.select(waiting, [], [], 0)[0]
        for connection in answered:
            if not (answer := connection.recv(2**16)).startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"expected 200, found {answer!r}")
        waiting = [connection for connection in waiting if connection not in answered]
        if perf_counter_ns() > deadline:
            raise RuntimeError(f"{len(waiting)} of {len(connections)} calls got no answer")
    return taken


def _request(customer: int) -> bytes:
    """Return a call; each asks with a uuid of its own."""
    body = json.dumps({"customerId": str(customer)}).encode()
    headers = {**HEADERS, "uuid": f"3f2b8c1e-6d5a-4f0b-9c7e-{next(_NUMBERS):012x}", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {PATH} HTTP/1.1\r\nHost: sandbox.test\r\n{lines}\r\n".encode() + body
