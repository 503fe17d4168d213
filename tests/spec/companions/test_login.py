"""Login: a token for client credentials, as real OAuth clients ask for it."""

from base64 import b64encode
from collections.abc import Iterator

import jsonschema_rs
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from tests.spec.conftest import HEADERS, PATH, Serve, Server, assert_documented_error

from .conftest import DOCUMENT, GRANT, LUIS, TOKEN_PATH, Channel, Enter

TOKEN = jsonschema_rs.validator_for({**DOCUMENT["components"]["schemas"]["Token"], "additionalProperties": False})
OPERATION = DOCUMENT["paths"]["/v1/oauth/token"]
OAUTH_ERRORS = OPERATION["post"]["responses"]["400"]["content"]["application/json"]["examples"]
SPELLINGS = [TOKEN_PATH, "/v1/oauth/token", *(path.format(countryCode="mx") for path in OPERATION["x-also-at"])]


@pytest.mark.parametrize("path", SPELLINGS)
def test_a_token_is_answered_at_every_spelling(channel: Channel, path: str) -> None:
    response = channel.login(path)
    body = response.json()
    assert TOKEN.is_valid(body), body
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 1800, "/api/v1")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-sandbox-rule"] == "token"
    assert channel.ask(LUIS, Authorization=f"Bearer {body['access_token']}").status_code == 200


def test_a_prefix_counts_for_the_companions_too(serve: Serve, enter: Enter) -> None:
    channel = enter(serve("--prefix", "/mx-gcgapi/ext"))
    assert channel.login(f"/mx-gcgapi/ext{TOKEN_PATH}").status_code == 200
    assert channel.exchange_keys("/mx-gcgapi/ext/api/v1/security/e2eKey").status_code == 200
    assert channel.login(f"/elsewhere{TOKEN_PATH}").status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        {"form": GRANT},
        {"query": GRANT},
        {"form": {"grant_type": "client_credentials"}, "query": {"scope": "/api/v1"}},
        # A public client sends this: parameters in the query, an empty JSON object as text.
        {"query": GRANT, "content": b"{}", "headers": {"content-type": "text/plain"}},
        {"form": {"grant_type": "client_credentials"}},
    ],
)
def test_parameters_come_in_a_form_or_in_the_query(channel: Channel, asked: dict[str, object]) -> None:
    response = channel.login(**asked)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    assert response.json()["scope"] == "/api/v1"


def test_the_scope_that_was_asked_for_is_answered(channel: Channel) -> None:
    assert channel.login(form={**GRANT, "scope": "/api"}).json()["scope"] == "/api"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"form": {"scope": "/api/v1"}}, "invalid_request"),
        ({"form": {**GRANT, "grant_type": ""}}, "invalid_request"),
        ({"form": GRANT, "query": {"grant_type": "client_credentials"}}, "invalid_request"),
        ({"json": GRANT}, "invalid_request"),
        ({"form": {**GRANT, "grant_type": "password"}}, "unsupported_grant_type"),
        ({"form": {**GRANT, "scope": "/api/v1 /admin"}}, "invalid_scope"),
    ],
)
def test_a_wrong_request_gets_the_error_of_oauth(channel: Channel, asked: dict[str, object], error: str) -> None:
    response = channel.login(**asked)  # type: ignore[arg-type]
    assert (response.status_code, response.json()) == (400, OAUTH_ERRORS[error]["value"])
    assert response.headers["cache-control"] == "no-store"
    assert channel.last()["code"] == error


def credentials(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer x", "Basic", "Basic !", credentials("nobody"), credentials(":secret"), credentials("app:")],
)
def test_without_basic_credentials_it_is_the_banks_401(channel: Channel, authorization: str | None) -> None:
    headers = {"authorization": authorization} if authorization else {}
    response = channel.login(form=GRANT, auth=None, headers=headers)
    assert_documented_error(response, "unAuthorized", "Authorization")
    assert response.headers["www-authenticate"].startswith("Basic realm=")


def test_words_that_describe_themselves_count_in_every_profile(channel: Channel) -> None:
    response = channel.login(auth=(channel.space, "sandbox-wrong-secret"), form=GRANT)
    assert_documented_error(response, "unAuthorized", "Authorization")
    encoded = channel.login(auth=(channel.space, "sandbox%2Dwrong%2Dsecret"), form=GRANT)
    assert_documented_error(encoded, "unAuthorized", "Authorization")


@pytest.mark.parametrize("profile", ["lenient", "strict"])
def test_a_blocked_client_gets_no_token_and_hears_why(server: Server, enter: Enter, profile: str) -> None:
    blocked = enter(server, "sandbox-blocked")
    blocked.profile(profile)
    assert blocked.login().json() == {"error": "unauthorized_client"}
    assert_documented_error(blocked.ask(LUIS), "accessNotConfigured", "client_id")
    blocked.control("DELETE", "/spaces/{space}")


@pytest.mark.parametrize(("scope", "answered"), [("+", "/api/v1"), ("%20/api%20%20/api", "/api"), ("/api%09", None)])
def test_a_scope_is_names_with_blanks_between(channel: Channel, scope: str, answered: str | None) -> None:
    response = channel.login(f"{TOKEN_PATH}?grant_type=client_credentials&scope={scope}", form={})
    assert response.json().get("scope") == answered
    assert response.status_code == (200 if answered else 400)


def test_a_very_long_scope_makes_no_long_answer(channel: Channel) -> None:
    response = channel.login(form={**GRANT, "scope": "/api " * 5_000})
    assert response.json()["scope"] == "/api"


