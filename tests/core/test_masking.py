"""The one place that masks: nothing secret is left in any text, and nothing else is changed."""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.masking import (
    CODE,
    CREDENTIALS,
    SESSION,
    SESSION_PREFIX,
    TOKEN_PREFIX,
    masked,
    masked_body,
    masked_headers,
    masked_query,
    masked_text,
    may_hold_secret,
)

NAMES = (
    *CREDENTIALS,
    SESSION,
    CODE,
    "client_secret",
    "id_token",
    "accessToken",
    "refresh-token",
    "client_assertion",
    "tokens",
)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("", ""),
        ("1", "*"),
        ("1234", "****"),
        ("12345", "*2345"),
        ("321116471234", "********1234"),
        ("1234567890123", "123456***0123"),
        ("4969452123456110", "496945******6110"),
    ],
)
def test_a_masked_number_keeps_its_length_and_at_most_the_first_6_and_last_4_digits(number: str, shown: str) -> None:
    assert masked(number) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("card 4969452123456110, id 321116471234", "card 496945******6110, id 321116471234"),
        ("x4969452123456110x4969452123456110", "x496945******6110x496945******6110"),
        ("1234567890123", "123456***0123"),
        ("123456789012", "123456789012"),
        ("\uff14" * 16, "\uff14" * 16),
    ],
)
def test_in_a_text_13_digits_and_more_are_masked(text: str, shown: str) -> None:
    assert masked_text(text) == shown


_TEXTS = st.lists(st.text() | st.from_regex(r"[0-9]{10,20}", fullmatch=True)).map("".join)


@given(_TEXTS)
def test_no_card_is_left_in_any_text_and_nothing_else_is_changed(text: str) -> None:
    shown = masked_text(text)
    assert not re.search("[0-9]{13}", shown)
    assert len(shown) == len(text)
    assert all(after in (before, "*") for before, after in zip(text, shown, strict=True))


@given(_TEXTS)
def test_the_cheap_look_misses_nothing(text: str) -> None:
    assert may_hold_secret(text) or masked_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("uuid 12345678-1234-4234-8234-123456789012.", "uuid 12345678-1234-4234-8234-123456789012."),
        ("12345678-1234-4234-8234-1234567890123", "123456***************************0123"),
        ("4969-4521-2345-6110", "4969-4*********6110"),
    ],
)
def test_a_uuid_is_no_card_number_and_whatever_else_has_as_many_digits_may_be(text: str, shown: str) -> None:
    assert masked_text(text) == shown


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


def percent(text: str) -> str:
    return "".join(f"%{ord(char):02X}" for char in text)


def scheme_of(text: str) -> str:
    return f"Bearer {text}"


BODIES: Mapping[str, Callable[[str, str], str]] = {
    "form": lambda name, secret: f"grant_type=x&{name}={quote(secret)}&scope=y",
    "raw form": lambda name, secret: f"grant_type=x&{name}={secret.replace('&', '')}&scope=y",
    "form with an encoded name": lambda name, secret: f"{percent(name)}={percent(secret)}",
    "JSON": lambda name, secret: json.dumps({"grant_type": "x", name: secret, "scope": "y"}),
    "JSON without blanks": lambda name, secret: json.dumps({name: secret}, separators=(",", ":")),
    "nested JSON": lambda name, secret: json.dumps({"a": [{"b": {name: secret}}, 1]}, indent=2),
    "a list in JSON": lambda name, secret: json.dumps({name: ["x", {"y": secret}], "scope": "y"}),
    "escaped JSON": lambda name, secret: f'{{"{escaped(name)}": "{escaped(secret)}"}}',
    "JSON in a string": lambda name, secret: json.dumps({"text": json.dumps({name: "x" + re.sub(r"\W", "", secret)})}),
    "JSON that is cut": lambda name, secret: json.dumps({"a": 1, name: secret})[:-2],
    "YAML": lambda name, secret: yaml.safe_dump({"grant_type": "x", name: secret, "scope": "y"}),
    "nested YAML": lambda name, secret: yaml.safe_dump({"a": [{"b": {name: [secret]}}], "scope": "y"}),
    "YAML in braces": lambda name, secret: yaml.safe_dump({"a": {name: secret}}, default_flow_style=True),
    "YAML braces in a line": lambda name, secret: f"a: {{{name}: {json.dumps(secret)}, b: c}}",
    "a block in YAML": lambda name, secret: f"a: b\n{name}: |\n  x\n\n  {secret}\nscope: y\n",
}
SECRETS = (
    st.text("abcXYZ019-._~+/= ,;:!&@#'\"{}[]\\", min_size=8, max_size=40)
    .map(lambda text: f"Q{text}Z")
    .filter(lambda text: len(set(text)) > 6)
)


@pytest.mark.parametrize("form", BODIES)
@given(st.sampled_from(NAMES), st.sampled_from((str, str.upper, str.title)), SECRETS)
def test_no_body_shows_what_stands_under_the_name_of_a_credential(
    form: str, name: str, case: Callable[[str], str], secret: str
) -> None:
    body = BODIES[form](case(name), secret)
    shown = masked_body(body)
    for piece in (secret, quote(secret), percent(secret), escaped(secret), json.dumps(secret)[1:-1]):
        assert piece not in shown
    assert re.sub(r"\W", "", secret) not in shown
    for other in ("grant_type", "scope"):
        assert (other in shown) == (other in body)


