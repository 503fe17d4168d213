"""Profiles: what the bank's side checks, for everybody or for one space, and how it words its errors."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.spec.conftest import ERRORS, HEADERS, Serve, Server, assert_documented_error

from .conftest import LUIS, Channel, Enter

CHECKS = ["clients", "tokens", "uuid", "sid"]
WORLD = """segments: {"20": 1}
countries: {MX: {locale: es_MX, timezone: America/Mexico_City}}
"""


def test_the_lenient_profile_lets_everybody_in(channel: Channel) -> None:
    assert channel.ask(LUIS, Authorization="bearer x", uuid="any text", sid="any").status_code == 200


@pytest.mark.parametrize(
    ("header", "value", "error", "location"),
    [
        ("Authorization", "Bearer sandbox-expired", "unAuthorized", "Authorization"),
        ("Authorization", "Bearer sandbox-revoked", "unAuthorized", "Authorization"),
        ("Authorization", "Bearer sandbox-wrong-scope", "accessNotConfigured", "Authorization"),
        ("client_id", "sandbox-blocked", "accessNotConfigured", "client_id"),
    ],
)
@pytest.mark.parametrize("profile", ["lenient", "strict", "clients", "uuid,sid"])
def test_words_that_describe_themselves_count_in_every_profile(
    registered: Channel, profile: str, header: str, value: str, error: str, location: str
) -> None:
    registered.profile(profile)
    assert_documented_error(registered.ask(LUIS, **{header: value}), error, location)


def test_the_strict_profile_lets_a_right_channel_through(registered: Channel) -> None:
    registered.profile("strict")
    authorization = f"Bearer {registered.token()}"
    sid = registered.exchange_keys(Authorization=authorization).headers["sid"]
    assert registered.ask(LUIS, Authorization=authorization, sid=sid).status_code == 200
    # A session is optional.
    assert registered.ask(LUIS, Authorization=authorization).status_code == 200


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_alone_refuses_only_what_it_is_about(channel: Channel, check: str) -> None:
    channel.profile(check)
    wrong = {"sid": "invented", "uuid": "any text", "Authorization": "Bearer invented"}
    location = {"clients": "client_id", "tokens": "Authorization"}.get(check, check)
    response = channel.ask(LUIS, **wrong)
    assert_documented_error(response, "invalidRequest" if check == "uuid" else "unAuthorized", location)
    assert [violation["location"] for violation in channel.last()["violations"]] == [location]


def test_every_breach_is_named_in_the_order_of_the_stages(channel: Channel) -> None:
    channel.profile("strict")
    channel.ask({"customerId": "x"}, sid="invented", uuid="any text", countryCode="ZZ", ChannelId=None)
    locations = [violation["location"] for violation in channel.last()["violations"]]
    assert locations == ["client_id", "Authorization", "sid", "ChannelId", "uuid", "countryCode", "customerId"]


def test_a_token_expires_by_the_clock_of_the_space(channel: Channel) -> None:
    channel.profile("tokens")
    authorization = f"Bearer {channel.token()}"
    channel.travel("PT29M")
    assert channel.ask(LUIS, Authorization=authorization).status_code == 200
    channel.travel("PT2M")
    response = channel.ask(LUIS, Authorization=authorization)
    assert_documented_error(response, "unAuthorized", "Authorization")
    assert "the token expired at" in response.headers["x-sandbox-reason"]
    channel.travel("-PT2M")
    assert channel.ask(LUIS, Authorization=authorization).status_code == 200


def test_a_token_belongs_to_its_client(channel: Channel, registered: Channel) -> None:
    channel.profile("tokens")
    response = channel.ask(LUIS, Authorization=f"Bearer {registered.token()}")
    assert_documented_error(response, "unAuthorized", "Authorization")
    assert "belongs to another client_id" in response.headers["x-sandbox-reason"]


def test_tokens_are_known_after_a_restart_and_on_a_replica(serve: Serve, serve_once: Serve, enter: Enter) -> None:
    first, replica = serve(), serve_once("--profile", "tokens")
    authorization = f"Bearer {enter(first, 'app').token()}"
    assert first.stop() == 0
    assert enter(replica, "app").ask(LUIS, Authorization=authorization).status_code == 200


def test_another_seed_knows_no_token_of_this_one(server: Server, serve: Serve, enter: Enter, tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_text(f"seed: another\n{WORLD}")
    issued = enter(server, "app").token()
    response = enter(serve("--profile", "tokens", scenarios=tmp_path), "app").ask(Authorization=f"Bearer {issued}")
    assert_documented_error(response, "unAuthorized", "Authorization")
    assert "another seed" in response.headers["x-sandbox-reason"]


def test_a_registered_client_needs_its_own_secret(registered: Channel) -> None:
    registered.profile("clients")
    assert registered.login().status_code == 200
    registered.secret = "branch-secret"
    assert_documented_error(registered.login(), "unAuthorized", "Authorization")


def test_an_unregistered_client_gets_no_token_and_hears_who_is_there(channel: Channel) -> None:
    channel.profile("clients")
    response = channel.login()
    assert_documented_error(response, "unAuthorized", "Authorization")
    assert "branch-app, call-centre-app, mobile-app" in response.headers["x-sandbox-reason"]


def test_a_world_that_registers_nobody_says_what_to_do(serve: Serve, enter: Enter, tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_text(WORLD)
    response = enter(serve("--profile", "strict", scenarios=tmp_path)).ask(LUIS)
    assert "write some under clients in world.yaml" in response.headers["x-sandbox-reason"]


def test_secrets_and_names_that_must_be_form_encoded_are_read_either_way(
    serve: Serve, enter: Enter, tmp_path: Path
) -> None:
    (tmp_path / "world.yaml").write_text(WORLD + 'clients: {"a b": {secret: "1+1=2 %"}}\n')
    channel = enter(serve("--profile", "clients", scenarios=tmp_path), "a b")
    for name, secret in (("a b", "1+1=2 %"), ("a%20b", "1%2B1%3D2+%25")):
        assert channel.login(auth=(name, secret), form={"grant_type": "client_credentials"}).status_code == 200


def test_a_space_has_a_profile_of_its_own(channel: Channel, registered: Channel) -> None:
    registered.profile("tokens")
    assert channel.ask(LUIS).status_code == 200
    assert registered.ask(LUIS).status_code == 401
    shown = registered.control("GET", "/spaces/{space}/profile").json()
    assert shown == {"profile": "tokens", "checks": ["tokens"], "liveTexts": False, "setBy": "space"}
    assert registered.control("DELETE", "/spaces/{space}/profile").json()["profile"] == "lenient"
    assert registered.ask(LUIS).status_code == 200


def test_a_reset_takes_the_profile_away(channel: Channel) -> None:
    channel.profile("tokens")
    channel.control("DELETE", "/spaces/{space}")
    assert channel.ask(LUIS).status_code == 200


def test_the_space_for_all_speaks_for_those_that_say_nothing(serve: Serve, enter: Enter) -> None:
    server = serve()
    everybody, quiet, lenient = enter(server, "*"), enter(server), enter(server)
    everybody.profile("tokens")
    lenient.profile("lenient")
    assert (quiet.ask(LUIS).status_code, lenient.ask(LUIS).status_code) == (401, 200)
    assert quiet.control("GET", "/spaces/{space}/profile").json()["setBy"] == "all"


@pytest.mark.parametrize(
    ("wish", "hint"),
    [
        ({"profile": "strct"}, "did you mean strict?"),
        ({"profile": "tokens,uid"}, "did you mean uuid?"),
        ({"profile": ["tokens"]}, "expected lenient, strict, or checks"),
        ({"liveTexts": "perhaps"}, "expected true or false"),
        ({}, "expected profile"),
        ({"strict": True}, "is not known here"),
    ],
)
def test_a_wrong_profile_is_a_problem(channel: Channel, wish: object, hint: str) -> None:
    response = channel.control("PUT", "/spaces/{space}/profile", json=wish)
    assert response.status_code == 400
    assert hint in response.json()["detail"]


@pytest.fixture(scope="module")
def live(serve_once: Serve) -> Server:
    return serve_once("--live-texts")


def test_live_texts_keep_status_and_code_and_change_the_prose(live: Server, enter: Enter) -> None:
    channel = enter(live)
    answers = [channel.ask({}, uuid=f"call {n}") for n in range(20)]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(400, "invalidRequest")}
    assert {answer.json()["type"] for answer in answers} == {"invalid"}
    assert {answer.json()["details"] for answer in answers} == {
        "Missing or invalid Parameters",
        "Missing or invalid parameters",
    }
    assert "worded as live systems do" in answers[0].headers["x-sandbox-reason"]
    assert channel.ask({}, uuid="call 0").json()["details"] == answers[0].json()["details"]


def test_live_texts_of_a_401_and_of_a_grant_that_is_not_supported(live: Server, enter: Enter) -> None:
    channel = enter(live)
    details = {channel.ask(LUIS, Authorization=None, uuid=f"call {n}").json()["details"] for n in range(20)}
    assert details == {"Authorization credential is missing or invalid", "Unauthorized access to this resource"}
    assert channel.login(form={"grant_type": "password"}).json() == {"error": "invalid_grant"}


def test_what_no_live_system_was_seen_to_say_stays_as_documented(live: Server, enter: Enter) -> None:
    response = enter(live).ask({"customerId": "1"})
    assert response.json()["details"] == ERRORS["resourceNotFound"][1]["details"]
    assert "live" not in response.headers["x-sandbox-reason"]


def test_a_space_may_have_live_texts_alone(channel: Channel) -> None:
    channel.control("PUT", "/spaces/{space}/profile", json={"liveTexts": True})
    assert channel.ask({}).json()["type"] == "invalid"


def test_the_example_at_the_start_of_a_strict_server_works(serve_once: Serve) -> None:
    greeting = serve_once("--profile", "strict").greeting
    result = subprocess.run(greeting[greeting.index("curl") :], shell=True, capture_output=True, text=True, check=False)
    assert "Luis Diaz Salinas" in result.stdout


def test_a_wrong_profile_is_one_line_on_the_command_line() -> None:
    command = [sys.executable, "-m", "sandbox", "serve", "--profile", "tight"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "profile: found 'tight'; expected one of lenient, strict, clients, tokens, uuid, sid" in result.stderr
    assert result.stderr.count("\n") == 1


def printed(*arguments: str) -> str:
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_command_line_issues_tokens_and_sessions_that_every_server_knows(registered: Channel) -> None:
    registered.profile("strict")
    token, sid = (printed(command, "--client-id", registered.space) for command in ("token", "session"))
    assert registered.ask(LUIS, Authorization=f"Bearer {token}", sid=sid).status_code == 200
    expired = printed("token", "--client-id", registered.space, "--lifetime", "0s")
    assert registered.ask(LUIS, Authorization=f"Bearer {expired}").status_code == 401


def test_the_command_line_asks_under_a_profile() -> None:
    assert printed("ask", "--profile", "strict", "--customer-id", "321116471234").startswith("HTTP/1.1 200")
    refused = printed("ask", "--profile", "tokens", "-H", "Authorization: Bearer x", "--customer-id", "321116471234")
    assert refused.startswith("HTTP/1.1 401")
    assert '"type":"invalid"' in printed("ask", "--live-texts", "--body", "{}")


def test_the_control_api_issues_tokens(channel: Channel) -> None:
    channel.profile("tokens")
    issued = channel.control("POST", "/tokens", json={"client_id": channel.space, "scope": "/api"}).json()
    assert issued["scope"] == "/api"
    assert channel.ask(LUIS, Authorization=f"Bearer {issued['access_token']}").status_code == 200
    expired = channel.control("POST", "/tokens", json={"client_id": channel.space, "lifetime": "0s"}).json()
    assert channel.ask(LUIS, Authorization=f"Bearer {expired['access_token']}").status_code == 401
    for wish in ({}, {"client_id": ""}, {"client_id": "a", "scope": "/b"}, {"client_id": "a", "lifetime": "x"}):
        assert channel.control("POST", "/tokens", json=wish).status_code == 400


def test_a_dry_run_knows_the_profile(channel: Channel) -> None:
    channel.profile("tokens")
    wish = {"headers": {**HEADERS, "client_id": channel.space}, "body": LUIS}
    assert channel.control("POST", "/explain", json=wish).json()["code"] == "unAuthorized"


def test_health_names_the_profile(serve: Serve, enter: Enter) -> None:
    health = enter(serve("--profile", "sid,tokens", "--live-texts")).control("GET", "/health").json()
    assert (health["profile"], health["liveTexts"]) == ("tokens,sid", True)