def test_two_different_credentials_are_refused(channel: Channel) -> None:
    headers = [("authorization", credentials(f"{channel.space}:{secret}")) for secret in "xy"]
    response = channel.http.post(TOKEN_PATH, data=GRANT, headers=headers)
    assert_documented_error(response, "unAuthorized", "Authorization")


def test_a_call_that_is_none_belongs_to_who_made_it(channel: Channel) -> None:
    channel.login(content=b"x" * 70_000)
    assert (channel.last()["status"], channel.last()["rule"]) == (413, "http")


def test_the_reason_and_the_journal_name_what_came_in_the_query(channel: Channel) -> None:
    channel.login(query={"grant_type": "nope", "scope": "/zzz"})
    assert channel.last()["query"] == "grant_type=nope&scope=%2Fzzz"


def test_only_post_is_answered(channel: Channel) -> None:
    response = channel.http.get(TOKEN_PATH)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["code"] == "invalidRequest"


@pytest.mark.parametrize("error", [*OAUTH_ERRORS, "unAuthorized", "serverUnavailable", "gatewayTimeout", "500"])
def test_an_error_is_forced_by_a_header_that_names_the_call(channel: Channel, error: str) -> None:
    response = channel.login(form=GRANT, headers={"X-Sandbox-Scenario": f"token:{error}"})
    assert response.status_code >= 400
    assert channel.last()["code"] == {"500": "serverUnavailable"}.get(error, error)
    assert response.headers["x-sandbox-rule"] == "forced"


def test_a_scenario_for_the_api_leaves_the_login_alone_and_the_other_way_round(channel: Channel) -> None:
    response = channel.login(form=GRANT, headers={"X-Sandbox-Scenario": "resourceNotFound"})
    assert response.status_code == 200
    assert "token:... would be for this one" in response.headers["x-sandbox-reason"]
    assert channel.ask(LUIS, X_Sandbox_Scenario="token:invalid_scope").status_code == 200


def test_an_unknown_wish_is_never_ignored(channel: Channel) -> None:
    response = channel.login(form=GRANT, headers={"X-Sandbox-Scenario": "token:tea"})
    assert_documented_error(response, "invalidRequest", "X-Sandbox-Scenario")
    assert "invalid_scope" in response.headers["x-sandbox-reason"]
    assert channel.login(form=GRANT, headers={"X-Sandbox-Delay": "soon"}).status_code == 400


def test_delay_and_fault_are_performed(channel: Channel) -> None:
    response = channel.login(form=GRANT, headers={"X-Sandbox-Delay": "50ms", "X-Sandbox-Fault": "malformedJson"})
    with pytest.raises(ValueError):
        response.json()
    assert (channel.last()["delay"], channel.last()["fault"]) == (0.05, "malformedJson")


def test_neither_token_nor_secret_is_in_journal_or_log(serve: Serve, enter: Enter) -> None:
    server = serve()
    channel = enter(server)
    channel.secret = "hush-hush-hush-hush"
    token = channel.token()
    for name in ("client_secret", "Client_Secret", "password", "client_assertion"):
        channel.login(form={**GRANT, name: channel.secret})
    channel.login(query={**GRANT, "client_secret": channel.secret})
    channel.login(content=b"client%5Fsecret=" + channel.secret.encode())
    channel.login(json={"client_secret": f'a"b {channel.secret}'})
    channel.login(content=f"{{'client_secret': '{channel.secret}'}}".encode())
    basic = credentials(f"{channel.space}:{channel.secret}")
    for written in (basic, basic.replace(" ", "\t"), basic.replace(" ", "")):
        channel.login(form=GRANT, auth=None, headers={"authorization": written, "x-original": basic})
    channel.http.get(f"/api/{token}", headers={"client_id": channel.space})
    channel.ask(LUIS, ChannelId=token, uuid=token, X_Sandbox_Scenario=token)
    channel.ask(LUIS, Authorization=f"Bearer {token}")
    shown = channel.control("GET", "/spaces/{space}/exchanges").text
    encoded = b64encode(f"{channel.space}:{channel.secret}".encode()).decode()
    for secret in (token, channel.secret, encoded, encoded[-10:]):
        assert secret not in shown + server.log


@pytest.fixture
def session(server: Server) -> Iterator[OAuth2Session]:
    with OAuth2Session("oauth-app", "oauth-secret", scope="/api/v1") as session:
        yield session


def test_a_real_oauth_client_logs_in_and_calls(server: Server, session: OAuth2Session) -> None:
    session.fetch_token(server.url + TOKEN_PATH, grant_type="client_credentials")
    headers = {name: value for name, value in HEADERS.items() if name != "Authorization"}
    response = session.post(server.url + PATH, json=LUIS, headers={**headers, "client_id": "oauth-app"})
    assert response.json()["customer"]["fullName"] == "Luis Diaz Salinas"


def test_a_real_oauth_client_understands_an_error(server: Server, session: OAuth2Session) -> None:
    with pytest.raises(OAuthError) as raised:
        session.fetch_token(server.url + TOKEN_PATH, grant_type="client_credentials", scope="/admin")
    assert raised.value.error == "invalid_scope"


def test_a_browser_may_log_in(server: Server, channel: Channel) -> None:
    response = channel.http.options(
        TOKEN_PATH,
        headers={
            "origin": "https://app.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        },
    )
    assert response.status_code == 200
    assert "authorization" in response.headers["access-control-allow-headers"].lower()
