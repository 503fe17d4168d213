"""The cast: everybody who is written down, each in a place of their own, found by segment and birthday.

Rule 1: looking for a property costs what is found, not what there is: a file may hold 100,000 people.
"""

import heapq
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from .customers import Birthday
from .scenarios import CustomerOutcome, Scenario

Suits: TypeAlias = Callable[[str, Birthday], bool]


class Cast:
    """Those of the scenarios that are somebody in every call; a position counts from 0, in the scenarios' order."""

    def __init__(self, scenarios: Iterable[Scenario] = ()) -> None:
        plain = (scenario.plain for scenario in scenarios)
        self._people = tuple(scenario for scenario in plain if scenario and scenario.is_somebody)
        # None stands for what an entry leaves open: such people have to be looked at one by one.
        self._positions: dict[tuple[str, Birthday] | None, list[int]] = {}
        for position, scenario in enumerate(self._people):
            self._positions.setdefault(_properties(scenario), []).append(position)

        # How many celebrate on each birthday, as far as the entries say it.
        self.birthdays: Counter[Birthday] = Counter()
        for properties, positions in self._positions.items():
            if properties:
                self.birthdays[properties[1]] += len(positions)

    def __len__(self) -> int:
        return len(self._people)

    def __getitem__(self, position: int) -> Scenario:
        return self._people[position]

    def positions(self, start: int, suits: Suits) -> Iterator[int]:
        """Go through those from a position on who suit, or who may."""
        likely = (
            positions for properties, positions in self._positions.items() if not properties or suits(*properties)
        )
        return heapq.merge(*(positions[bisect_left(positions, start) :] for positions in likely))


def _properties(scenario: Scenario) -> tuple[str, Birthday] | None:
    outcome = scenario.steps[-1].outcome
    if isinstance(outcome, CustomerOutcome) and isinstance(outcome.segment, str) and outcome.birthday is not None:
        return outcome.segment, outcome.birthday
    return None
