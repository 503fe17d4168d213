"""The precedence as one table, and what every decision has in common."""

import json
import re
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.customers import card_of
from sandbox.core.decide import Decision, World, refuse
from sandbox.core.directives import DATE, DELAY, FAULT, PREFER, REASON, SCENARIO
from sandbox.core.documented_errors import DocumentedError
from sandbox.core.messages import BankRequest, Identity, Place
from sandbox.core.scenario_book import ScenarioBook
from sandbox.server.replies import reply_headers

from .bank import (
    CONTRACT,
    DOCUMENTED_CARD,
    DOCUMENTED_ID,
    OPERATION,
    OTHER_CARD,
    PRECEDENCE,
    SOME_ID,
    book,
    call,
    decide,
    explain,
    request,
    world,
)  # fmt: skip

NOT_FOUND = {"error": "resourceNotFound"}
UNAVAILABLE = {"error": "serverUnavailable"}
SYNTHETIC = {"customer": "synthetic"}


def facts(decision: Decision) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in Decision.__slots__ if name != "lines"}


def body_of(decision: Decision) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(decision.reply.body)
    return body


# Precedence


def test_the_rules_and_their_order_are_what_users_rely_on() -> None:
    assert [rule.__name__ for rule in PRECEDENCE] == [
        "forced",
        "contract_breach",
        "override",
        "scenario_file",
        "identities_disagree",
        "synthetic_customer",
        "unknown_customer",
    ]


class Duel(NamedTuple):
    """A request that two neighbouring rules could answer."""

    asked: BankRequest
    world: World


DUELS = {
    ("forced", "contract_breach"): Duel(request(headers={SCENARIO: "404"}, without=["Accept"]), world()),
    ("contract_breach", "override"): Duel(
        request(without=["Accept"]), world(ScenarioBook(), book(customerId={DOCUMENTED_ID: NOT_FOUND}))
    ),
    ("override", "scenario_file"): Duel(
        request(), world(book(customerId={DOCUMENTED_ID: SYNTHETIC}), book(customerId={DOCUMENTED_ID: NOT_FOUND}))
    ),
    ("scenario_file", "identities_disagree"): Duel(
        request({"customerId": SOME_ID, "cardNumber": OTHER_CARD}),
        world(book(customerId={SOME_ID: {"cardNumber": DOCUMENTED_CARD, **NOT_FOUND}})),
    ),
    ("identities_disagree", "synthetic_customer"): Duel(
        request({"customerId": SOME_ID, "cardNumber": OTHER_CARD}), world()
    ),
    ("synthetic_customer", "unknown_customer"): Duel(request({"customerId": SOME_ID}), world()),
}


def test_every_two_neighbours_meet() -> None:
    names = [rule.__name__ for rule in PRECEDENCE]
    assert list(DUELS) == list(pairwise(names))


@pytest.mark.parametrize(("winner", "loser"), DUELS)
def test_of_two_rules_that_could_answer_the_earlier_one_does(winner: str, loser: str) -> None:
    asked, there = DUELS[winner, loser]
    first, second, *_ = explain(asked, there)
    assert (first.rule, second.rule) == (winner, loser)
    assert facts(decide(asked, there)) == facts(first)


def test_the_last_rule_answers_what_no_other_does() -> None:
    (only,) = explain(request({"customerId": "1"}), world())
    assert only.rule == "unknown_customer"


# Rule by rule


@pytest.mark.parametrize("breached", [{"without": ["client_id", "Accept"]}, {"body": b"{"}, {}])
def test_a_forced_answer_wins_whatever_else_is_wrong_and_keeps_all_violations(breached: dict[str, Any]) -> None:
    plain, forced = request(**breached), request(**breached, headers={SCENARIO: "422"})
    decision = decide(forced, world())
    assert (decision.rule, decision.reply.status) == ("forced", 422)
    assert list(decision.violations) == list(decide(plain, world()).violations)
    assert all(violation.location in decision.reason for violation in decision.violations)


