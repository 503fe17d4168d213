"""What is secret is kept nowhere, in whatever place and form it was sent."""

import json

import pytest

from .conftest import Caller


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("X-Api-Key", "abcdefghijklmnopqrstuvwxyz"),
        ("sid", "Bearer abcdefghijklmnop"),
        ("uuid", "4111-1111-1111-1111"),
        ("ChannelId", "Bearer abcdefghijklmnop"),
        ("X-4111111111111111", "x"),
        ("Authorization", "Bearer abcdef"),
    ],
)
def test_no_header_keeps_a_secret(tester: Caller, place: str, text: str) -> None:
    tester.call(**{place: text})
    tester.ask(b'{"cardNumber": "' + rb"\u0034\u0031" + b'11111111111111"}')
    shown = json.dumps(tester.exchanges()).lower()
    assert tester.get("/exchanges")["count"] == 2
    for secret in ("abcdefghij", 'abcdef"', "4111-1111-1111-1111", "4111111111111111", "\\u0034"):
        assert secret not in shown
