"""Scenarios: who is found for which numbers, and what is answered call after call."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.call import Call
from sandbox.core.customers import card_of
from sandbox.core.messages import Identity
from sandbox.core.scenario_book import ScenarioBook
from sandbox.core.scenarios import CustomerOutcome, Delay, Draw, ErrorOutcome, LognormalDelay, Scenario, UniformDelay
from sandbox.core.seeded_random import chance
from sandbox.core.templates import TemplateMistake
from sandbox.core.times import MAX_SECONDS

from .bank import DOCUMENTED_ID, MEXICO, NOW, OTHER_CARD, POPULATION, SOME_ID, book, call, entry, request

NOT_FOUND = {"error": "resourceNotFound"}
SYNTHETIC = {"customer": "synthetic"}
CARD = "5000000000000001"


def by_id(number: str) -> Identity:
    return Identity("customerId", number)


def by_card(number: str) -> Identity:
    return Identity("cardNumber", number)


def pattern(scenario: Scenario | None) -> str | None:
    return scenario.pattern if scenario else None


# The matcher


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (by_id("321100000000"), "321100000000"),
        (by_id("321100000001"), "32110*"),
        (by_id("321111111111"), "3211*"),
        (by_id("400000000000"), None),
        (by_id("321"), "321"),
        (by_id("3211"), None),
        (by_id("32110"), None),
        (by_id("0321"), None),
        (by_card("3211000000000000"), "3*"),
        (by_card("321100000000"), None),
        (by_card("400"), "400"),
        (by_id("slow"), None),
    ],
)
def test_exact_is_before_prefix_and_a_longer_prefix_before_a_shorter(identity: Identity, expected: str | None) -> None:
    scenarios = book(
        customerId=dict.fromkeys(["3211*", "32110*", "321100000000", "321"], NOT_FOUND),
        cardNumber=dict.fromkeys(["3*", "400"], NOT_FOUND),
        named={"slow": NOT_FOUND},
    )
    assert pattern(scenarios.match(identity)) == expected


_DIGITS = st.text("01", min_size=1, max_size=12)


@given(st.sets(_DIGITS), st.sets(_DIGITS.map(lambda digits: digits[:11])), st.text("01", min_size=10, max_size=12))
def test_the_matcher_finds_what_a_search_through_everything_finds(
    exact: set[str], prefixes: set[str], number: str
) -> None:
    scenarios = book(customerId=dict.fromkeys([*exact, *(f"{prefix}*" for prefix in prefixes)], NOT_FOUND))
    fitting = [prefix for prefix in prefixes if len(number) == 12 and number.startswith(prefix)]
    expected = number if number in exact else f"{max(fitting, key=len)}*" if fitting else None
    assert pattern(scenarios.match(by_id(number))) == expected


def test_a_book_holds_every_scenario_once_also_under_two_numbers() -> None:
    scenarios = book(
        customerId={SOME_ID: {"cardNumber": CARD, **SYNTHETIC}, "3*": NOT_FOUND},
        cardNumber={OTHER_CARD: NOT_FOUND},
        named={"slow": NOT_FOUND},
    )
    assert [scenario.pattern for scenario in scenarios] == [SOME_ID, "3*", OTHER_CARD, "slow"]
    assert scenarios.match(by_card(CARD)) is scenarios.match(by_id(SOME_ID))


def test_a_name_is_found_in_any_case() -> None:
    assert set(book(named={"Slow-Gateway": NOT_FOUND}).named) == {"slow-gateway"}


def test_a_later_scenario_takes_the_place_of_an_earlier_one() -> None:
    first, second = entry("customerId", "1", NOT_FOUND), entry("customerId", "1", SYNTHETIC)
    assert ScenarioBook([first, second]).match(by_id("1")) is second


# Both numbers at once

FILES: dict[str, dict[str, Any]] = {
    "customerId": {
        "100000000001": {"cardNumber": CARD, **SYNTHETIC},
        "100000000002": SYNTHETIC,
        "100000000003": NOT_FOUND,
        "100000000004": {"cardNumber": "5000000000000004", **NOT_FOUND},
        "2*": SYNTHETIC,
        "3*": NOT_FOUND,
    },
    "cardNumber": {
        "5000000000000006": SYNTHETIC,
        "5000000000000007": NOT_FOUND,
        "5000000000000008": {"customerId": "100000000008", **SYNTHETIC},
        "51*": SYNTHETIC,
        "52*": NOT_FOUND,
    },
}


@pytest.mark.parametrize(
    ("customer_id", "card_number", "agree", "found"),
    [
        # The entry says whose both numbers are.
        ("100000000001", CARD, True, "100000000001"),
        ("100000000001", OTHER_CARD, False, None),
        (SOME_ID, CARD, False, None),
        ("100000000002", CARD, False, None),
        ("100000000001", card_of("100000000001"), False, None),
        ("100000000008", "5000000000000008", True, "5000000000000008"),
        ("100000000008", OTHER_CARD, False, None),
        (SOME_ID, "5000000000000008", False, None),
        # An error answers for its number, whoever the other one belongs to.
        ("100000000004", "5000000000000004", True, "100000000004"),
        ("100000000004", OTHER_CARD, False, "100000000004"),
        (SOME_ID, "5000000000000004", False, "100000000004"),
        ("100000000003", OTHER_CARD, True, "100000000003"),
        (SOME_ID, "5000000000000007", False, "5000000000000007"),
        # A customer who is written down without a card may have any that is nobody's ...
        ("100000000002", OTHER_CARD, True, "100000000002"),
        ("100000000002", card_of("100000000002"), True, "100000000002"),
        ("200000000000", OTHER_CARD, True, "2*"),
        # ... but not somebody else's.
        ("100000000002", card_of(SOME_ID), False, None),
        ("100000000002", "5000000000000006", False, None),
        ("200000000000", card_of(SOME_ID), False, None),
        # Nobody wrote the customerId down: only its own synthetic card fits.
        (SOME_ID, card_of(SOME_ID), True, None),
        (SOME_ID, OTHER_CARD, False, None),
        (SOME_ID, "5000000000000006", False, None),
        (SOME_ID, "5100000000000000", False, None),
        (SOME_ID, "5200000000000000", False, "52*"),
        # The customerId is asked first.
        ("100000000003", CARD, False, "100000000003"),
        ("300000000000", "5000000000000007", True, "3*"),
    ],
)
def test_a_scenario_that_names_a_customer_is_silent_when_the_other_number_is_somebody_elses(
    customer_id: str, card_number: str, agree: bool, found: str | None
) -> None:
    scenarios = book(**FILES)
    assert scenarios.agree(customer_id, card_number) == agree
    assert pattern(scenarios.find(by_id(customer_id), by_card(card_number))) == found


@pytest.mark.parametrize(
    ("customer_id", "card_number", "found"),
    [
        ("100000000001", None, "100000000001"),
        (None, CARD, "100000000001"),
        (None, "5100000000000000", "51*"),
        (SOME_ID, None, None),
        (None, OTHER_CARD, None),
        (None, None, None),
    ],
)
def test_one_number_alone_is_only_matched(customer_id: str | None, card_number: str | None, found: str | None) -> None:
    scenarios = book(**FILES)
    identities = by_id(customer_id) if customer_id else None, by_card(card_number) if card_number else None
    assert pattern(scenarios.find(*identities)) == found


# What is answered


def outcomes(scenario: Scenario, calls: int) -> list[str]:
    steps = [scenario.step(call) for call in range(calls)]
    return [str(s.outcome.error.status) if isinstance(s.outcome, ErrorOutcome) else "customer" for s in steps]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (NOT_FOUND, ["404"] * 5),
        ({"sequence": [NOT_FOUND]}, ["404"] * 5),
        ({"sequence": [NOT_FOUND, SYNTHETIC]}, ["404"] + ["customer"] * 4),
        (
            {
                "sequence": [
                    {"error": "serverUnavailable", "times": 2},
                    NOT_FOUND,
                    {**SYNTHETIC, "times": "1"},
                    NOT_FOUND,
                ]
            },
            ["500", "500", "404", "customer", "404"],
        ),
    ],
)
def test_a_sequence_goes_on_call_by_call_and_stays_on_the_last(data: dict[str, Any], expected: list[str]) -> None:
    assert outcomes(entry("customerId", "1", data), 5) == expected


@pytest.mark.parametrize(
    ("data", "is_counted"),
    [
        (NOT_FOUND, False),
        ({**NOT_FOUND, "delay": "1s"}, False),
        ({**NOT_FOUND, "fault": "connectionReset"}, False),
        ({"sequence": [NOT_FOUND, SYNTHETIC]}, True),
        ({**NOT_FOUND, "times": 1}, True),
        ({**NOT_FOUND, "delay": {"uniform": ["1s", "2s"]}}, True),
        ({**NOT_FOUND, "delay": {"lognormal": {"median": "1s", "sigma": 1}}}, True),
        ({**NOT_FOUND, "fault": {"name": "connectionReset", "first": 1}}, True),
    ],
)
def test_calls_are_counted_only_where_the_answer_depends_on_them(data: dict[str, Any], is_counted: bool) -> None:
    assert entry("customerId", "1", data).is_counted == is_counted


def test_the_delay_and_fault_of_an_entry_hold_for_all_steps_that_have_none() -> None:
    scenario = entry(
        "customerId",
        "1",
        {
            "delay": "1s",
            "fault": "slowDrip",
            "sequence": [{**NOT_FOUND, "delay": "2s"}, {**NOT_FOUND, "fault": "neverAnswer"}, NOT_FOUND],
        },
    )
    steps = [scenario.step(call) for call in range(3)]
    assert [step.delay for step in steps] == [Delay("2s"), Delay("1s"), Delay("1s")]
    assert [step.fault and step.fault.name for step in steps] == ["slowDrip", "neverAnswer", "slowDrip"]


def asked(body: dict[str, str] | None = None, now: datetime = NOW) -> Call:
    return call(request(body), now=now)


def reply(data: dict[str, Any], section: str = "customerId", now: datetime = NOW) -> dict[str, Any]:
    scenario = entry(section, DOCUMENTED_ID, data)
    outcome = scenario.step(0).outcome
    assert isinstance(outcome, CustomerOutcome | ErrorOutcome)
    body: dict[str, Any] = json.loads(outcome.reply(asked(now=now), {}, None).body)
    return body


def test_what_an_entry_leaves_out_of_a_customer_is_made_up() -> None:
    made_up = POPULATION.customer(MEXICO, by_id(DOCUMENTED_ID))
    customer = reply({"customer": {"birthday": "today"}})["customer"]
    assert customer == {"fullName": made_up.full_name, "customerSegment": made_up.segment, "birthdayTodayFlag": True}
    customer = reply({"customer": {"fullName": "Ana", "customerSegment": "x"}})["customer"]
    assert (customer["fullName"], customer["customerSegment"]) == ("Ana", "x")


def test_templates_in_an_entry_are_finished_for_the_request() -> None:
    customer = reply({"customer": {"fullName": "N {{ today }}", "customerSegment": "{{ request.customerId[-2:] }}"}})
    assert (customer["customer"]["fullName"], customer["customer"]["customerSegment"]) == ("N 2027-03-14", "34")
    error = reply({"error": {"code": "invalidRequest", "details": "{{ headers.countryCode }}", "location": "sid"}})
    assert (error["details"], error["location"], error["type"]) == ("MX", "sid", "error")


@pytest.mark.parametrize(
    ("birthday", "flag"), [("today", True), ("never", False), ("03-14", True), ("1980-03-14", True), ("03-15", False)]
)
def test_the_flag_says_whether_the_birthday_is_today(birthday: str, flag: bool) -> None:
    assert reply({"customer": {"birthday": birthday}})["customer"]["birthdayTodayFlag"] == flag


@pytest.mark.parametrize(("hour", "flag"), [(5, False), (6, True), (23, True)])
def test_today_begins_at_midnight_in_the_country(hour: int, flag: bool) -> None:
    """Mexico City is six hours behind UTC."""
    now = datetime(2027, 3, 14, hour, tzinfo=UTC)
    assert reply({"customer": {"birthday": "03-14"}}, now=now)["customer"]["birthdayTodayFlag"] == flag


def test_a_delay_may_be_a_template_which_may_fail_on_a_request() -> None:
    (step,) = entry("customerId", "1*", {**NOT_FOUND, "delay": "{{ request.customerId[-3:] }}m"}).steps
    assert step.delay
    assert step.delay.seconds(asked({"customerId": "100000000005"}), {}, chance) == 300
    with pytest.raises(TemplateMistake, match="delay: found '999m'"):
        step.delay.seconds(asked({"customerId": "100000000999"}), {}, chance)


def always(share: float) -> Draw:
    return lambda purpose: share


def test_a_uniform_delay_is_anywhere_between_its_bounds() -> None:
    delay = UniformDelay(1.0, 3.0)
    assert [delay.seconds(asked(), {}, always(share)) for share in (0.0, 0.5)] == [1.0, 2.0]


def test_a_lognormal_delay_has_its_median_in_the_middle_and_never_leaves_the_bounds() -> None:
    delay = LognormalDelay(0.2, 3.0)
    drawn = [delay.seconds(asked(), {}, always(share)) for share in (0.0, 0.25, 0.5, 1 - 2**-53)]
    assert drawn == sorted(drawn)
    assert drawn[2] == pytest.approx(0.2)
    assert drawn[0] >= 0
    assert drawn[3] <= MAX_SECONDS


def test_a_title_shows_no_whole_card_number() -> None:
    assert entry("cardNumber", CARD, NOT_FOUND).title == "cardNumber 500000******0001"
    assert entry("customerId", SOME_ID, NOT_FOUND).title == f"customerId {SOME_ID}"


PLACED = [
    entry(section, pattern, {**NOT_FOUND, **more})
    for section, pattern, more in [
        ("customerId", "321100000000", {}),
        ("customerId", "321100000001", {"cardNumber": CARD}),
        ("customerId", "3*", {}),
        ("customerId", "3211*", {}),
        ("customerId", "3212*", {}),
        ("cardNumber", "5*", {}),
        ("cardNumber", OTHER_CARD, {}),
        ("companion", "token", {}),
    ]
]


@given(st.lists(st.integers(0, len(PLACED) - 1), max_size=30))
def test_a_book_that_changes_one_by_one_answers_as_one_made_of_what_is_left(changes: list[int]) -> None:
    changing, left = ScenarioBook(), dict[int, Scenario]()
    for number in changes:
        if placed := left.pop(number, None):
            changing.remove(placed)
        else:
            left[number] = PLACED[number]
            changing.put(PLACED[number])
    whole = ScenarioBook(left.values())
    assert len(list(changing)) == len(left)
    assert changing.companions == whole.companions
    for identity in map(by_id, ("321100000000", "321100000001", "321200000000", "300000000000", "400000000000")):
        assert changing.match(identity) == whole.match(identity)
    for identity in map(by_card, (CARD, OTHER_CARD, "5000000000000009", "6000000000000000")):
        assert changing.match(identity) == whole.match(identity)


# Everybody, when, otherwise, layers

AT_THE_ATM = {"when": {"ChannelId": "ATM"}, "error": "serverUnavailable"}


def layers(*latest_first: ScenarioBook) -> ScenarioBook:
    """Return the book of layers that were indexed one by one."""
    top, *others = latest_first
    for each in others:
        top.lay_below(each)
    return top


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([by_id(SOME_ID)], SOME_ID),
        ([by_id("100000000001")], "1*"),
        ([by_id("200000000000")], "*"),
        ([by_id("2000")], None),
        ([by_card(CARD)], CARD),
        ([by_card("5100000000000000")], None),
        # A card that leads to a customer is no call with a customerId.
        ([by_card(card_of("200000000000"))], None),
        ([by_card(card_of("100000000001"))], "1*"),
        # Whatever is more particular comes first, also under the other number.
        ([by_id("200000000000"), by_card(CARD)], CARD),
        ([by_id("200000000000"), by_card("5100000000000000")], "*"),
    ],
)
def test_everybody_comes_last_and_means_every_number_of_full_length(
    asked: list[Identity], expected: str | None
) -> None:
    scenarios = book(customerId={SOME_ID: NOT_FOUND, "1*": NOT_FOUND, "*": NOT_FOUND}, cardNumber={CARD: NOT_FOUND})
    assert pattern(next(scenarios.candidates(*asked), None)) == expected
    if len(asked) == 1:
        assert pattern(scenarios.match(asked[0])) == expected


def test_everybody_can_be_taken_out_again() -> None:
    scenarios = book(customerId={"*": NOT_FOUND})
    scenarios.remove(next(iter(scenarios)))
    assert (list(scenarios), scenarios.match(by_id(SOME_ID))) == ([], None)


def test_what_everybody_gets_says_nothing_of_whose_a_card_is() -> None:
    scenarios = book(customerId={"*": SYNTHETIC})
    assert not scenarios.agree(SOME_ID, OTHER_CARD)
    assert scenarios.find(by_id(SOME_ID), by_card(OTHER_CARD)) is None


def test_a_later_layer_is_asked_first_whatever_it_says() -> None:
    scenarios = layers(book(customerId={"1*": NOT_FOUND}), book(customerId={SOME_ID: SYNTHETIC, "2*": SYNTHETIC}))
    assert [each.pattern for each in scenarios.candidates(by_id(SOME_ID))] == ["1*", SOME_ID]
    assert pattern(scenarios.match(by_id("200000000000"))) == "2*"
    assert [each.pattern for each in scenarios] == ["1*", SOME_ID, "2*"]


def test_whose_a_card_is_may_be_said_in_any_layer() -> None:
    scenarios = layers(
        book(cardNumber={"5*": NOT_FOUND}), book(customerId={SOME_ID: {**SYNTHETIC, "cardNumber": CARD}})
    )
    assert scenarios.agree(SOME_ID, CARD)
    assert not scenarios.agree("200000000000", CARD)


def test_an_otherwise_is_asked_behind_its_entry_and_is_the_same_customers() -> None:
    data = {**AT_THE_ATM, "cardNumber": CARD, "otherwise": {**AT_THE_ATM, "otherwise": SYNTHETIC}}
    scenarios = book(customerId={SOME_ID: data})
    first, second, third = scenarios.candidates(by_card(CARD))
    assert [each.own("customerId") for each in (first, second, third)] == [SOME_ID] * 3
    assert [each.rank for each in (first, second, third)] == [0, 1, 2]
    assert scenarios.plain(by_card(CARD)) is first.plain is third
    numbered = first.numbered(7, first.place)
    assert numbered.otherwise
    assert (numbered.serial, numbered.otherwise.serial, numbered.count_name) == (7, 7, first.count_name)
    assert len({each.count_name for each in (first, second, third)}) == 3


_PATTERNS = st.one_of(_DIGITS, _DIGITS.map(lambda digits: f"{digits[:11]}*"), st.just("*"))
# What an entry and its otherwise want of ChannelId.
_CHAINS = st.lists(st.sampled_from(["ATM", "IVR", None]), min_size=1, max_size=3)
_LAYERS = st.lists(
    st.tuples(st.dictionaries(_PATTERNS, _CHAINS, max_size=6), st.dictionaries(_PATTERNS, _CHAINS, max_size=3)),
    min_size=1,
    max_size=3,
)


def _entry(chain: list[str | None]) -> dict[str, Any]:
    wanted, *rest = chain
    data: dict[str, Any] = {
        "error": "resourceNotFound",
        "times": 1,
        **({"when": {"ChannelId": wanted}} if wanted else {}),
    }
    return {**data, "otherwise": _entry(rest)} if rest else data


def _plain_model(
    file: dict[str, dict[str, list[str | None]]], asked: list[Identity], channel: str
) -> list[tuple[str, str, int]]:
    """Search through everything, as the documents say it: in one layer, everybody last."""
    found: list[tuple[str, str, int]] = []
    for is_for_all in (False, True):
        for identity in asked:
            full = len(identity.value) == (12 if identity.kind == "customerId" else 16)
            fitting = [
                each
                for each in file[identity.kind]
                if (each == "*") == is_for_all
                and (each == identity.value or (each.endswith("*") and full and identity.value.startswith(each[:-1])))
            ]
            for each in sorted(fitting, key=lambda each: (each.endswith("*"), -len(each))):
                chain = file[identity.kind][each]
                found += [(identity.kind, each, n) for n, wanted in enumerate(chain) if wanted in (None, channel)]
    return found


@given(
    _LAYERS,
    st.text("01", min_size=10, max_size=12),
    st.none() | st.text("01", min_size=12, max_size=16),
    st.sampled_from(["ATM", "IVR", "PBMX"]),
)
def test_layers_everybody_and_when_are_asked_in_the_order_of_a_plain_model(
    files: list[tuple[dict[str, list[str | None]], dict[str, list[str | None]]]],
    number: str,
    card: str | None,
    channel: str,
) -> None:
    latest_first = [{"customerId": ids, "cardNumber": cards} for ids, cards in files]
    scenarios = layers(
        *(
            book(**{section: {key: _entry(chain) for key, chain in part.items()} for section, part in file.items()})
            for file in latest_first
        )
    )
    asked = [by_id(number), *([by_card(card)] if card else [])]
    candidates = list(scenarios.candidates(*asked))
    found = [
        (each.section, each.pattern, each.rank)
        for each in candidates
        if not each.when or not each.when.problem({"channelid": channel})
    ]
    assert found == [each for file in latest_first for each in _plain_model(file, asked, channel)]
    assert scenarios.find(*(*asked, None)[:2]) is next(iter(candidates), None)
