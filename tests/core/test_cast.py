"""Finding people who are written down: by property, from any position, looking only at those who may suit."""

from itertools import islice

from sandbox.core.cast import Cast
from sandbox.core.customers import Birthday
from sandbox.core.messages import Place
from sandbox.core.scenarios import SYNTHETIC, CustomerOutcome, Scenario, Step


def scenario(number: int, outcome: CustomerOutcome) -> Scenario:
    return Scenario("customerId", f"{number:012}", Place("test.yaml", number), (Step(outcome),))


def crowd(size: int) -> Cast:
    """Return many people of whom every thousandth celebrates every day, and one entry leaves everything open."""
    people = [
        scenario(n, CustomerOutcome("Somebody", "10", "today" if n % 1_000 == 999 else (3, 14))) for n in range(size)
    ]
    return Cast([*people, scenario(size, SYNTHETIC)])


class Celebrating:
    """The question who celebrates, which counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, segment: str, birthday: Birthday) -> bool:
        self.asked += 1
        return birthday == "today"


def test_those_who_suit_or_may_suit_are_found_in_their_order() -> None:
    assert list(crowd(3_000).positions(0, Celebrating())) == [999, 1_999, 2_999, 3_000]


def test_a_search_may_begin_anywhere() -> None:
    cast = crowd(3_000)
    assert list(cast.positions(1_999, Celebrating())) == [1_999, 2_999, 3_000]
    assert list(cast.positions(2_000, Celebrating())) == [2_999, 3_000]
    assert list(cast.positions(3_001, Celebrating())) == []


def test_however_many_there_are_and_wherever_one_begins_the_question_is_asked_as_often() -> None:
    asked = []
    for size, start in ((1_000, 0), (50_000, 0), (50_000, 49_000)):
        who = Celebrating()
        assert list(islice(crowd(size).positions(start, who), 1))
        asked.append(who.asked)
    assert asked == [2, 2, 2]


def test_cases_that_are_nobody_are_left_out() -> None:
    magic, prefix = (
        Scenario("customerId", pattern, Place("x.yaml", 1), (Step(SYNTHETIC),)) for pattern in ("999911000020", "3211*")
    )
    assert len(Cast([magic, prefix, scenario(3, SYNTHETIC)])) == 1


def test_birthdays_are_counted_once_and_for_all_as_far_as_entries_say_them() -> None:
    assert crowd(3_000).birthdays == {(3, 14): 2_997, "today": 3}