@pytest.mark.parametrize(
    ("header", "value"), [(SCENARIO, "nope"), (SCENARIO, ""), (PREFER, "code=418"), (PREFER, "code=")]
)
def test_an_unknown_name_is_never_ignored_and_the_reason_lists_the_valid_ones(header: str, value: str) -> None:
    there = world(book(named={"slow-gateway": NOT_FOUND}))
    decision = decide(request(headers={header: value}), there)
    assert (decision.rule, decision.error, body_of(decision)["location"]) == ("forced", "invalidRequest", header)
    assert all(name in decision.reason for name in [*CONTRACT.errors_by_name, "slow-gateway"])


@pytest.mark.parametrize(("name", "value"), [(DELAY, "soon"), (DATE, "today"), (FAULT, "boom"), ("X-Sandbox-Foo", "1")])
def test_a_directive_that_cannot_be_understood_is_a_400(name: str, value: str) -> None:
    decision = decide(request(headers={name: value, SCENARIO: "404"}), world())
    assert (decision.rule, decision.error, body_of(decision)["location"]) == ("forced", "invalidRequest", name)


def test_a_named_scenario_answers_in_any_case_for_whoever_is_asked_about() -> None:
    there = world(book(named={"Birthday": {"customer": {"birthday": "today"}}}))
    decision = decide(request(headers={SCENARIO: "birthday"}), there)
    assert body_of(decision)["customer"]["birthdayTodayFlag"] is True
    assert decide(request(b"", {SCENARIO: "birthday"}), there).reply.status == 200


@pytest.mark.parametrize(
    ("asked", "code", "location"),
    [
        (BankRequest({}, b""), "unAuthorized", "client_id"),
        (request(b"", without=["Authorization", "Accept"]), "unAuthorized", "Authorization"),
        (request(b"", {"countryCode": "ZZ"}, without=["uuid"]), "invalidRequest", "uuid"),
        (request(b"", {"countryCode": "ZZ"}), "accessNotConfigured", "countryCode"),
        (request(b"", {"businessCode": "ZZ"}), "accessNotConfigured", "businessCode"),
        (request(b"", {"ChannelId": "ZZ"}), "accessNotConfigured", "ChannelId"),
        (request(b""), "invalidRequest", "body"),
    ],
)
def test_credentials_come_before_headers_before_country_business_and_channel_before_the_body(
    asked: BankRequest, code: str, location: str
) -> None:
    decision = decide(asked, world())
    assert (decision.rule, decision.error, body_of(decision)["location"]) == ("contract_breach", code, location)
    assert all(violation.location in decision.reason for violation in decision.violations)


def test_a_channel_that_only_another_country_serves_is_a_403() -> None:
    assert decide(request(headers={"countryCode": "US", "ChannelId": "KIOSK"}), world()).reply.status == 200
    assert decide(request(headers={"countryCode": "MX", "ChannelId": "KIOSK"}), world()).reply.status == 403


def test_the_callers_own_override_is_before_everybodys() -> None:
    own, everybodys = book(customerId={SOME_ID: NOT_FOUND}), book(customerId={SOME_ID: UNAVAILABLE, "2": UNAVAILABLE})
    there = world(ScenarioBook(), own, everybodys)
    assert decide(request({"customerId": SOME_ID}), there).error == "resourceNotFound"
    assert decide(request({"customerId": "2"}), there).error == "serverUnavailable"


def test_what_has_answered_as_often_as_it_may_leaves_the_call_to_the_next() -> None:
    overrides = [book(customerId={SOME_ID: {**NOT_FOUND, "times": 1}}), book(customerId={SOME_ID: UNAVAILABLE})]
    calls: dict[Any, int] = {}
    there = world(ScenarioBook(), *overrides)
    errors = [decide(request({"customerId": SOME_ID}), there, calls=calls).error for _ in range(3)]
    assert errors == ["resourceNotFound", "serverUnavailable", "serverUnavailable"]


def test_a_sequence_is_counted_for_each_identity() -> None:
    there = book(customerId={"3*": {"sequence": [{**UNAVAILABLE, "times": 2}, NOT_FOUND]}})
    first, second = request({"customerId": "3" * 12}), request({"customerId": "3" + "0" * 11})
    calls: dict[Any, int] = {}
    asked = [first, first, second, first, second]
    assert [decide(each, world(there), calls=calls).error for each in asked] == [
        "serverUnavailable", "serverUnavailable", "serverUnavailable", "resourceNotFound", "serverUnavailable"
    ]  # fmt: skip
    assert sorted(calls.values()) == [2, 3]


