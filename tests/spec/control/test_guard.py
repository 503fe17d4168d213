"""Who may steer the sandbox: nobody from a web page, and beyond loopback nobody without the token."""

from collections.abc import Iterator

import httpx2
import pytest

from sandbox.control.operations import open_paths
from tests.spec.conftest import HEADERS, PATH, TRUST, Serve, Server

from .conftest import NUMBER, Caller, Join, assert_problem

STEERING = [
    ("GET", "/_sandbox/errors"),
    ("GET", "/_sandbox/spaces"),
    ("GET", "/_sandbox/spaces/somebody/exchanges"),
    ("GET", "/_sandbox/spaces/somebody/exchanges/stream"),
    ("PUT", f"/_sandbox/spaces/somebody/overrides/customerId/{NUMBER}"),
    ("PUT", "/_sandbox/spaces/*/clock"),
    ("DELETE", "/_sandbox/spaces/somebody"),
    ("POST", "/_sandbox/explain"),
    ("POST", "/_sandbox/reset"),
    ("GET", "/_sandbox/nowhere"),
]
TOKEN = "open-sesame-1234567890"


@pytest.mark.parametrize(("method", "path"), STEERING)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8080"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "192.0.2.1"},
        {"Host": "localhost@evil.example"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://["},
    ],
    ids=str,
)
def test_on_loopback_a_foreign_host_or_origin_is_refused(
    tester: Caller, method: str, path: str, headers: dict[str, str]
) -> None:
    refused = tester.http.request(method, path, headers=headers)
    assert_problem(refused, 403)
    assert "access-control-allow-origin" not in refused.headers


def test_on_loopback_nothing_has_changed_behind_a_refusal(tester: Caller) -> None:
    path = f"/overrides/customerId/{NUMBER}"
    refused = tester.steer("PUT", path, json={"error": "resourceNotFound"}, headers={"Origin": "http://evil.example"})
    assert_problem(refused, 403)
    assert tester.get("/overrides") == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.0.0.1:8080", "LOCALHOST:80", "sandbox.localhost", "[::1]:8080"]
)
def test_on_loopback_this_machine_goes_by_any_of_its_names(tester: Caller, host: str) -> None:
    assert tester.http.get("/_sandbox/errors", headers={"Host": host}).status_code == 200


def test_on_loopback_the_sandboxs_own_pages_may_steer(server: Server, tester: Caller) -> None:
    assert tester.http.get("/_sandbox/errors", headers={"Origin": server.url}).status_code == 200


@pytest.mark.parametrize("path", [*sorted(open_paths()), "/healthz", "/readyz", "/openapi.json", "/docs"])
def test_on_loopback_what_needs_no_guard_has_none(tester: Caller, path: str) -> None:
    assert tester.http.get(path, headers={"Host": "evil.example"}).status_code == 200


def test_the_bank_itself_answers_any_host_and_origin(tester: Caller) -> None:
    assert tester.call(Host="bank.example", Origin="https://app.example").status_code == 200


@pytest.fixture(scope="module")
def exposed(serve_once: Serve) -> Server:
    """A server beyond loopback with a token of its own making."""
    return serve_once("--host", "0.0.0.0")


