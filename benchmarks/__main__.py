"""Measure the sandbox beside an ordinary Starlette endpoint and a bare ASGI function: `make bench`.

Ratios travel between machines, absolute figures don't. All servers run on uvicorn with httptools and uvloop, without an
access log, one process each; rounds alternate, and a ratio is taken within its round.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from sandbox.console.rendering import CUSTOMERS, ENTRIES

from .server import Caller, Server

FEW, MANY = 1_000, 100_000
FIRST_WRITTEN, FIRST_UNKNOWN = 500_000_000_000, 600_000_000_000
STARTS = 10
VISITS = 20
PAUSE_SECONDS = 0.002
AFTERWARDS_SECONDS = 1.0


def write_scenarios(directory: Path, count: int, name: str = "Ana Soto") -> Path:
    """Write as many scenarios, for customerIds from FIRST_WRITTEN on, whose customers have this name."""
    entries = (
        f'  "{number}":\n    customer: {{fullName: {name}, customerSegment: "30", birthday: 03-14}}\n'
        for number in range(FIRST_WRITTEN, FIRST_WRITTEN + count)
    )
    directory.mkdir(exist_ok=True)
    unfinished = directory / "unfinished"
    unfinished.write_text("customerId:\n" + "".join(entries), "utf-8")
    unfinished.replace(directory / "customers.yaml")
    return directory


def sandbox(scenarios: Path | None = None) -> Server:
    """Start our server."""
    return Server(
        "sandbox", "serve", "--port=0", "--no-access-log", *([f"--scenarios={scenarios}"] if scenarios else [])
    )


def peer(name: str) -> Server:
    """Start a server that ours is measured against."""
    return Server("benchmarks.peers", name)


def compare_throughput(few: Path, many: Path, seconds: float, rounds: int) -> None:
    """Print answers per CPU-second of the server, relative to the Starlette endpoint."""
    starlette, few_title, many_title = "Starlette endpoint", f"{FEW:,} entries", f"{MANY:,} entries"
    with ExitStack() as stack:
        ours, loaded = stack.enter_context(sandbox(few)), stack.enter_context(sandbox(many))
        written, unknown = (FIRST_WRITTEN, 0), (FIRST_UNKNOWN, 1)
        runs = {
            starlette: (stack.enter_context(peer("starlette")), *written, FEW),
            "bare ASGI function": (stack.enter_context(peer("bare")), *written, FEW),
            f"scenario, {few_title}": (ours, *written, FEW),
            f"scenario, {many_title}": (loaded, *written, MANY),
            f"synthetic, {few_title}": (ours, *unknown, 10**9),
            f"synthetic, {many_title}": (loaded, *unknown, 10**9),
        }
        for server, first, _, _ in list(runs.values())[2:]:
            check_rule(server, first)
        figures: dict[str, list[float]] = {title: [] for title in runs}
        for number in range(rounds):
            for title, (server, first, is_fresh, count) in runs.items():
                # Nobody is asked for twice: each round has a range of its own.
                figures[title].append(server.load(seconds, first + is_fresh * (number + 1) * 10**9, count))
    rows = []
    for title, found in figures.items():
        ratios = [one / base for one, base in zip(found, figures[starlette], strict=True)]
        rows.append((title, f"{median(ratios):.2f}", f"{min(ratios):.2f} - {max(ratios):.2f}", f"{median(found):,.0f}"))
    print_table(("answers per CPU-second", "ratio", "lowest - highest", "absolute"), rows)


def check_rule(server: Server, first: int) -> None:
    """Make sure that what is measured is what is meant."""
    expected = "scenario_file" if first == FIRST_WRITTEN else "synthetic_customer"
    with Caller(server.url) as caller:
        rule, body = caller.ask(str(first))
    if rule != expected:
        raise RuntimeError(f"expected {expected}, found {rule}: {body!r}")


def measure_start(many: Path) -> None:
    """Print cold start (command to first answer) and idle memory."""

    def starts(*scenarios: Path) -> list[float]:
        found = []
        for _ in range(STARTS):
            with sandbox(*scenarios) as server:
                found.append(server.cold_start)
        return found

    ours, loaded = starts(), starts(many)
    with sandbox() as server, sandbox(many) as full:
        idle, idle_loaded = server.idle_megabytes(), full.idle_megabytes()
    rows = [
        ("shipped scenarios", f"{min(ours):.2f} s", f"{median(ours):.2f} s", f"{idle:.0f} MB"),
        (f"{MANY:,} entries", f"{min(loaded):.2f} s", f"{median(loaded):.2f} s", f"{idle_loaded:.0f} MB"),
    ]
    print_table(("command to first answer", "best", f"median of {STARTS}", "idle (PSS)"), rows)


def measure_reload(many: Path) -> None:
    """Print what a steady caller sees while all entries are read again."""
    with sandbox(many) as server, Caller(server.url) as caller:
        quiet = latencies(caller, "Ana Soto")
        began = time.perf_counter()
        write_scenarios(many, MANY, "Eva Luna")
        during = latencies(caller, "Eva Luna")
        seen_after = time.perf_counter() - began - AFTERWARDS_SECONDS
    rows = [
        (title, f"{max(found):.1f} ms", f"{sorted(found)[int(len(found) * 0.99)]:.1f} ms", f"{median(found):.1f} ms")
        for title, found in (("quiet", quiet), (f"reloading, new answer after {seen_after:.1f} s", during))
    ]
    print_table((f"a steady caller, {MANY:,} entries", "longest", "99 %", "median"), rows)


def measure_pages(many: Path) -> None:
    """Print how long the console's pages take, also far inside a large set and in search of what is rare."""
    searches = [f"{CUSTOMERS.path}?{query}" for query in (f"after={MANY - 50}", "birthday=03-14", "birthday=02-29")]
    rows = []
    with sandbox(many) as server, Caller(server.url) as caller:
        for path in [*(entry.path for entry in ENTRIES), *searches]:
            found = []
            for _ in range(VISITS):
                began = time.perf_counter()
                caller.visit(path)
                found.append((time.perf_counter() - began) * 1000)
            rows.append((path, f"{min(found):.1f} ms", f"{median(found):.1f} ms"))
    print_table((f"a page, {MANY:,} entries", "best", f"median of {VISITS}"), rows)


def latencies(caller: Caller, name: str) -> list[float]:
    """Call steadily until a customer with this name has answered, and a while longer. Return milliseconds."""
    found, end = [], float("inf")
    while (began := time.perf_counter()) < end:
        _, body = caller.ask(str(FIRST_WRITTEN))
        ended = time.perf_counter()
        found.append((ended - began) * 1000)
        if end == float("inf") and name.encode() in body:
            end = ended + AFTERWARDS_SECONDS
        time.sleep(PAUSE_SECONDS)
    return found


def print_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table, its first column to the left."""
    table = [tuple(head), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for first, *others in table:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        print("  ".join([first.ljust(widths[0]), *cells]))
    print(flush=True)


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=4, help="how long one round of one server takes")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("the load comes from wrk, which is not installed: sudo apt-get install wrk")
    with tempfile.TemporaryDirectory() as directory:
        few = write_scenarios(Path(directory) / "few", FEW)
        many = write_scenarios(Path(directory) / "many", MANY)
        compare_throughput(few, many, arguments.seconds, arguments.rounds)
        measure_start(many)
        measure_pages(many)
        measure_reload(many)


if __name__ == "__main__":
    main()
