"""Plain data, and how it is written out."""

import pytest

from sandbox.core.messages import Identity, Place, bank_request


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


def test_headers_are_read_byte_by_byte_and_the_first_of_a_repeated_one_counts() -> None:
    request = bank_request([(b"uuid", "é".encode()), (b"sid", b"first"), (b"sid", b"second")], b"{}")
    assert request.headers == {"uuid": "Ã©", "sid": "first"}
    assert request.repeated == {"sid"}
    assert request.body == b"{}"


@pytest.mark.parametrize("value", [b"", b"a", b"ab", b"branch-app"])
def test_a_header_that_comes_twice_with_one_value_is_one_header_and_is_noticed(value: bytes) -> None:
    request = bank_request([(b"client_id", value), (b"client_id", value)], b"")
    assert request.headers == {"client_id": value.decode()}
    assert not request.repeated
    assert request.duplicated == {"client_id"}


def test_one_value_twice_and_another_is_a_header_with_several_values() -> None:
    request = bank_request([(b"sid", b"a"), (b"sid", b"b"), (b"sid", b"a")], b"")
    assert request.headers == {"sid": "a"}
    assert request.repeated == request.duplicated == {"sid"}


def test_a_list_has_the_values_of_all_its_lines() -> None:
    request = bank_request([(b"accept", b"text/html"), (b"accept", b"*/*"), (b"sid", b"x")], b"")
    assert request.headers["accept"] == "text/html, */*"
    assert request.repeated == {"accept"}
    assert not request.duplicated