@pytest.mark.parametrize(
    ("body", "rule", "status"),
    [
        ({"customerId": SOME_ID, "cardNumber": card_of(SOME_ID)}, "synthetic_customer", 200),
        ({"customerId": SOME_ID, "cardNumber": OTHER_CARD}, "identities_disagree", 422),
        ({"customerId": DOCUMENTED_ID, "cardNumber": DOCUMENTED_CARD}, "scenario_file", 200),
        ({"customerId": DOCUMENTED_ID, "cardNumber": OTHER_CARD}, "identities_disagree", 422),
        ({"customerId": SOME_ID, "cardNumber": DOCUMENTED_CARD}, "identities_disagree", 422),
        ({"customerId": "", "cardNumber": DOCUMENTED_CARD}, "scenario_file", 200),
        ({"customerId": "1", "cardNumber": card_of(SOME_ID)}, "identities_disagree", 422),
        ({"customerId": SOME_ID}, "synthetic_customer", 200),
        ({"cardNumber": OTHER_CARD}, "synthetic_customer", 200),
        ({"customerId": SOME_ID[:-1]}, "unknown_customer", 404),
        ({"cardNumber": OTHER_CARD[:-1]}, "unknown_customer", 404),
        ({"cardNumber": SOME_ID}, "unknown_customer", 404),
    ],
)
def test_who_is_asked_about_decides(body: dict[str, str], rule: str, status: int) -> None:
    decision = decide(request(body), world())
    assert (decision.rule, decision.reply.status) == (rule, status)


def test_a_directive_of_the_call_is_stronger_than_the_scenario() -> None:
    there = world(book(customerId={DOCUMENTED_ID: {**SYNTHETIC, "delay": "1s", "fault": "slowDrip"}}))
    plain = decide(request(), there)
    assert (plain.delay, plain.fault) == (1.0, "slowDrip")
    steered = decide(request(headers={DELAY: "0s", FAULT: "neverAnswer"}), there)
    assert (steered.delay, steered.fault) == (0.0, "neverAnswer")


def test_the_date_of_the_call_decides_about_the_birthday() -> None:
    there = world(book(customerId={DOCUMENTED_ID: {"customer": {"birthday": "02-29"}}}))
    flags = {
        day: body_of(decide(request(headers={DATE: day}), there))["customer"]["birthdayTodayFlag"]
        for day in ("2027-02-28", "2027-03-01", "2028-02-28", "2028-02-29")
    }
    assert flags == {"2027-02-28": True, "2027-03-01": False, "2028-02-28": False, "2028-02-29": True}


@pytest.mark.parametrize(
    ("real_cards", "status", "warns"), [("allow", 200, False), ("warn", 200, True), ("refuse", 400, True)]
)
def test_a_card_that_looks_real_is_warned_of_or_refused_as_asked(real_cards: str, status: int, warns: bool) -> None:
    decision = decide(request({"cardNumber": "4111111111111111"}), world(real_cards=real_cards))
    assert (decision.reply.status, decision.warning is not None) == (status, warns)


def test_a_card_in_a_scenario_file_is_nobodys_concern() -> None:
    there = world(book(cardNumber={"4111111111111111": SYNTHETIC}), real_cards="refuse")
    decision = decide(request({"cardNumber": "4111111111111111"}), there)
    assert (decision.rule, decision.warning) == ("scenario_file", None)


# Errors

FAILING = {**SYNTHETIC, "delay": "{{ request.customerId[-3:] }}m"}
NATURAL = {
    "invalidRequest": request(without=["Accept"]),
    "unAuthorized": request(without=["Authorization"]),
    "accessNotConfigured": request(headers={"countryCode": "ZZ"}),
    "resourceNotFound": request({"customerId": "1"}),
    "businessValidationFailed": request({"customerId": SOME_ID, "cardNumber": OTHER_CARD}),
    "serverUnavailable": request({"customerId": "300000000999"}),
}
documented = pytest.mark.parametrize("error", CONTRACT.errors.values(), ids=lambda error: error.name)


