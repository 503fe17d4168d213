"""Measure the sandbox beside an ordinary Starlette endpoint and a bare ASGI function: `make bench`.

docs/benchmarks.md says how to read what is printed.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from . import public_peers
from .anatomy import dissect
from .data import FEW, MANY, write_scenarios
from .throughput import compare
from .timings import measure_pages, measure_reload, measure_start

PARTS = ("anatomy", "load", "start", "pages", "reload")


def main() -> None:
    """Measure everything, or the parts that are named, and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", help=f"what to measure, of {', '.join(PARTS)}; all of it by default")
    parser.add_argument("--seconds", type=_whole, help="how long one round of one server takes: 3, quick 1")
    parser.add_argument("--rounds", type=_whole, help="how many rounds there are: 5, quick 1")
    parser.add_argument("--quick", action="store_true", help="take about a minute: fewer rounds, starts and visits")
    parser.add_argument("--peers", action="store_true", help="install public peers with npm, and load them too")
    arguments = parser.parse_args()
    quick, parts = arguments.quick, arguments.parts or PARTS
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"found {', '.join(unknown)}, expected {', '.join(PARTS)}")
    if "load" in parts and not shutil.which("wrk"):
        sys.exit("the load comes from wrk, which is not installed: sudo apt-get install wrk")
    if arguments.peers:
        if "load" not in parts:
            parser.error("--peers goes with the part load")
        public_peers.install()
    _print_load_average("before")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        few, many = (write_scenarios(directory / str(number), number) for number in (FEW, MANY))
        if "anatomy" in parts:
            dissect(few, 200 if quick else 1_000)
        if "load" in parts:
            seconds, rounds = arguments.seconds or (1 if quick else 3), arguments.rounds or (1 if quick else 5)
            compare(few, many, directory, seconds, rounds, arguments.peers)
        if "start" in parts:
            measure_start(many, 3 if quick else 10)
        if "pages" in parts:
            measure_pages(many, 5 if quick else 20)
        if "reload" in parts:
            measure_reload(many)
    _print_load_average("after")


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 1 on")
    return int(text)


def _print_load_average(when: str) -> None:
    averages = " ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"load average {when}, of {os.cpu_count()} cores: {averages}\n", flush=True)


if __name__ == "__main__":
    main()
