"""Likely slips are warned of: numbers that are too short, entries that never answer, files that say nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.customers import card_of
from sandbox.core.messages import IDENTITY_LENGTHS, Identity
from sandbox.core.scenario_book import ScenarioBook
from sandbox.core.slips import always_beaten
from sandbox.files.loader import Loader
from sandbox.files.shipped import shipped_scenarios

from .bank import CONTRACT, entry

NOT_FOUND = "{error: resourceNotFound}"
TEN = "".join(f"  '12{digit}*': {NOT_FOUND}\n" for digit in range(10))


def warnings(root: Path, content: str, name: str = "a.yaml") -> list[str]:
    (root / name).write_text(content, "utf-8")
    return [str(warning).replace(f"{root}/", "") for warning in Loader(CONTRACT, [root]).load().warnings]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("# soon\n", ["a.yaml:1:1: has nothing but comments in it"]),
        ("---\n# soon\n", ["a.yaml:1:1: has nothing but comments in it"]),
        (
            f"customerId:\n  '123': {NOT_FOUND}\n",
            ["a.yaml:2:3: customerId.123: has not full length: 3 of 12 digits; only a call with exactly these gets it"],
        ),
        (
            f"cardNumber:\n  '123': {NOT_FOUND}\n",
            ["a.yaml:2:3: cardNumber.123: has not full length: 3 of 16 digits; only a call with exactly these gets it"],
        ),
        (
            "customerId:\n  '100000000001': {cardNumber: '5', customer: synthetic}\n",
            [
                "a.yaml:2:20: customerId.100000000001.cardNumber: has not full length: 1 of 16 digits; "
                "only a call with exactly these gets it"
            ],
        ),
        (
            f"customerId:\n{TEN}  '12*': {NOT_FOUND}\n",
            ["a.yaml:12:3: customerId.12*: never answers: longer prefixes and whole numbers beat it for every number"],
        ),
        (f"customerId:\n  '100000000001': {NOT_FOUND}\n  '1*': {NOT_FOUND}\n  '11*': {NOT_FOUND}\n", []),
        (f"named:\n  slow: {NOT_FOUND}\n", []),
    ],
)
def test_a_likely_slip_is_warned_of(tmp_path: Path, content: str, expected: list[str]) -> None:
    assert warnings(tmp_path, content) == expected


def test_a_world_of_comments_is_the_shipped_one(tmp_path: Path) -> None:
    assert warnings(tmp_path, "# soon", "world.yaml") == ["world.yaml:1:1: has nothing but comments in it"]


def test_what_ships_has_no_slip() -> None:
    assert Loader(CONTRACT, [shipped_scenarios()]).load().warnings == ()


def test_warnings_are_the_same_when_nothing_has_changed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# soon")
    loader = Loader(CONTRACT, [tmp_path])
    first = loader.load()
    (tmp_path / "b.yaml").write_text("# soon")
    second = loader.load()
    assert [len(file_set.warnings) for file_set in (first, second)] == [1, 2]


def beaten(*patterns: str, section: str = "customerId") -> set[str]:
    scenarios = [entry(section, pattern, {"error": "resourceNotFound"}) for pattern in patterns]
    return {scenario.pattern for scenario, _ in always_beaten(scenarios)}


DIGITS = range(10)


def test_a_prefix_is_beaten_by_longer_prefixes_and_numbers_that_leave_nothing_to_it() -> None:
    assert beaten("1*", *(f"1{digit}*" for digit in DIGITS)) == {"1*"}
    assert beaten("1*", *(f"1{digit}*" for digit in range(9))) == set()
    assert beaten("1*", *(f"1{digit}*" for digit in range(9)), *(f"19{digit}*" for digit in DIGITS)) == {"1*"}
    assert beaten("12345678901*", *(f"12345678901{digit}" for digit in DIGITS)) == {"12345678901*"}
    # A number that is not of full length is nobody's prefix.
    assert beaten("1*", *(f"1{digit}" for digit in DIGITS)) == set()


def test_prefixes_of_synthetic_cards_are_beaten_where_every_customer_has_an_entry() -> None:
    def both(*more: object) -> set[str]:
        everybody = [entry("customerId", f"{digit}*", {"customer": "synthetic"}) for digit in DIGITS]
        cards = [entry("cardNumber", pattern, {"customer": "synthetic"}) for pattern in ("99901*", "5*")]
        return {scenario.pattern for scenario, _ in always_beaten([*everybody, *cards, *more])}  # type: ignore[list-item]

    assert both() == {"99901*"}
    owned = entry("customerId", "100000000001", {"customer": "synthetic", "cardNumber": "5500000000000004"})
    assert both(owned) == set()
    card = card_of("100000000001")
    book = ScenarioBook([owned, entry("cardNumber", f"{card[:5]}*", {"customer": "synthetic"})])
    assert book.match(Identity("cardNumber", card)) is not None


@given(st.sets(st.text("01", min_size=1, max_size=3), max_size=6), st.sets(st.sampled_from(["", "0", "1", "01"])))
def test_what_is_said_to_be_beaten_never_answers_and_all_else_does(prefixes: set[str], full: set[str]) -> None:
    """Those in `full` have all ten longer ones."""
    patterns = {f"5{prefix}*" for prefix in prefixes} | {f"5{prefix}{digit}*" for prefix in full for digit in DIGITS}
    found = beaten(*patterns)
    book = ScenarioBook([entry("customerId", pattern, {"error": "resourceNotFound"}) for pattern in patterns])
    for pattern in patterns:
        # Nothing here is longer than five digits, so these stand for all numbers that begin so.
        free = 5 - len(pattern[:-1])
        numbers = (pattern[:-1] + f"{rest:0{free}}"[:free] for rest in range(10**free))
        answers = {
            scenario.pattern
            for number in numbers
            if (scenario := book.match(Identity("customerId", number.ljust(IDENTITY_LENGTHS["customerId"], "7"))))
        }
        assert (pattern not in answers) == (pattern in found)
