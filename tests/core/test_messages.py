"""Plain data, and the one place that masks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.messages import Identity, Place, bank_request, holds_card, masked, without_secrets


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


def test_a_card_number_is_masked_wherever_an_identity_is_written_out() -> None:
    assert str(Identity("cardNumber", "4969452123456110")) == "cardNumber 496945******6110"
    assert str(Identity("customerId", "321116471234")) == "customerId 321116471234"


@pytest.mark.parametrize(
    ("kind", "digits", "is_full"),
    [("customerId", 12, True), ("customerId", 11, False), ("cardNumber", 16, True), ("cardNumber", 12, False)],
)
def test_a_customer_id_has_12_digits_and_a_card_number_16(kind: str, digits: int, is_full: bool) -> None:
    assert Identity("customerId" if kind == "customerId" else "cardNumber", "1" * digits).is_full_length == is_full


def test_a_place_is_written_as_editors_read_it() -> None:
    assert str(Place("scenarios/x.yaml", 3)) == "scenarios/x.yaml:3"


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
    assert without_secrets(text) == shown


_TEXTS = st.lists(st.text() | st.from_regex(r"[0-9]{10,20}", fullmatch=True)).map("".join)


@given(_TEXTS)
def test_no_card_is_left_in_any_text_and_nothing_else_is_changed(text: str) -> None:
    shown = without_secrets(text)
    assert not re.search("[0-9]{13}", shown)
    assert len(shown) == len(text)
    assert all(after in (before, "*") for before, after in zip(text, shown, strict=True))


@given(_TEXTS)
def test_a_text_holds_a_card_exactly_when_masking_changes_it(text: str) -> None:
    assert holds_card(text) == (without_secrets(text) != text)


def test_headers_are_read_byte_by_byte_and_the_first_of_a_repeated_one_counts() -> None:
    request = bank_request([(b"uuid", "é".encode()), (b"sid", b"first"), (b"sid", b"second")], b"{}")
    assert request.headers == {"uuid": "Ã©", "sid": "first"}
    assert request.repeated == {"sid"}
    assert request.body == b"{}"


@pytest.mark.parametrize("value", [b"", b"a", b"ab", b"branch-app"])
def test_a_header_that_comes_twice_is_noticed_also_with_the_same_value(value: bytes) -> None:
    assert bank_request([(b"client_id", value), (b"client_id", value)], b"").repeated == {"client_id"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("uuid 12345678-1234-4234-8234-123456789012.", "uuid 12345678-1234-4234-8234-123456789012."),
        ("12345678-1234-4234-8234-1234567890123", "123456***************************0123"),
        ("4969-4521-2345-6110", "4969-4*********6110"),
    ],
)
def test_a_uuid_is_no_card_number_and_whatever_else_has_as_many_digits_may_be(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