@pytest.fixture
def stranger(exposed: Server) -> Iterator[httpx2.Client]:
    """Somebody who reaches the server and knows no token."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{exposed.port}", timeout=20, verify=TRUST) as http:
        yield http


def token_of(server: Server) -> str:
    token = str(server.ready["token"])
    assert f"control token: {token}\n" in server.greeting
    return token


@pytest.mark.parametrize(("method", "path"), STEERING)
def test_beyond_loopback_nobody_steers_without_the_token(
    exposed: Server, stranger: httpx2.Client, method: str, path: str
) -> None:
    token = token_of(exposed)
    wrong = [
        "Bearer",
        f"Basic {token}",
        token,
        f"Bearer {token}x",
        f"Bearer {token[:-1]}",
        f"Bearer x {token}",
        "Bearer ñ",
    ]
    for headers in ({}, {b"Authorization": b""}, *({b"Authorization": each.encode()} for each in wrong)):
        refused = stranger.request(method, path, headers=headers)
        assert_problem(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
        assert token not in refused.text


@pytest.mark.parametrize("host", ["127.0.0.1", "sandbox.test:8080"])
def test_beyond_loopback_the_token_that_was_printed_opens_under_any_host(
    exposed: Server, stranger: httpx2.Client, host: str
) -> None:
    for scheme in ("Bearer", "bearer"):
        headers = {"Authorization": f"{scheme} {token_of(exposed)}", "Host": host}
        assert stranger.get("/_sandbox/spaces", headers=headers).status_code == 200


def test_beyond_loopback_a_foreign_origin_is_refused_even_with_the_token(
    exposed: Server, stranger: httpx2.Client
) -> None:
    headers = {"Authorization": f"Bearer {token_of(exposed)}", "Origin": "http://evil.example"}
    assert_problem(stranger.get("/_sandbox/spaces", headers=headers), 403)


@pytest.mark.parametrize("path", [*sorted(open_paths()), "/healthz", "/readyz", "/openapi.json", "/docs"])
def test_beyond_loopback_what_needs_no_guard_has_none(stranger: httpx2.Client, path: str) -> None:
    assert stranger.get(path).status_code == 200


def test_beyond_loopback_the_bank_needs_no_token(stranger: httpx2.Client) -> None:
    assert stranger.post(PATH, json={"customerId": NUMBER}, headers=HEADERS).status_code == 200


def test_every_start_makes_up_another_token(exposed: Server, serve: Serve) -> None:
    token = token_of(serve("--host", "0.0.0.0"))
    assert len(token) >= 24
    assert token != token_of(exposed)


@pytest.mark.parametrize("flags", [["--control-token", TOKEN], []], ids=["flag", "variable"])
@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_a_token_that_was_set_is_wanted_wherever_the_server_listens(serve: Serve, flags: list[str], host: str) -> None:
    server = serve("--host", host, *flags, **({} if flags else {"SANDBOX_CONTROL_TOKEN": TOKEN}))
    url = f"http://127.0.0.1:{server.port}/_sandbox/spaces"
    assert_problem(httpx2.get(url), 401)
    assert httpx2.get(url, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert server.stop() == 0
    assert TOKEN not in server.log


def test_the_token_is_never_in_the_log(serve: Serve) -> None:
    server = serve("--host", "0.0.0.0")
    token = token_of(server)
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}") as http:
        bearer = {"Authorization": f"Bearer {token}"}
        for path in ("/_sandbox/spaces", f"/_sandbox/{token}", "/_sandbox/spaces/x/exchanges/stream?colour=red"):
            http.get(path, headers=bearer)
        http.post(PATH, json={}, headers={**HEADERS, **bearer})
        journal = http.get(f"/_sandbox/spaces/{HEADERS['client_id']}/exchanges", headers=bearer)
    assert journal.json()["count"] == 1
    assert token not in journal.text
    assert server.stop() == 0
    assert server.log
    assert token not in server.log


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_control_api_can_be_taken_away_and_health_stays(serve_once: Serve, host: str) -> None:
    server = serve_once("--control", "off", *(() if host == "127.0.0.1" else ("--host", host)))
    assert "control token" not in server.greeting
    assert server.ready["token"] is server.ready["console"] is None
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}") as http:
        for method, path in [*STEERING, ("GET", "/_sandbox/openapi.json")]:
            assert http.request(method, path).status_code == 404
        for path in ("/_sandbox/health", "/healthz", "/readyz"):
            assert http.get(path).status_code == 200
        assert http.post(PATH, json={"customerId": NUMBER}, headers=HEADERS).status_code == 200


LOOKS_REAL = "4111111111111111"


@pytest.mark.parametrize(
    ("setting", "status", "warns"), [("allow", 200, False), ("warn", 200, True), ("refuse", 400, True)]
)
def test_a_card_number_that_looks_real_is_allowed_warned_of_or_refused(
    serve: Serve, join: Join, setting: str, status: int, warns: bool
) -> None:
    tester = join(serve("--real-cards", setting))
    reply = tester.ask({"cardNumber": LOOKS_REAL})
    assert (reply.status_code, "x-sandbox-warning" in reply.headers) == (status, warns)
    assert LOOKS_REAL not in str(reply.headers) + reply.text
    for ours in ("4969452123456110", "9990142921876840", "9999110000000020", "5000000000000103"):
        assert "x-sandbox-warning" not in tester.ask({"cardNumber": ours}).headers
    tester.override(LOOKS_REAL, {"customer": "synthetic"}, "cardNumber")
    assert tester.ask({"cardNumber": LOOKS_REAL}).status_code == 200