@documented
@pytest.mark.parametrize("language", sorted(CONTRACT.languages))
def test_forced_and_natural_errors_of_one_code_have_the_same_fields(error: DocumentedError, language: str) -> None:
    there = world(
        book(customerId={"3*": FAILING, SOME_ID: {"error": error.name}, "2": {"error": {"code": error.name}}})
    )
    speaks = {"Accept-Language": language}
    natural = NATURAL[error.name]
    natural = natural._replace(headers={**natural.headers, "accept-language": language})
    answers = [
        decide(natural, world(book(customerId={"3*": FAILING}))),
        *(decide(request(headers={SCENARIO: wish, **speaks}), there) for wish in (error.name, str(error.status))),
        decide(request(headers={PREFER: f"code={error.status}", **speaks}), there),
        decide(request(b"", {SCENARIO: error.name, **speaks}, without=["Authorization"]), there),
        *(decide(request({"customerId": number}, speaks), there) for number in (SOME_ID, "2")),
        decide(request({"customerId": f"999900000{error.status}"}, speaks), world()),
        decide(request({"cardNumber": f"9999000000000{error.status}"}, speaks), world()),
    ]
    assert {(answer.reply.status, answer.error) for answer in answers} == {(error.status, error.name)}
    bodies = [body_of(answer) for answer in answers]
    assert len({tuple(body) for body in bodies}) == 1
    assert len({json.dumps({**body, "location": ""}) for body in bodies}) == 1
    assert len({tuple(answer.reply.headers) for answer in answers}) == 1
    for body in bodies:
        assert list(OPERATION.reply_mistakes(error.status, body)) == []


@documented
def test_a_body_without_a_uuid_has_one_that_is_made_for_it(error: DocumentedError) -> None:
    asked = request(headers={SCENARIO: error.name}, without=["uuid"])
    uuid = body_of(decide(asked, world()))["uuid"]
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", uuid)
    assert body_of(decide(asked, world()))["uuid"] == uuid


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [("not a uuid", "not a uuid"), ("x" * 5000, "x" * 5000), ('"\\', '"\\'), ("é".encode().decode("latin-1"), "é")],
)
def test_the_uuid_comes_back_verbatim(sent: str, echoed: str) -> None:
    assert body_of(decide(request(headers={"uuid": sent, SCENARIO: "404"}), world()))["uuid"] == echoed


def test_an_error_that_no_rule_answers_has_the_shape_of_all_others() -> None:
    decision = refuse(call(request()), 405, "invalidRequest", "method", "POST only")
    assert (decision.rule, decision.reply.status, decision.reason) == ("http", 405, "POST only")
    assert body_of(decision).keys() == body_of(decide(NATURAL["invalidRequest"], world())).keys()


# One customer

_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "fullName": st.just("Ana Soto"),
        "customerSegment": st.sampled_from(["10", "99"]),
        "birthday": st.sampled_from(["today", "never", "03-14"]),
    },
)
_WRITTEN: st.SearchStrategy[Any] = st.one_of(st.just("synthetic"), _PARTS)
_IDS, _CARDS = st.from_regex("[1-8][0-9]{11}", fullmatch=True), st.from_regex("5[0-9]{15}", fullmatch=True)


@given(_IDS, _CARDS, _WRITTEN, st.sampled_from(["customerId", "cardNumber"]), st.booleans())
def test_a_customer_is_the_same_person_by_every_number_in_files_and_overrides(
    customer_id: str, card: str, customer: Any, section: str, is_override: bool
) -> None:
    numbers = {"customerId": customer_id, "cardNumber": card}
    other = {kind: number for kind, number in numbers.items() if kind != section}
    scenarios = book(**{section: {numbers[section]: {**other, "customer": customer}}})
    there = world(ScenarioBook(), scenarios) if is_override else world(scenarios)
    asked = [{kind: number} for kind, number in numbers.items()]
    by_id, by_card = (body_of(decide(request(body), there)) for body in asked)
    assert by_id == by_card


@given(_IDS, _WRITTEN, st.integers(1, 11), st.booleans())
def test_a_customer_of_a_prefix_is_the_same_person_by_the_card_that_leads_back(
    customer_id: str, customer: Any, length: int, is_override: bool
) -> None:
    scenarios = book(customerId={customer_id[:length] + "*": {"customer": customer}})
    there = world(ScenarioBook(), scenarios) if is_override else world(scenarios)
    numbers = {"customerId": customer_id, "cardNumber": card_of(customer_id)}
    asked: list[dict[str, str]] = [*({kind: number} for kind, number in numbers.items()), numbers]
    bodies = [body_of(decide(request(body), there)) for body in asked]
    assert bodies[1:] == bodies[:-1]


