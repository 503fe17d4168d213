"""Everybody (`*`) and `when`: in files, at run time, and beside magic values."""

import pytest

from .conftest import Client, Connect, Serve

ANA = "100000000001"
FILE = f"""
customerId:
  "{ANA}":
    cardNumber: "5500000000000012"
    when: {{ChannelId: [ATM, IVR], countryCode: MX}}
    error: businessValidationFailed
    otherwise: {{customer: {{fullName: Ana Soto, customerSegment: "30", birthday: never}}}}
  "100000000002": {{when: {{Accept-Language: es}}, error: resourceNotFound}}
  "100000000003":
    error: tooManyRequests
    times: 2
    otherwise:
      when: {{businessCode: GCB}}
      sequence: [{{error: resourceNotFound}}, {{customer: synthetic}}]
  "1*": {{delay: 10ms, customer: synthetic}}
  "*": {{error: serverUnavailable}}
cardNumber:
  "*": {{error: serviceUnavailable}}
"""


@pytest.fixture(scope="module")
def client(serve_once: Serve, connect: Connect) -> Client:
    return connect(serve_once("--no-built-in", scenarios=FILE))


def test_everybody_gets_what_stands_under_the_star(client: Client) -> None:
    assert client.ask({"customerId": "700000000000"}).status_code == 500
    assert client.ask({"cardNumber": "7000000000000000"}).status_code == 503
    assert client.ask({"customerId": "7"}).headers["x-sandbox-rule"] == "unknown_customer"
    assert client.ask({"customerId": "100000000009"}).status_code == 200


def test_magic_values_answer_beside_everybody_in_files(client: Client) -> None:
    assert client.ask({"customerId": "999900000404"}).status_code == 404
    assert client.ask({"cardNumber": "9999000000000422"}).status_code == 422
    assert client.ask({"customerId": "700000000000", "cardNumber": "9999000000000422"}).status_code == 422


def test_an_entry_answers_the_calls_that_its_when_fits(client: Client) -> None:
    for body in ({"customerId": ANA}, {"cardNumber": "5500000000000012"}):
        blocked = client.ask(body, ChannelId="IVR")
        assert blocked.status_code == 422
        reason = blocked.headers["x-sandbox-reason"]
        assert reason.endswith(", since ChannelId is ATM or IVR and countryCode is MX")
        assert client.ask(body, ChannelId="IVR", countryCode="US").status_code == 200


def test_what_was_passed_over_stands_in_the_reason(client: Client) -> None:
    reply = client.ask({"customerId": ANA}, ChannelId="PBMX")
    assert reply.json()["customer"]["fullName"] == "Ana Soto"
    file = reply.headers["x-sandbox-reason"].partition(" in ")[2].partition(",")[0]
    assert reply.headers["x-sandbox-reason"] == (
        f"customerId {ANA} in {file}, otherwise; passed over customerId {ANA} in {file}: ChannelId is 'PBMX'"
    )


def test_an_answer_that_is_kept_says_of_each_call_what_was_passed_over(client: Client) -> None:
    for channel in ("PBMX", "SSA", "PBMX"):
        reason = client.ask({"customerId": ANA}, ChannelId=channel).headers["x-sandbox-reason"]
        assert reason.endswith(f"ChannelId is '{channel}'")


def test_without_an_otherwise_the_next_entry_is_asked(client: Client) -> None:
    assert client.ask({"customerId": "100000000002"}, Accept_Language="es").status_code == 404
    reply = client.ask({"customerId": "100000000002"}, Accept_Language=None)
    assert reply.headers["x-sandbox-reason"].startswith("customerId 1* in ")
    assert reply.headers["x-sandbox-reason"].endswith("Accept-Language is missing")


def test_an_entry_whose_times_are_over_leaves_the_call_to_its_otherwise(serve_once: Serve, connect: Connect) -> None:
    client = connect(serve_once("--no-built-in", scenarios=FILE))
    statuses = [client.ask({"customerId": "100000000003"}).status_code for _ in range(5)]
    assert statuses == [429, 429, 404, 200, 200]


def test_explain_shows_what_was_passed_over(client: Client) -> None:
    wish = {"customerId": "100000000002"}
    explained = client.control("POST", "/explain", json={"body": wish}).json()
    assert "passed over customerId 100000000002 in " in str(explained)


def test_everybody_at_run_time_beats_every_file_and_takes_a_when(client: Client) -> None:
    placed = client.control(
        "PUT", "/spaces/{space}/overrides/customerId/*", json={"error": 404, "when": {"ChannelId": "ATM"}}
    )
    assert placed.status_code == 200, placed.text
    try:
        for number in (ANA, "999900000500", "700000000000"):
            assert client.ask({"customerId": number}, ChannelId="ATM").headers["x-sandbox-rule"] == "override"
        assert client.ask({"customerId": ANA}, ChannelId="PBMX").headers["x-sandbox-rule"] == "scenario_file"
    finally:
        assert client.control("DELETE", "/spaces/{space}/overrides/customerId/*").status_code == 204


def test_who_everybody_is_can_be_found(serve: Serve, connect: Connect) -> None:
    client = connect(
        serve("--no-built-in", scenarios='customerId: {"*": {delay: 10ms, customer: {customerSegment: "77"}}}')
    )
    found = client.control("GET", "/customers", params={"segment": "77", "count": 3}).json()
    for each in found:
        assert client.ask({"customerId": each["customerId"]}).json()["customer"]["fullName"] == each["fullName"]
    assert len(found) == 3
