"""Whom the servers are asked about: written customers, overridden ones, and ranges of customers whom nobody wrote."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from .server import Caller

FEW, MANY, OVERRIDES = 1_000, 100_000, 10_000
FIRST_WRITTEN, FIRST_UNKNOWN, FIRST_OVERRIDDEN = 500_000_000_000, 600_000_000_000, 800_000_000_000
UNKNOWN_RANGE = 100_000_000


def write_scenarios(directory: Path, number: int, name: str = "Ana Soto") -> Path:
    """Write as many scenarios, for customerIds from FIRST_WRITTEN on, whose customers have this name."""
    entries = (
        f'  "{customer}":\n    customer: {{fullName: {name}, customerSegment: "30", birthday: 03-14}}\n'
        for customer in range(FIRST_WRITTEN, FIRST_WRITTEN + number)
    )
    directory.mkdir(exist_ok=True)
    unfinished = directory / "unfinished"
    unfinished.write_text("customerId:\n" + "".join(entries), "utf-8")
    unfinished.replace(directory / "customers.yaml")
    return directory


def unknown_ranges() -> Iterator[int]:
    """Go through the starts of ranges of customerIds that nobody wrote and nobody else is given."""
    return count(FIRST_UNKNOWN, UNKNOWN_RANGE)


def place_overrides(url: str, number: int) -> list[float]:
    """Place as many overrides, for customerIds from FIRST_OVERRIDDEN on; return the seconds that each took."""
    entry = {"customer": {"fullName": "Eva Luna", "customerSegment": "20", "birthday": "03-14"}}
    found = []
    with Caller(url) as caller:
        for customer in range(FIRST_OVERRIDDEN, FIRST_OVERRIDDEN + number):
            began = time.perf_counter()
            caller.place(str(customer), entry)
            found.append(time.perf_counter() - began)
    return found
