"""The contract, asked as questions. What is asked is read out of the contract: headers, fields, errors."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.contract import DocumentedError, HeaderRule, admits_json, is_json, language_for
from sandbox.core.messages import IDENTITY_LENGTHS, BankRequest, Violation, bank_request

from .bank import CONTRACT, DOCUMENTED_CARD, DOCUMENTED_ID, HEADERS, NOW, request

by_name = pytest.mark.parametrize("rule", CONTRACT.headers, ids=lambda rule: rule.name)
FIELDS: dict[str, dict[str, Any]] = CONTRACT.request_schema["properties"]


def header_violations(asked: BankRequest) -> list[tuple[str, str]]:
    return [(violation.error, violation.location) for violation in CONTRACT.header_violations(asked)]


def breach_of(rule: HeaderRule) -> tuple[str, str]:
    return "unAuthorized" if rule.is_credential else "invalidRequest", rule.name


def read(body: bytes | dict[str, Any]) -> tuple[Any, list[Violation]]:
    return CONTRACT.read_body(request(body).body)


# Headers


def test_nothing_is_wrong_with_the_examples_of_the_contract() -> None:
    assert header_violations(request()) == []


def test_only_the_two_credentials_deserve_a_401() -> None:
    assert [rule.name for rule in CONTRACT.headers if rule.is_credential] == ["client_id", "Authorization"]


@by_name
def test_a_header_is_missed_exactly_when_it_is_required(rule: HeaderRule) -> None:
    asked = BankRequest({name: value for name, value in HEADERS.items() if name != rule.key}, b"")
    assert header_violations(asked) == ([breach_of(rule)] if rule.required else [])


@by_name
def test_a_required_header_must_not_be_empty(rule: HeaderRule) -> None:
    assert header_violations(request(headers={rule.name: ""})) == ([breach_of(rule)] if rule.required else [])


@by_name
def test_a_header_comes_once_unless_it_is_a_list(rule: HeaderRule) -> None:
    is_list = rule.name in {"Accept", "Accept-Language"}
    asked = request(headers={rule.name: rule.example or "x"}, repeated=[rule.name])
    assert header_violations(asked) == ([] if is_list else [breach_of(rule)])


def test_several_lines_of_accept_are_one_list() -> None:
    """RFC 9110, 5.3."""
    lines = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name != "accept"]
    asked = bank_request([*lines, (b"accept", b"text/html"), (b"accept", b"application/json")], b"")
    assert header_violations(asked) == []


def test_all_breaches_are_named_at_once_and_credentials_first() -> None:
    required = [rule for rule in CONTRACT.headers if rule.required]
    expected = sorted(map(breach_of, required), key=lambda breach: breach[0] != "unAuthorized")
    assert header_violations(BankRequest({}, b"")) == expected


@pytest.mark.parametrize(
    ("name", "value", "is_valid"),
    [
        *(("Authorization", value, True) for value in ("Bearer x", "bearer x", "BEARER  x.y-z_~+/=")),
        *(
            ("Authorization", value, False)
            for value in ("Bearer", "Bearer ", "Basic x", "x", "Bearer x y", " Bearer x")
        ),
        *(("Authorization", value, False) for value in ("Bearer x\n", "Bearerx", "Bearer\tx")),
        *(("countryCode", value, True) for value in ("MX", "mx", "ZZ")),
        *(
            ("countryCode", value, False)
            for value in ("M", "MEX", "12", "MX\n", " MX", "MÉ", "\uff2d\uff38", "M\u212a")
        ),
        *(("uuid", value, True) for value in ("x", "not-a-uuid", "é", "x" * 5000)),
        *(("Accept", value, False) for value in ("text/html", "application/json;q=0", "json")),
        *(("Content-Type", value, False) for value in ("text/plain", "application/json, text/html", "json")),
    ],
)
def test_a_header_has_the_form_that_the_contract_says(name: str, value: str, is_valid: bool) -> None:
    rule = next(rule for rule in CONTRACT.headers if rule.name == name)
    assert header_violations(request(headers={name: value})) == ([] if is_valid else [breach_of(rule)])


@pytest.mark.parametrize("value", ["Basic c2VjcmV0", "c2VjcmV0", "Bearer c2VjcmV0 c2VjcmV0"])
def test_a_reason_never_quotes_a_credential(value: str) -> None:
    (violation,) = CONTRACT.header_violations(request(headers={"Authorization": value}))
    assert "c2VjcmV0" not in violation.reason


def test_who_misses_client_id_is_told_of_the_proxy_that_drops_it() -> None:
    (violation,) = CONTRACT.header_violations(request(without=["client_id"]))
    assert "underscores_in_headers" in violation.reason


# Negotiation


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        *((text, True) for text in ("application/json", "APPLICATION/JSON", "*/*", "application/*")),
        *(
            (text, True)
            for text in ("application/json; charset=utf-8", "text/html, */*;q=0.1", "application/json;q=0.001")
        ),
        ("application/*;q=0, application/json", True),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", True),
        *((text, False) for text in ("", ",", "*", "json", "text/html", "text/*", "application/problem+json")),
        *((text, False) for text in ("application/json;q=0", "application/json ; Q=0.000", "*/*;q=0")),
        ("application/json;q=0, */*", False),
        ("application/*;q=0, */*", False),
        *((f"application/json;q={quality}", False) for quality in ("x", "nan", "-1", "")),
    ],
)
def test_accept_is_read_as_http_says_the_most_specific_range_counting(accept: str, expected: bool) -> None:
    assert admits_json(accept) == expected


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        *((text, True) for text in ("application/json", "Application/JSON", "application/json; charset=utf-8")),
        *((text, True) for text in ("application/json;", "application/json ;x=y")),
        *((text, False) for text in ("", "text/json", "application/jsonx", "application/merge-patch+json", "*/*")),
        ("application/json, text/html", False),
    ],
)
def test_content_type_is_json_with_or_without_parameters(content_type: str, expected: bool) -> None:
    assert is_json(content_type) == expected


@pytest.mark.parametrize(
    ("accept_language", "expected"),
    [
        *((text, "es") for text in ("es", "ES", "es-MX", "es-419, en", "fr, es", "en;q=0.1, es", "*;q=0, es")),
        *((text, "es") for text in ("de, es;q=0.8, en;q=0.7", "es;q=0.5, en;q=0.5")),
        *((text, "en") for text in ("", ",", "*", "en", "en-GB, es", "fr", "fr, *", "*, es;q=0.5", "es;q=0.1, en")),
        *((text, "en") for text in ("es;q=0", "es;q=x", "es;q=nan", "esp", "es_MX", "español", "e", "x" * 5000)),
    ],
)
def test_spanish_answers_those_who_like_it_best_and_english_everybody_else(accept_language: str, expected: str) -> None:
    assert language_for(accept_language, CONTRACT.languages) == expected


@given(st.text())
def test_no_header_value_breaks_the_negotiation(value: str) -> None:
    assert admits_json(value) in {True, False}
    assert is_json(value) in {True, False}
    assert language_for(value, CONTRACT.languages) in CONTRACT.languages


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        {"customerId": DOCUMENTED_ID},
        {"cardNumber": DOCUMENTED_CARD},
        {"customerId": DOCUMENTED_ID, "cardNumber": DOCUMENTED_CARD},
        {"customerId": "0"},
        {"customerId": "", "cardNumber": "1"},
        {"customerId": DOCUMENTED_ID, "other": [None, 1.5, {"x": "é\u2028"}]},
        {"customerId": DOCUMENTED_ID, "other": "😀"},
        {"customerId": DOCUMENTED_ID, "other": 2**64},
        {"customerId": DOCUMENTED_ID, "other": 10**4000},
    ],
)
def test_a_body_that_the_schema_allows_is_read_as_it_is(body: dict[str, Any]) -> None:
    assert read(body) == (body, [])


@pytest.mark.parametrize("text", ['{"customerId": "1"}', ' \r\n\t{"customerId":"1"}\n', '{"customerId":"\\u0031"}'])
def test_blanks_and_escapes_are_the_writers_business(text: str) -> None:
    assert read(text.encode()) == ({"customerId": "1"}, [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is absent"),
        (b" ", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\x00", "is not JSON"),
        (b"{'customerId': '1'}", "is not JSON"),
        (b'{"customerId":"1"} x', "is not JSON"),
        (b'{"customerId":"1"}{}', "is not JSON"),
        (b'{"customerId":"1\n"}', "is not JSON"),
        (b'{"customerId":"1",}', "is not JSON"),
        (b'{"customerId":01}', "is not JSON"),
        (b'\xef\xbb\xbf{"customerId":"1"}', "begins with a byte order mark"),
        (b'{"customerId":"\xff"}', "is not UTF-8"),
        ('{"customerId":"1"}'.encode("utf-16"), "is not UTF-8"),
        (b'{"customerId":"1","customerId":"1"}', "has a name twice"),
        (b'{"customerId":"1","x":[{"a":1,"\\u0061":1}]}', "has a name twice"),
        (b'{"customerId":"1","x":NaN}', "holds NaN"),
        (b'{"customerId":"1","x":[-Infinity]}', "holds -Infinity"),
        (b'{"customerId":"1","x":"\\ud83d"}', "half a surrogate pair"),
        (b'{"customerId":"1","\\ude00":1}', "half a surrogate pair"),
        (b'{"customerId":"1","x":' + b"9" * 60_000 + b"}", "too many digits"),
        (b'{"customerId":"1","x":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "nested too deeply"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
        (b"[" * 65_000, "nested too deeply"),
    ],
)
def test_what_is_no_strict_json_is_a_breach_of_the_body(body: bytes, reason: str) -> None:
    fields, (violation,) = read(body)
    assert fields == {}
    assert (violation.error, violation.location) == ("invalidRequest", "body")
    assert reason in violation.reason


@pytest.mark.parametrize("body", [b"[]", b"null", b'"321116471234"', b"321116471234", b"true", b'[{"customerId":"1"}]'])
def test_json_that_is_no_object_is_a_breach_of_the_body(body: bytes) -> None:
    fields, (violation,) = read(body)
    assert (fields, violation.location) == ({}, "body")
    assert "expected an object" in violation.reason


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize(
    "value",
    [
        *("1 ", " 1", "1\n", "\n", "-1", "+1", "1.0", "1e3", "a", "٣", "\uff11", "²", "1\x00", "\u0661" * 3),
        *(1, 321116471234, 1.0, 0, True, False, None, [], ["1"], {}, {"1": "1"}),
    ],
    ids=repr,
)
def test_a_number_is_a_text_of_ascii_digits_and_nothing_else(name: str, value: object) -> None:
    fields, (violation,) = read({name: value})
    assert fields == {}
    assert (violation.error, violation.location) == ("invalidRequest", name)
    assert FIELDS[name]["pattern"] in violation.reason


@pytest.mark.parametrize("name", FIELDS)
def test_a_number_has_at_most_as_many_digits_as_the_contract_says(name: str) -> None:
    longest = "1" * FIELDS[name]["maxLength"]
    assert read({name: longest}) == ({name: longest}, [])
    _, (violation,) = read({name: longest + "1"})
    assert violation.location == name


def test_the_lengths_that_the_sandbox_knows_are_the_contracts() -> None:
    assert {name: schema["maxLength"] for name, schema in FIELDS.items()} == IDENTITY_LENGTHS


def test_both_fields_are_named_when_both_are_wrong() -> None:
    _, violations = read(dict.fromkeys(FIELDS, "x"))
    assert [violation.location for violation in violations] == list(FIELDS)


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "customerId"),
        ({"other": "1"}, "customerId"),
        ({"CustomerID": "1"}, "customerId"),
        ({"customerId": ""}, "customerId"),
        ({"cardNumber": ""}, "cardNumber"),
        ({"cardNumber": "", "customerId": ""}, "customerId"),
    ],
)
def test_an_empty_text_identifies_nobody(body: dict[str, str], location: str) -> None:
    fields, (violation,) = read(body)
    assert fields == {}
    assert (violation.error, violation.location) == ("invalidRequest", location)


@given(st.text(min_size=8).map("§{}".format))
def test_a_reason_never_quotes_the_body(value: str) -> None:
    for violation in read({"customerId": value})[1]:
        assert value not in violation.reason


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda children: st.lists(children) | st.dictionaries(st.sampled_from([*FIELDS, "x"]) | st.text(), children),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_either_named_a_breach_or_identify_somebody(body: bytes) -> None:
    fields, violations = read(body)
    if violations:
        assert fields == {}
    else:
        numbers = [fields[name] for name in FIELDS if fields.get(name)]
        assert numbers
        assert all(number.isascii() and number.isdigit() for number in numbers)


# Errors

by_error = pytest.mark.parametrize("error", CONTRACT.errors_by_name.values(), ids=lambda error: error.name)
documented = pytest.mark.parametrize("error", CONTRACT.errors.values(), ids=lambda error: error.name)


@by_error
def test_an_error_is_found_by_its_name_and_status_in_any_case(error: DocumentedError) -> None:
    for wish in (error.name, error.name.upper(), error.name.lower(), str(error.status)):
        assert CONTRACT.error(wish) is error


@pytest.mark.parametrize("wish", ["", "200", "404 ", "0404", "٤٠٤", "resourceNotFoun", "resource Not Found"])
def test_nothing_else_is_an_error(wish: str) -> None:
    assert CONTRACT.error(wish) is None


@documented
@pytest.mark.parametrize("language", sorted(CONTRACT.languages))
def test_a_reply_has_the_documented_texts_and_obeys_the_contract(error: DocumentedError, language: str) -> None:
    reply = error.reply("a uuid", NOW, "customerId", language)
    body = json.loads(reply.body)
    assert reply.status == error.status
    assert dict(reply.headers)[b"content-language"] == language.encode()
    assert body == {
        **error.value,
        **error.texts[language],
        "location": "customerId",
        "uuid": "a uuid",
        "timestamp": "2027-03-14T12:00:00.000Z",
    }
    assert list(CONTRACT.reply_mistakes(error.status, body)) == []


@documented
def test_english_is_verbatim_and_every_other_language_translates_exactly_the_texts_there_are(
    error: DocumentedError,
) -> None:
    texts = {key: value for key, value in error.value.items() if key in {"details", "moreInfo"}}
    assert error.texts["en"] == texts
    for language in CONTRACT.languages:
        assert error.texts[language].keys() == texts.keys()
    assert error.reply("x", NOW, None, "fr") == error.reply("x", NOW, None, "en")


@given(st.text(), st.text() | st.none())
def test_uuid_and_location_come_back_verbatim(uuid: str, location: str | None) -> None:
    body = json.loads(CONTRACT.errors["invalidRequest"].reply(uuid, NOW, location, "en").body)
    assert (body["uuid"], body.get("location")) == (uuid, location)


@pytest.mark.parametrize(
    ("now", "timestamp"),
    [
        (datetime(2027, 1, 1, tzinfo=UTC), "2027-01-01T00:00:00.000Z"),
        (datetime(2027, 1, 1, 1, 2, 3, 999_999, UTC), "2027-01-01T01:02:03.999Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_the_timestamp_is_utc_in_milliseconds(now: datetime, timestamp: str) -> None:
    assert json.loads(CONTRACT.errors["invalidRequest"].reply("x", now, None, "en").body)["timestamp"] == timestamp


@pytest.mark.parametrize("error", CONTRACT.gateway_errors.values(), ids=lambda error: error.name)
def test_a_gateway_error_is_outside_the_contract_and_says_when_to_come_back(error: DocumentedError) -> None:
    reply = error.reply("x", NOW, "customerId", "es")
    assert str(error.status) not in CONTRACT.operation["responses"]
    assert json.loads(reply.body) == error.value
    assert dict(reply.headers)[b"retry-after"].isdigit()


def test_a_changed_error_has_its_own_texts_in_every_language() -> None:
    error = CONTRACT.errors["accessNotConfigured"].changed({"details": "closed", "location": "sid", "type": "warn"})
    for language in CONTRACT.languages:
        body = json.loads(error.reply("x", NOW, "customerId", language).body)
        assert (body["details"], body["location"], body["type"]) == ("closed", "sid", "warn")
        assert body["moreInfo"] == CONTRACT.errors["accessNotConfigured"].texts[language]["moreInfo"]


@pytest.mark.parametrize(
    ("status", "body", "mistake"),
    [
        (200, {"customer": {"fullName": "x", "customerSegment": "20", "birthdayTodayFlag": True}}, None),
        (200, {}, "the body"),
        (200, {"customer": {"fullName": "x", "customerSegment": 20, "birthdayTodayFlag": True}}, "customerSegment"),
        (404, {"type": "error", "code": "x"}, None),
        (404, {"type": "wrong", "code": "x"}, "type"),
        (404, {"type": "error"}, "the body"),
    ],
)
def test_a_reply_is_held_against_the_contract(status: int, body: object, mistake: str | None) -> None:
    mistakes = list(CONTRACT.reply_mistakes(status, body))
    assert bool(mistakes) == (mistake is not None)
    assert all(mistake in text for text in mistakes if mistake)
