"""Key exchange: a session, its sid and its public key."""

from base64 import urlsafe_b64decode

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers

from tests.spec.conftest import HEADERS, Serve, Server, assert_documented_error

from .conftest import DOCUMENT, KEY_PATH, LUIS, Channel, Enter

OPERATION = DOCUMENT["paths"]["/v1/security/e2eKey"]
KEY = jsonschema_rs.validator_for({**DOCUMENT["components"]["schemas"]["PublicKey"], "additionalProperties": False})
REQUIRED = [name for name in HEADERS if name != "Content-Type"]


@pytest.mark.parametrize("path", [KEY_PATH, "/v1/security/e2eKey", *OPERATION["x-also-at"]])
def test_a_session_begins_at_every_spelling(channel: Channel, path: str) -> None:
    response = channel.exchange_keys(path)
    assert (response.status_code, response.headers["x-sandbox-rule"]) == (200, "key_exchange")
    assert KEY.is_valid(response.json()), response.text
    assert response.json()["keyIdentifier"].startswith("SANDBOX_TEST_KEY_")
    assert response.headers["sid"]
    assert response.headers["eventid"]
    assert response.headers["uuid"] == HEADERS["uuid"]


def test_a_session_keeps_its_sid_and_its_key_and_no_call_its_event(channel: Channel) -> None:
    first = channel.exchange_keys()
    again = channel.exchange_keys(sid=first.headers["sid"], uuid="another")
    assert (again.headers["sid"], again.json()) == (first.headers["sid"], first.json())
    assert again.headers["eventid"] != first.headers["eventid"]


def test_no_two_calls_have_one_event_even_when_time_stands_still(channel: Channel) -> None:
    channel.control("PUT", "/spaces/{space}/clock", json={"now": "2028-02-29T09:00:00-06:00"})
    sid = channel.exchange_keys().headers["sid"]
    events = {channel.exchange_keys(sid=sid).headers["eventid"] for _ in range(3)}
    assert len(events) == 3


def test_head_survives_a_fault_that_needs_a_body(channel: Channel) -> None:
    headers = {**HEADERS, "client_id": channel.space, "X-Sandbox-Fault": "slowDrip"}
    assert channel.http.head(KEY_PATH, headers=headers).status_code == 200
    assert (channel.last()["method"], channel.last()["fault"]) == ("HEAD", "slowDrip")


def test_a_new_session_has_another_sid_and_another_key(channel: Channel) -> None:
    first, second = channel.exchange_keys(), channel.exchange_keys()
    assert first.headers["sid"] != second.headers["sid"]
    assert first.json()["modulus"] != second.json()["modulus"]


@pytest.mark.parametrize("sid", ["", "invented", "SANDBOX-" + "0" * 56])
def test_an_unknown_session_is_replaced(channel: Channel, sid: str) -> None:
    response = channel.exchange_keys(sid=sid)
    assert response.status_code == 200
    assert response.headers["sid"] != sid
    assert "not known" in response.headers["x-sandbox-reason"]


def test_the_session_of_another_client_is_not_known(channel: Channel, registered: Channel) -> None:
    theirs = registered.exchange_keys().headers["sid"]
    assert channel.exchange_keys(sid=theirs).headers["sid"] != theirs


def number(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=="))


def test_what_is_encrypted_with_the_key_can_be_read_with_the_one_that_the_control_api_shows(channel: Channel) -> None:
    response = channel.exchange_keys()
    public = RSAPublicNumbers(int(response.json()["exponent"]), int(response.json()["modulus"], 16))
    sealed = public.public_key().encrypt(b"a password", padding.PKCS1v15())
    shown = channel.control("GET", f"/sessions/{response.headers['sid']}").json()
    key = {name: number(value) for name, value in shown["key"].items() if name not in {"kty", "kid"}}
    private = RSAPrivateNumbers(key["p"], key["q"], key["d"], key["dp"], key["dq"], key["qi"], public).private_key()
    assert private.decrypt(sealed, padding.PKCS1v15()) == b"a password"
    assert shown["key"]["kid"] == response.json()["keyIdentifier"]


def test_a_session_that_was_never_begun_has_no_key_to_show(channel: Channel) -> None:
    assert channel.control("GET", f"/sessions/SANDBOX-{'0' * 56}").status_code == 404


@pytest.mark.parametrize("header", REQUIRED)
def test_the_headers_of_the_family_are_wanted(channel: Channel, header: str) -> None:
    error = "unAuthorized" if header in {"client_id", "Authorization"} else "invalidRequest"
    # The client adds an Accept of its own where none is set.
    value = "text/html" if header == "Accept" else None
    assert_documented_error(channel.exchange_keys(**{header: value}), error, header)


def test_the_reason_names_every_breach(channel: Channel) -> None:
    response = channel.exchange_keys(Authorization=None, uuid=None, countryCode="ZZ")
    assert_documented_error(response, "unAuthorized", "Authorization")
    assert "2 more: uuid, countryCode" in response.headers["x-sandbox-reason"]


def test_a_country_that_is_not_served_is_403(channel: Channel) -> None:
    assert_documented_error(channel.exchange_keys(countryCode="ZZ"), "accessNotConfigured", "countryCode")


def test_head_is_answered_and_nothing_else(channel: Channel) -> None:
    headers = {**HEADERS, "client_id": channel.space}
    response = channel.http.head(KEY_PATH, headers=headers)
    assert (response.status_code, response.content) == (200, b"")
    assert channel.http.post(KEY_PATH, headers=headers).headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("error", ["invalidRequest", "unAuthorized", "accessNotConfigured", "serviceUnavailable"])
def test_an_error_is_forced_by_a_header_that_names_the_call(channel: Channel, error: str) -> None:
    response = channel.exchange_keys(**{"X-Sandbox-Scenario": f"e2eKey:{error}"})
    assert (response.headers["x-sandbox-rule"], channel.last()["code"]) == ("forced", error)
    assert channel.exchange_keys(**{"X-Sandbox-Scenario": error}).status_code == 200


def test_a_forced_error_hides_no_breach_from_the_journal(channel: Channel) -> None:
    channel.exchange_keys(uuid=None, **{"X-Sandbox-Scenario": "e2eKey:500"})
    assert [violation["location"] for violation in channel.last()["violations"]] == ["uuid"]


def test_sessions_are_known_after_a_restart_and_on_a_replica(server: Server, serve: Serve, enter: Enter) -> None:
    first = serve()
    sid = enter(first, "app").exchange_keys().headers["sid"]
    assert first.stop() == 0
    assert enter(server, "app").exchange_keys(sid=sid).headers["sid"] == sid


def test_the_journal_hides_the_sid(channel: Channel) -> None:
    sid = channel.exchange_keys().headers["sid"]
    channel.ask(LUIS, sid=sid)
    channel.ask({"sid": sid}, ChannelId=sid, X_Sid=sid)
    assert sid not in channel.control("GET", "/spaces/{space}/exchanges").text


def test_the_control_api_begins_a_session(channel: Channel) -> None:
    begun = channel.control("POST", "/sessions", json={"client_id": channel.space})
    assert begun.status_code == 201
    assert channel.exchange_keys(sid=begun.json()["sid"]).headers["sid"] == begun.json()["sid"]
    assert channel.control("GET", begun.headers["location"].removeprefix("/_sandbox")).json() == begun.json()
