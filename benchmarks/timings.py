"""What takes its time besides calls: the start, the console's pages, reading files again."""

import time
from pathlib import Path
from statistics import median

from sandbox.console.rendering import CUSTOMERS, ENTRIES

from .data import FIRST_WRITTEN, MANY, write_scenarios
from .server import Caller, sandbox
from .tables import print_table

AIM_SECONDS, AIM_MEGABYTES = 0.3, 50
PAUSE_SECONDS = 0.002
AFTERWARDS_SECONDS = 1.0


def measure_start(many: Path, starts: int) -> None:
    """Print cold start (command to first answer) and idle memory, each beside its aim for the shipped scenarios."""
    rows = []
    for title, scenarios in ((f"shipped (aim {AIM_SECONDS} s, {AIM_MEGABYTES} MB)", None), (f"{MANY:,} entries", many)):
        found = []
        for _ in range(starts):
            with sandbox(scenarios=scenarios) as server:
                found.append(server.cold_start)
        with sandbox(scenarios=scenarios) as server:
            idle = server.idle_megabytes()
        rows.append((title, f"{min(found):.2f} s", f"{median(found):.2f} s", f"{idle:.0f} MB"))
    print_table(("command to first answer", "best", f"median of {starts}", "idle (PSS)"), rows)


def measure_pages(many: Path, visits: int) -> None:
    """Print how long the console's pages take, also far inside a large set and in search of what is rare."""
    searches = [f"{CUSTOMERS.path}?{query}" for query in (f"after={MANY - 50}", "birthday=03-14", "birthday=02-29")]
    rows = []
    with sandbox(scenarios=many) as server, Caller(server.url) as caller:
        for path in [*(entry.path for entry in ENTRIES), *searches]:
            found = []
            for _ in range(visits):
                began = time.perf_counter()
                caller.visit(path)
                found.append((time.perf_counter() - began) * 1000)
            rows.append((path, f"{min(found):.1f} ms", f"{median(found):.1f} ms"))
    print_table((f"a page, {MANY:,} entries", "best", f"median of {visits}"), rows)


def measure_reload(many: Path) -> None:
    """Print what a steady caller sees while all entries are read again. The files in `many` are others afterwards."""
    with sandbox(scenarios=many) as server, Caller(server.url) as caller:
        quiet = _latencies(caller, "Ana Soto")
        began = time.perf_counter()
        write_scenarios(many, MANY, "Eva Luna")
        during = _latencies(caller, "Eva Luna")
        seen_after = time.perf_counter() - began - AFTERWARDS_SECONDS
    rows = [
        (title, f"{max(found):.1f} ms", f"{sorted(found)[int(len(found) * 0.99)]:.1f} ms", f"{median(found):.1f} ms")
        for title, found in (("quiet", quiet), (f"reloading, new answer after {seen_after:.1f} s", during))
    ]
    print_table((f"a steady caller, {MANY:,} entries", "longest", "99 %", "median"), rows)


def _latencies(caller: Caller, name: str) -> list[float]:
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
