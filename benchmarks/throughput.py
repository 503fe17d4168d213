"""What a call costs: answers per CPU-second of the server, and how long callers wait, beside other servers.

Rule 1: rounds alternate, and a ratio is taken within its round; ratios travel between machines, absolute figures don't.
Rule 2: every customer whom nobody wrote is asked for once.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from . import public_peers
from .data import FEW, FIRST_OVERRIDDEN, FIRST_WRITTEN, MANY, OVERRIDES, UNKNOWN_RANGE, place_overrides, unknown_ranges
from .server import Caller, Load, Server, sandbox
from .tables import print_table, spread

CONNECTIONS = (1, 16, 64)
USUAL_CONNECTIONS = 16
ENDPOINT = "Starlette endpoint"


class Run(NamedTuple):
    """One line of the tables: `customers` customerIds from `first` on, asked of a server.

    `first` is None for customers whom nobody wrote. `is_everywhere` tells that it is measured at each number of
    connections, and not at the usual one alone; `rule` is the one that has to answer, None where there are no rules.
    """

    server: Server
    rule: str | None = None
    first: int | None = FIRST_WRITTEN
    customers: int = FEW
    is_everywhere: bool = True


def compare(few: Path, many: Path, directory: Path, seconds: int, rounds: int, with_peers: bool) -> None:
    """Measure all servers side by side, and print a table for each number of connections."""
    with ExitStack() as stack:
        runs = _runs(stack, few, many, directory, with_peers)
        ranges = unknown_ranges()
        for title, run in runs.items():
            _check(title, run, ranges)
        figures: dict[tuple[int, str], list[Load]] = {}
        for _ in range(rounds):
            for connections in CONNECTIONS:
                for title, run in runs.items():
                    if run.is_everywhere or connections == USUAL_CONNECTIONS:
                        first = next(ranges) if run.first is None else run.first
                        found = run.server.load(seconds, connections, first, run.customers)
                        figures.setdefault((connections, title), []).append(found)
    for connections in CONNECTIONS:
        _print(connections, {title: found for (number, title), found in figures.items() if number == connections})


def _runs(stack: ExitStack, few: Path, many: Path, directory: Path, with_peers: bool) -> dict[str, Run]:
    """Start all servers; return what is asked of them, by the titles of the lines."""

    def start(name: str) -> Server:
        return stack.enter_context(Server([sys.executable, "-m", "benchmarks.peers", name]))

    ours, quiet = (stack.enter_context(sandbox(*options, scenarios=few)) for options in ((), ("--no-access-log",)))
    loaded, steered = (stack.enter_context(sandbox(scenarios=place)) for place in (many, few))
    _print_placing(place_overrides(steered.url, OVERRIDES))
    runs = {
        ENDPOINT: Run(start("starlette")),
        "bare ASGI function": Run(start("bare")),
        "ours, written": Run(ours, "scenario_file"),
        "ours, fresh synthetic": Run(ours, "synthetic_customer", None, UNKNOWN_RANGE),
        "ours without log, written": Run(quiet, "scenario_file"),
        "ours without log, fresh synthetic": Run(quiet, "synthetic_customer", None, UNKNOWN_RANGE),
        f"ours, {MANY:,} entries, written": Run(loaded, "scenario_file", FIRST_WRITTEN, MANY, False),
        f"ours, {MANY:,} entries, fresh synthetic": Run(loaded, "synthetic_customer", None, UNKNOWN_RANGE, False),
        f"ours, {OVERRIDES:,} overrides, overridden": Run(steered, "override", FIRST_OVERRIDDEN, OVERRIDES, False),
        f"ours, {OVERRIDES:,} overrides, written": Run(steered, "scenario_file", FIRST_WRITTEN, FEW, False),
    }
    if with_peers:
        runs[f"{public_peers.PRISM}, one example"] = Run(stack.enter_context(public_peers.start_prism()))
        mountebank = stack.enter_context(public_peers.start_mountebank(directory))
        runs[f"{public_peers.MOUNTEBANK}, {FEW:,} stubs"] = Run(mountebank)
    return runs


def _check(title: str, run: Run, ranges: Iterator[int]) -> None:
    """Make sure that what is measured is what is meant."""
    with Caller(run.server.url) as caller:
        rule, body = caller.ask(str(next(ranges) if run.first is None else run.first))
    if rule != run.rule or b'"fullName"' not in body:
        raise RuntimeError(f"{title}: expected {run.rule}, found {rule}: {body!r}")


def _print_placing(seconds: list[float]) -> None:
    some = len(seconds) // 10
    row = f"{sum(seconds):.1f} s", *(f"{sum(part) / some * 1000:.2f} ms" for part in (seconds[:some], seconds[-some:]))
    head = "placed over the control API", "all", f"each of the first {some:,}", f"of the last {some:,}"
    print_table(head, [(f"{len(seconds):,} overrides", *row)])


def _print(connections: int, figures: dict[str, list[Load]]) -> None:
    rows = []
    for title, found in figures.items():
        pairs = list(zip(found, figures[ENDPOINT], strict=True))
        ratios = [one.per_cpu_second / base.per_cpu_second for one, base in pairs]
        p99_ratios = [one.p99 / base.p99 for one, base in pairs]
        absolute = f"{median(one.per_cpu_second for one in found):,.0f}"
        waits = (f"{median(waits):.2f} ms" for waits in zip(*((one.p50, one.p99) for one in found), strict=True))
        rows.append((title, *spread(ratios), absolute, *waits, *spread(p99_ratios)))
    many = f"{connections} connection{'s' * (connections > 1)}"
    head = many, "ratio", "lowest - highest", "per CPU-s", "p50", "p99", "p99 ratio", "lowest - highest"
    print_table(head, rows)
