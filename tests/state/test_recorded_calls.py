"""Recorded calls: kept as they came, masked when somebody reads, never longer than need be."""

import json

import pytest

from sandbox.core.decide import Decision
from sandbox.core.messages import BankReply, BankRequest
from sandbox.state.journal import MAX_TEXT, RecordedCall, hash_key

from .conftest import decided

CARD = "4969452123456110"
KEY = hash_key("a seed")


def recorded(body: bytes = b"{}", key: bytes = KEY, **headers: str) -> RecordedCall:
    decision = Decision("synthetic_customer", "why", BankReply(200, (), b"{}"))
    return RecordedCall(decided(BankRequest(headers, body), decision), key)


def test_a_call_is_masked_once_and_stays_the_same_exchange() -> None:
    call = recorded(json.dumps({"cardNumber": CARD}).encode())
    exchange = call.exchange()
    assert exchange is call.exchange()
    assert CARD not in str(exchange)
    assert exchange.card_number == "496945******6110"
    assert exchange.hashes.fits("cardNumber", CARD)
    assert exchange.hashes.fits("body.cardNumber", f'"{CARD}"')


@pytest.mark.parametrize(
    "call",
    [
        recorded(b'"' + b"x" * 60_000 + b'"'),
        recorded(cookie="x" * 60_000),
        recorded(b"{}", KEY, **{f"header-{number}": "x" for number in range(200)}),
    ],
    ids=["body", "header", "headers"],
)
def test_a_long_call_says_so_until_it_is_cut(call: RecordedCall) -> None:
    assert call.is_long
    exchange = call.exchange()
    assert not call.is_long
    texts = [exchange.body, *exchange.headers.values()]
    assert max(map(len, texts)) <= MAX_TEXT
    assert len(texts) <= 65


def test_fields_of_a_long_body_are_found_by_their_full_value() -> None:
    exchange = recorded(json.dumps({"filler": "x" * 10_000, "last": "here"}).encode()).exchange()
    assert exchange.fields["last"] == '"here"'
    assert exchange.hashes.fits("body.filler", json.dumps("x" * 10_000))


@pytest.mark.parametrize("cut", range(1, len(CARD)))
def test_masks_that_are_shorter_than_what_they_hide_bring_no_piece_of_a_card_into_sight(cut: int) -> None:
    start = f'{{"password": "{"x" * 3_000}", "filler": "'
    body = start + "y" * (2 * MAX_TEXT - len(start) - cut) + CARD + '"}'
    shown = recorded(body.encode()).exchange().body
    assert shown.rstrip("y").endswith('"filler": "')


def test_who_has_the_same_seed_finds_what_another_has_masked() -> None:
    body = json.dumps({"cardNumber": CARD}).encode()
    keys = KEY, hash_key("a seed"), hash_key("another")
    there, here, elsewhere = (recorded(body, key) for key in keys)
    digests = [call.exchange().hashes.digests["cardNumber"] for call in (there, here, elsewhere)]
    assert digests[0] == digests[1] != digests[2]
