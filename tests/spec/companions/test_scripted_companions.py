"""Companions that fail as an override or a scenario file says, and then work."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.spec.conftest import Serve

from .conftest import Channel, Enter


def place(channel: Channel, name: str, entry: object) -> int:
    return channel.control("PUT", f"/spaces/{{space}}/overrides/companion/{name}", json=entry).status_code


def test_the_login_fails_twice_and_then_works(channel: Channel) -> None:
    assert place(channel, "token", {"error": "serviceUnavailable", "times": 2}) == 200
    answers = [channel.login() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert [answer.headers["x-sandbox-rule"] for answer in answers] == ["override", "override", "token"]


def test_an_override_may_be_an_error_of_oauth_on_the_token_call_alone(channel: Channel) -> None:
    assert place(channel, "token", {"error": "invalid_scope"}) == 200
    assert channel.login().json() == {"error": "invalid_scope"}
    assert place(channel, "e2eKey", {"error": "invalid_scope"}) == 400


def test_an_override_may_delay_or_break_the_usual_answer(channel: Channel) -> None:
    assert place(channel, "e2eKey", {"delay": "20ms", "fault": "wrongContentType"}) == 200
    first, second = channel.exchange_keys(), channel.exchange_keys()
    assert first.headers["content-type"].startswith("text/html")
    assert first.headers["sid"] != second.headers["sid"]
    assert channel.last()["delay"] == 0.02
    assert "a new session" in first.headers["x-sandbox-reason"]


def test_a_wrong_request_is_refused_before_any_script(channel: Channel) -> None:
    place(channel, "token", {"error": "serverUnavailable"})
    assert channel.login(form={"grant_type": "password"}).json() == {"error": "unsupported_grant_type"}


def test_overrides_of_companions_are_saved_as_a_scenario_file(channel: Channel, serve: Serve, enter: Enter) -> None:
    place(channel, "token", {"error": "gatewayTimeout", "times": 1})
    saved = channel.control("GET", "/spaces/{space}/overrides", headers={"accept": "application/yaml"}).text
    again = enter(serve(scenarios=saved))
    assert [again.login().status_code for _ in range(2)] == [504, 200]
    assert "test.yaml:" in again.control("GET", "/spaces/{space}/exchanges").json()["exchanges"][1]["scenario"]


@pytest.mark.parametrize(
    ("name", "entry", "hint"),
    [
        ("login", {"error": "unAuthorized"}, "expected one of token, e2eKey"),
        ("token", {}, "an error, or its usual answer with a delay or a fault"),
        ("token", {"times": 1}, "found only times, expected error, delay or fault with it"),
        ("token", {"customer": "synthetic"}, "'customer' is not known here"),
        ("token", {"error": "invalidscope"}, "did you mean invalid_scope?"),
    ],
)
def test_a_wrong_override_is_a_problem(channel: Channel, name: str, entry: object, hint: str) -> None:
    response = channel.control("PUT", f"/spaces/{{space}}/overrides/companion/{name}", json=entry)
    assert response.status_code == 400
    assert hint in response.json()["detail"]


def test_mistakes_in_a_file_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("companion:\n  tokn: {error: invalid_scope}\n  e2eKey:\n    eror: unAuthorized\n")
    command = [sys.executable, "-m", "sandbox", "check", str(tmp_path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    assert [line.partition("a.yaml:")[2].split(": ", 1)[1] for line in lines] == [
        "companion.tokn: 'tokn' is not known here; did you mean token?",
        "companion.e2eKey.eror: 'eror' is not known here; did you mean error?",
    ]


def test_a_template_that_finds_nothing_is_a_500_that_says_so(serve: Serve, enter: Enter) -> None:
    file = """companion: {token: {delay: "{{ headers.countryCode | length }}s"}}"""
    channel = enter(serve(scenarios=file))
    response = channel.login()
    assert response.status_code == 500
    assert "failed" in response.headers["x-sandbox-reason"]


def test_coverage_and_filters_tell_the_calls_apart(channel: Channel) -> None:
    channel.login()
    channel.exchange_keys()
    channel.exchange_keys(**{"X-Sandbox-Scenario": "e2eKey:404"})
    channel.ask({"customerId": "1"})
    coverage = channel.control("GET", "/spaces/{space}/coverage").json()
    assert coverage["operations"] == {"retrieve-customer-segment": 1, "token": 1, "e2eKey": 2}
    assert coverage["errors"]["resourceNotFound"] == 1
    assert coverage["rules"]["forced"] == 0
    found = channel.control("GET", "/spaces/{space}/exchanges", params={"operation": "e2eKey"}).json()
    assert found["count"] == 2
    verify = {"match": {"operation": "token", "rule": "token"}, "exactly": 1}
    assert channel.control("POST", "/spaces/{space}/verify", json=verify).json()["verified"]