@given(st.sampled_from(NAMES), SECRETS, st.integers(1, 60))
def test_a_body_that_is_cut_anywhere_shows_no_more(name: str, secret: str, cut: int) -> None:
    body = json.dumps({name: secret, "a": 1})[:-cut]
    assert secret[:6] not in masked_body(body)


@given(st.sampled_from(NAMES), SECRETS)
def test_no_query_shows_what_stands_under_the_name_of_a_credential(name: str, secret: str) -> None:
    for query in (urlencode({"a": "b", name: secret, "c": "d"}), f"{percent(name)}={percent(secret)}&a=b"):
        shown = masked_query(query)
        assert secret not in shown
        assert quote(secret) not in shown
        assert percent(secret) not in shown
        assert "a=b" in shown


@given(st.sampled_from((*CREDENTIALS, SESSION, "X-Auth-User", "client_secret", "Proxy-Authorization")), SECRETS)
def test_no_header_shows_what_stands_under_the_name_of_a_credential(name: str, secret: str) -> None:
    for value in (secret, scheme_of(secret), f"Basic {secret}"):
        shown = masked_headers({"accept": "*/*", name: value})
        assert secret not in shown[name]
        assert shown["accept"] == "*/*"


FORMS = {
    "a token issued here": TOKEN_PREFIX + "aB3_" * 30,
    "a session issued here": SESSION_PREFIX + "0123456789ABCDEF" * 3 + "01234567",
    "a JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dGhpcyBpcyBhIHNpZ25hdHVyZQ",
    "a token without signature": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0In0.",
    "a card": "4969452123456110",
    "a card in groups": "4969 4521 2345 6110",
}


@pytest.mark.parametrize("form", FORMS)
def test_what_has_the_form_of_a_credential_is_masked_under_any_name(form: str) -> None:
    secret = FORMS[form]
    shown = [
        masked_text(f"found {secret} here"),
        *masked_headers({"client_id": secret, secret: "x"}).values(),
        *masked_headers({secret: "x"}),
        masked_query(f"a={secret}"),
        masked_query(f"a={percent(secret)}"),
        masked_body(json.dumps({"a": [secret]})),
        masked_body(f'{{"a": "{escaped(secret)}"}}'),
        masked_body(f"a: {secret}"),
        masked_body(urlencode({"a": secret})),
    ]
    for each in shown:
        assert secret not in each
        assert percent(secret) not in each


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BASIC", "Basic"])
def test_a_scheme_hides_what_follows_it(scheme: str) -> None:
    for text in (f"sent {scheme} dXNlcjpwYXNz.", f'{{"a": "{scheme} dXNlcjpwYXNz"}}'):
        assert "dXNlcjpwYXNz" not in masked_text(text)
        assert "dXNlcjpwYXNz" not in masked_body(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678-1234-4234-8234-123456789012",
        "2028-02-29T09:00:00.000-06:00",
        '{"customerId":"321116471234"}',
        '{"customerId":"321116471234","text":"50 % off, \\\\u0041"}',
        '{"access":"x","token_type":"bearer","expires_in":1800,"scope":"/api/v1"}',
        "grant_type=client_credentials&scope=%2Fapi%2Fv1&client_assertion_type=urn%3Aietf",
        "a: b\nscope: /api/v1\nitems:\n  - c\n",
        "50 % of all, and a key=value",
        "customerId 999900000404 in scenarios/magic-values.yaml:32",
    ],
)
def test_innocent_texts_stay_whole(text: str) -> None:
    assert masked_text(text) == masked_body(text) == masked_query(text) == text


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"error","code":"invalidRequest","details":"Missing or invalid Parameters"}',
        "code: found 'x', expected invalidRequest",
        "X-Sandbox-Scenario is for another call, token:500 would be for this one",
        "the bearer token was issued here, to this client_id",
        "token: the API's",
    ],
)
def test_names_of_errors_and_sentences_about_tokens_stay_whole(text: str) -> None:
    assert masked_text(text) == text


@given(st.uuids(), st.datetimes(), st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_what_every_call_has_stays_whole(uuid: object, at: object, customer_id: str) -> None:
    for text in (f"{uuid}", f"{at}"[:19], customer_id, json.dumps({"customerId": customer_id, "uuid": f"{uuid}"})):
        assert masked_text(text) == masked_body(text) == text
        assert masked_headers({"uuid": text}) == {"uuid": text}


def test_a_uuid_of_digits_is_told_from_a_card_by_the_cheap_look() -> None:
    assert not may_hold_secret('{"uuid": "12345678-1234-4234-8234-123456789012"}')


def test_masked_json_is_json() -> None:
    body = {"code": "a", "password": "b", "customerId": "1", "list": [{"id_token": ["c"]}, {"secret": 1}]}
    shown = {"code": "***", "password": "***", "customerId": "1", "list": [{"id_token": "***"}, {"secret": "***"}]}
    for separators in ((",", ":"), (", ", ": ")):
        assert json.loads(masked_body(json.dumps(body, separators=separators))) == shown
    assert json.loads(masked_text('{"access_token":"a","expires_in":1}')) == {"access_token": "***", "expires_in": 1}
