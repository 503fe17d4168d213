"""A space for those who can't choose a client_id: the base URL carries it."""

from urllib.parse import quote

import httpx2
import pytest

from .conftest import HEADERS, PATH, Client, Connect, Serve

BODY = {"customerId": "100000000301"}
LOGIN = "/api/v1/oauth/token"


@pytest.mark.parametrize("name", ["team-a", "niño 1", "100%", "s", "?#&"])
def test_a_call_belongs_to_the_space_that_its_path_names(serve_once: Serve, connect: Connect, name: str) -> None:
    client, space = connect(serve_once()), quote(name, safe="")
    placed = client.control("PUT", f"/spaces/{space}/overrides/customerId/*", json={"error": "serverUnavailable"})
    assert placed.status_code == 200, placed.text
    assert client.ask(BODY, f"/s/{space}{PATH}").status_code == 500
    assert client.ask(BODY).status_code == 200
    (exchange,) = client.control("GET", f"/spaces/{space}/exchanges").json()["exchanges"]
    assert (exchange["path"], exchange["space"]) == (f"/s/{space}{PATH}", name)
    assert exchange["headers"]["client_id"] == client.space


def test_a_name_may_have_a_slash_and_the_path_is_shown_as_it_was_sent(serve_once: Serve, connect: Connect) -> None:
    client = connect(serve_once())
    assert client.ask(BODY, f"/s/a%2Fb{PATH}").status_code == 200
    exchanges = client.control("GET", "/spaces/*/exchanges").json()["exchanges"]
    assert (f"/s/a%2Fb{PATH}", "a/b") in [(each["path"], each["space"]) for each in exchanges]


def test_the_clock_of_the_space_counts(serve_once: Serve, connect: Connect) -> None:
    client = connect(serve_once())
    client.control("PUT", "/spaces/clocked/clock", json={"now": "2028-02-29T09:00:00-06:00"})
    reply = client.ask({"customerId": "999900000404"}, f"/s/clocked{PATH}")
    assert reply.json()["timestamp"].startswith("2028-02-29T15:00:00")


def test_a_registered_client_logs_in_and_calls_in_a_space_of_its_own(serve: Serve, connect: Connect) -> None:
    client = connect(serve("--prefix", "/mx-gcgapi/ext"))
    client.control("PUT", "/spaces/strict-one/profile", json={"profile": "clients,tokens"})
    base = "/s/strict-one/mx-gcgapi/ext"
    refused = client.ask(BODY, base + PATH, Authorization="Bearer nonsense")
    assert refused.status_code == 401
    form = {"grant_type": "client_credentials", "scope": "/api/v1"}
    login = client.http.post(base + LOGIN, data=form, auth=("branch-app", "branch-secret"))
    assert login.status_code == 200, login.text
    bearer = {"Authorization": f"Bearer {login.json()['access_token']}", "client_id": "branch-app"}
    assert client.ask(BODY, base + PATH, **bearer).status_code == 200
    operations = [
        each["operation"] for each in client.control("GET", "/spaces/strict-one/exchanges").json()["exchanges"]
    ]
    assert operations == ["retrieve-customer-segment", "token", "retrieve-customer-segment"]
    # Elsewhere everybody is let in.
    assert client.ask(BODY, Authorization="Bearer nonsense").status_code == 200


@pytest.mark.parametrize(
    "path", ["/s/x/api/v1/nonsense", "/s/x", "/s/x/", "/s//api/v1/customers/segments/retrieve", "/s/"]
)
def test_an_unknown_path_is_answered_as_any_unknown_path(serve_once: Serve, connect: Connect, path: str) -> None:
    client = connect(serve_once())
    for each in (path, "/api/v1/nonsense"):
        reply = client.ask(BODY, each)
        assert (reply.status_code, reply.json()["code"], reply.json()["location"]) == (404, "resourceNotFound", "path")


def test_no_path_names_the_space_for_all(serve_once: Serve, connect: Connect) -> None:
    client = connect(serve_once())
    client.ask(BODY, f"/s/*{PATH}")
    assert "client_id *" in [each["space"] for each in client.control("GET", "/spaces").json()]


def test_other_methods_and_browsers_are_answered_there_too(serve_once: Serve, connect: Connect) -> None:
    client: Client = connect(serve_once())
    assert client.http.get(f"/s/x{PATH}").status_code == 405
    reply = client.http.request("OPTIONS", f"/s/x{PATH}", headers={"Origin": "http://a.test", **_preflight()})
    assert reply.headers["access-control-allow-origin"] == "*"
    reply = httpx2.post(
        client.http.base_url.join(f"/s/x{PATH}"), json=BODY, headers={**HEADERS, "Origin": "http://a.test"}
    )
    assert reply.status_code == 200


def _preflight() -> dict[str, str]:
    return {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "client_id"}