# Every decision

_NAMES = st.sampled_from([rule.name for rule in OPERATION.headers] + [SCENARIO, DELAY, DATE, FAULT, PREFER])
_VALUES = st.text(st.characters(max_codepoint=255)) | st.sampled_from(
    ["404", "birthday", "2s", "2027-02-28", "code=500"]
)
_NUMBERS = st.from_regex("(9990|9999|3211|)[0-9]{0,16}", fullmatch=True) | st.sampled_from(
    [DOCUMENTED_ID, DOCUMENTED_CARD]
)
_BODIES = st.dictionaries(st.sampled_from(["customerId", "cardNumber"]), _NUMBERS).map(
    lambda fields: json.dumps(fields).encode()
)
STRANGE = book(
    customerId={
        "1": {**NOT_FOUND, "description": "\x00\x01\x1f\x7f\r\nX-Injected: é\u2028 \ud7ff"},
        DOCUMENTED_ID: {
            "customer": {"fullName": "{{ request.customerId }} \x00 ñ"},
            "delay": {"uniform": ["0s", "1s"]},
        },
        "3*": FAILING,
    },
    named={"birthday": {"customer": {"birthday": "today"}}},
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=3), _BODIES | st.binary())
def test_every_decision_is_explained_on_one_ascii_line_and_every_body_obeys_the_contract(
    headers: dict[str, str], body: bytes
) -> None:
    asked = request(body, headers)
    answered = call(asked)
    answered.decision = decision = decide(asked, world(STRANGE))
    assert facts(decide(asked, world(STRANGE))) == facts(decision)
    assert decision.rule in {rule.__name__ for rule in PRECEDENCE}
    assert decision.reason
    for name, value in reply_headers(answered):
        assert re.fullmatch(rb"[!-~]+", name)
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value)
        assert value.isascii() or name == b"uuid"
    if str(decision.reply.status) in OPERATION.responses:
        assert list(OPERATION.reply_mistakes(decision.reply.status, body_of(decision))) == []
    else:
        assert decision.error in CONTRACT.gateway_errors


def test_the_reason_of_a_strange_description_is_one_ascii_line() -> None:
    asked = request({"customerId": "1"})
    answered = call(asked)
    answered.decision = decide(asked, world(STRANGE))
    reason = dict(reply_headers(answered))[REASON.lower().encode()]
    assert re.fullmatch(rb"[ -~]+", reason)
    assert b"X-Injected" in reason


def test_a_reason_names_the_scenario_with_its_file_and_line() -> None:
    decision = decide(request(), world())
    assert re.search(r"scenarios/documented-example\.yaml:\d+$", decision.reason)
    assert isinstance(decision.scenario, Place)
    assert str(decision.scenario) in decision.reason


@pytest.mark.parametrize(
    "asked",
    [
        request({"cardNumber": "5500000000000012"}),
        request({"cardNumber": "4111111111111111"}),
        request({"cardNumber": DOCUMENTED_CARD}),
        request({"customerId": SOME_ID, "cardNumber": "5500000000000012"}),
        request({"cardNumber": "9999000000000404"}),
        request({"cardNumber": "99990000000004041"}),
        request(headers={SCENARIO: DOCUMENTED_CARD}),
        request(headers={"businessCode": DOCUMENTED_CARD}),
        request(headers={DELAY: DOCUMENTED_CARD}),
        request(headers={"countryCode": DOCUMENTED_CARD}),
    ],
)
def test_no_explanation_shows_a_whole_card_number(asked: BankRequest) -> None:
    decision = decide(asked, world())
    said = [decision.reason, decision.warning or "", *(violation.reason for violation in decision.violations)]
    assert not re.search("[0-9]{13}", " ".join(said))


def test_the_numbers_that_were_sent_are_kept_in_full() -> None:
    asked = call(request({"customerId": SOME_ID, "cardNumber": OTHER_CARD}))
    assert asked.identities == (Identity("customerId", SOME_ID), Identity("cardNumber", OTHER_CARD))
