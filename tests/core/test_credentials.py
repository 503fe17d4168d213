"""Tokens, sessions and the checks that a profile makes, as tables."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.credentials import (
    CHECKS,
    TOKEN_WORDS,
    Access,
    Profile,
    Signer,
    Token,
    client_named,
    read_basic,
    read_checks,
    session_number,
)

from .bank import HEADERS, NOW

SIGNER = Signer("a seed")
HALF_AN_HOUR = timedelta(minutes=30)
STRICT = Access(Profile(frozenset(CHECKS)), {"app": "secret"}, SIGNER)


@given(st.text(min_size=1), st.sampled_from(["/api", "/api/v1"]))
def test_a_token_means_what_it_was_issued_for(client_id: str, scope: str) -> None:
    token = SIGNER.token(client_id, scope, NOW, HALF_AN_HOUR)
    issued_at = int(NOW.timestamp())
    assert SIGNER.read_token(token) == Token(client_id, scope, issued_at, issued_at + 1800)
    assert token == Signer("a seed").token(client_id, scope, NOW, HALF_AN_HOUR)
    assert Signer("another seed").read_token(token) is None


@given(st.integers(0, 79), st.characters(codec="ascii", categories=["L", "N", "P"]))
def test_a_changed_token_is_not_known(place: int, char: str) -> None:
    token = SIGNER.token("app", "/api/v1", NOW, HALF_AN_HOUR)
    changed = token[:place] + char + token[place + 1 :]
    assert changed == token or SIGNER.read_token(changed) is None


@pytest.mark.parametrize("more", ["=", "==", "=anything", "====AAAA", "!!", "\n", "é"])
def test_base64_that_means_the_same_is_not_the_same_token(more: str) -> None:
    token = SIGNER.token("app", "/api/v1", NOW, HALF_AN_HOUR)
    assert SIGNER.read_token(token + more) is None
    assert SIGNER.read_token(token[:12] + more + token[12:]) is None
    # The last character has bits that count for nothing.
    assert [char for char in map(chr, range(33, 127)) if SIGNER.read_token(token[:-1] + char)] == [token[-1]]


@given(st.text())
def test_no_text_that_was_not_issued_is_a_token_or_a_session(text: str) -> None:
    assert SIGNER.read_token(text) is None
    assert SIGNER.read_token(f"AAIk{text}") is None
    assert not SIGNER.knows_session(text)


@given(st.text(min_size=1), st.integers(0, 2**16 - 1), st.text())
def test_a_session_is_known_with_its_number_to_its_client_alone(client_id: str, number: int, when: str) -> None:
    sid = SIGNER.session(client_id, number, when)
    assert SIGNER.knows_session(sid, client_id)
    assert SIGNER.knows_session(sid)
    assert not SIGNER.knows_session(sid, client_id + "x")
    assert not Signer("another seed").knows_session(sid)
    assert session_number(sid) == number


def test_a_token_expires_at_the_second_it_says() -> None:
    token = SIGNER.token("app", "/api", NOW, HALF_AN_HOUR)
    headers = {**HEADERS, "client_id": "app", "authorization": f"Bearer {token}"}
    assert STRICT.violations(headers, NOW + HALF_AN_HOUR - timedelta(milliseconds=1)) == []
    assert [each.location for each in STRICT.violations(headers, NOW + HALF_AN_HOUR)] == ["Authorization"]


@pytest.mark.parametrize("token", TOKEN_WORDS)
def test_a_word_is_a_whole_token(token: str) -> None:
    lenient = Access(Profile(), {}, SIGNER)
    for authorization, is_word in ((f"Bearer {token}", True), (f"bearer  {token}", True), (f"Bearer {token}x", False)):
        assert bool(lenient.violations({**HEADERS, "authorization": authorization}, NOW)) is is_word


@pytest.mark.parametrize(
    ("uuid", "is_right"),
    [
        ("3f2b8c1e-6d5a-4f0b-9c7e-2a1d4b6e8f90", True),
        ("3F2B8C1E-6D5A-4F0B-9C7E-2A1D4B6E8F90", True),
        ("00000000-0000-0000-0000-000000000000", True),
        # The default that sibling pages publish has 43 characters.
        ("a7d1e304-83a9-4413-af97-62615e57eae66807840", False),
        ("3f2b8c1e6d5a4f0b9c7e2a1d4b6e8f90", False),
        ("3f2b8c1e-6d5a-4f0b-9c7e-2a1d4b6e8f9\u0660", False),
        ("3f2b8c1e-6d5a-4f0b-9c7e-2a1d4b6e8f90\n", False),
        ("{3f2b8c1e-6d5a-4f0b-9c7e-2a1d4b6e8f90}", False),
    ],
)
def test_a_uuid_has_the_form_of_rfc_4122(uuid: str, is_right: bool) -> None:
    access = Access(Profile(frozenset({"uuid"})), {}, SIGNER)
    sent = uuid.encode().decode("latin-1")
    assert (access.violations({**HEADERS, "uuid": sent}, NOW) == []) is is_right


@pytest.mark.parametrize(
    ("text", "checks", "name"),
    [
        ("lenient", set(), "lenient"),
        ("strict", set(CHECKS), "strict"),
        ("tokens", {"tokens"}, "tokens"),
        ("uuid, tokens", {"tokens", "uuid"}, "tokens,uuid"),
        ("sid,uuid,tokens,clients", set(CHECKS), "strict"),
    ],
)
def test_a_profile_is_read_and_named(text: str, checks: set[str], name: str) -> None:
    assert read_checks(text) == checks
    assert Profile(read_checks(text)).name == name


@pytest.mark.parametrize("text", ["", "Strict", "tokens,", "strict,tokens", "tokens;uuid"])
def test_a_profile_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|did you mean"):
        read_checks(text)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("a b", "a b"), ("a+b", "a b"), ("a%20b", "a b"), ("c+d", "c+d"), ("e%2Bf", "e+f"), ("x+y", "x+y")],
)
def test_a_client_id_is_read_form_encoded_or_as_it_is(written: str, meant: str) -> None:
    assert client_named(written, {"a b": "s", "c+d": "s"}) == meant


@pytest.mark.parametrize(
    ("authorization", "found"),
    [
        ("Basic YXBwOnNlY3JldA==", ("app", "secret")),
        ("basic  YXBwOnNlY3JldA==", ("app", "secret")),
        ("Basic YXBwOmE6Yg==", ("app", "a:b")),
        ("Basic YSUyMGI6Yw==", ("a%20b", "c")),
        ("Bearer YXBwOnNlY3JldA==", None),
        ("Basic YXBwOnNlY3JldA", None),
        ("Basic YXBwOg==", None),
        ("Basic OnNlY3JldA==", None),
        ("Basic /w==", None),
        ("Basic", None),
        ("", None),
    ],
)
def test_basic_credentials_are_read(authorization: str, found: tuple[str, str] | None) -> None:
    assert read_basic(authorization) == found
