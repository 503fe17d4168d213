"""Likely slips: what a scenario file may say, though hardly anybody means it.

Rule 1: a slip is a warning and stops nobody; what is wrong is a mistake, and not for this module.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from .customers import SYNTHETIC_CARD_PREFIX
from .messages import IDENTITY_LENGTHS, IdentityKind
from .scenarios import Scenario
from .schema import Path


def short_numbers(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    """Go through the numbers of an entry that are written out and not of full length, each with its path in it."""
    for number in filter(None, (scenario.identity, scenario.other)):
        if not number.is_full_length:
            length, full = len(number.value), IDENTITY_LENGTHS[number.kind]
            path = (number.kind,) if number == scenario.other else ()
            yield path, f"has not full length: {length} of {full} digits; only a call with exactly these gets it"


def always_beaten(scenarios: Iterable[Scenario]) -> Iterator[tuple[Scenario, str]]:
    """Go through the prefixes that never answer, with the reason.

    A prefix stands for numbers of full length, and a longer one or the number itself beats it: where those cover all
    ten digits that may follow, nothing is left. Synthetic cards lead to their customerId before any prefix of cards.
    """
    scenarios = [scenario for scenario in scenarios if scenario.section in IDENTITY_LENGTHS]
    prefixes = [scenario for scenario in scenarios if scenario.pattern.endswith("*")]
    if not prefixes:
        return
    covered: dict[str, dict[str, bool]] = {kind: _covered(scenarios, kind) for kind in IDENTITY_LENGTHS}
    every_card_leads_to_one = covered["customerId"].get("", False) and not any(
        scenario.own("customerId") and scenario.own("cardNumber") for scenario in scenarios
    )
    for scenario in prefixes:
        prefix = scenario.pattern[:-1]
        if covered[scenario.section].get(prefix):
            yield scenario, "never answers: longer prefixes and whole numbers beat it for every number"
        elif every_card_leads_to_one and scenario.section == "cardNumber" and prefix.startswith(SYNTHETIC_CARD_PREFIX):
            yield (
                scenario,
                "never answers: synthetic cards lead to customers, and prefixes under customerId have them all",
            )


def _covered(scenarios: Iterable[Scenario], kind: IdentityKind) -> dict[str, bool]:
    """Return the beginnings of numbers that entries cover: True where longer ones do so without the prefix itself."""
    entries: dict[int, set[str]] = {}
    # An entry that a `when` leaves silent in some calls covers nothing.
    for scenario in filter(lambda each: each.plain, scenarios):
        if scenario.section == kind and scenario.pattern.endswith("*"):
            entries.setdefault(len(scenario.pattern) - 1, set()).add(scenario.pattern[:-1])
        elif (number := scenario.own(kind)) and len(number) == IDENTITY_LENGTHS[kind]:
            entries.setdefault(len(number), set()).add(number)
    found: dict[str, bool] = {}
    level: set[str] = set()
    for length in range(IDENTITY_LENGTHS[kind], -1, -1):
        followed = Counter(beginning[:-1] for beginning in level)
        full = {beginning for beginning, digits in followed.items() if digits == 10}
        found |= dict.fromkeys(full, True)
        level = full | entries.get(length, set())
    return found
