"""How long something takes, as people write it: `800ms`, `2s`, `1.5s`, `1m`, `1h`.

Rule 1: the grammar and the bound of every delay live here.
"""

import re

from .messages import shown

LONGEST_SECONDS = 3600.0
GRAMMAR = "a duration such as 800ms, 2s, 1.5s or 1m, at most 1 hour"

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def read_duration(text: str) -> float:
    """Return the duration in seconds.

    Raises ValueError, saying what was found and what was expected, for anything else than `GRAMMAR`.
    """
    match = _DURATION.fullmatch(text.strip(" "))
    seconds = float(match[1]) * _SECONDS[match[2]] if match else -1.0
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"found {shown(text[:40])}, expected {GRAMMAR}")
    return seconds
