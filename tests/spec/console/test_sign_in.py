"""Beyond loopback: a browser can't send a bearer token by itself, so people sign in with it."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import expect

from sandbox.console.rendering import DASHBOARD, STRIP
from tests.spec.conftest import PATH, Serve, Server

from .conftest import Visit
from .test_frame import HTML, PATHS

TOKEN = "open-sesame-1234567890"


@pytest.fixture(scope="module")
def exposed(serve_once: Serve) -> Server:
    return serve_once("--host", "0.0.0.0", "--control-token", TOKEN)


@pytest.fixture(scope="module")
def http(exposed: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"http://127.0.0.1:{exposed.port}", headers=HTML) as http:
        yield http


@pytest.fixture
def stranger(http: httpx2.Client) -> httpx2.Client:
    """Somebody who has not signed in."""
    http.cookies.clear()
    return http


def own_origin(http: httpx2.Client) -> dict[str, str]:
    return {"Origin": str(http.base_url).rstrip("/")}


@pytest.fixture
def member(stranger: httpx2.Client) -> httpx2.Client:
    """Somebody who has signed in."""
    answer = stranger.post("/console/sign-in", data={"token": TOKEN}, headers=own_origin(stranger))
    assert answer.status_code == 303
    return stranger


def test_somebody_signs_in_and_is_where_they_wanted_to_be(visit: Visit, exposed: Server) -> None:
    visitor = visit(exposed)
    visitor.may_fail.add("/console/sign-in")
    wanted = "/console/nowhere?space=branch-app&x=%2F"
    visitor.may_fail.add("/console/nowhere")
    page = visitor.open(wanted)
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in"
    page.get_by_label("Control token").fill("wrong")
    page.get_by_label("Control token").press("Enter")
    assert "not the control token" in page.get_by_role("alert").inner_text()
    page.get_by_label("Control token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").press("Enter")
    page.wait_for_url(visitor.url + wanted)
    assert page.evaluate("fetch('/_sandbox/spaces').then(answer => answer.status)") == 200
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/sign-in")
    assert visitor.open("/").get_by_role("heading", level=1).inner_text() == "Sign in"


@pytest.mark.parametrize("path", PATHS)
def test_a_page_sends_a_stranger_to_sign_in_and_back(stranger: httpx2.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 303
    wanted = "/console/sign-in" if path == "/" else f"/console/sign-in?next={path}"
    assert answer.headers["location"] == wanted
    assert stranger.get(wanted).status_code == 200


def test_the_cookie_is_not_the_token_and_no_script_or_other_site_gets_it(stranger: httpx2.Client) -> None:
    answer = stranger.post("/console/sign-in", data={"token": TOKEN}, headers=own_origin(stranger))
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"httponly", "samesite=strict", "path=/"}


def test_over_tls_the_cookie_is_never_sent_in_the_clear(stranger: httpx2.Client) -> None:
    headers = {"Origin": "https://sandbox.test", "Host": "sandbox.test"}
    answer = stranger.post("/console/sign-in", data={"token": TOKEN}, headers=headers)
    assert "; secure" in answer.headers["set-cookie"].lower()


def test_the_cookie_opens_pages_and_control_api(member: httpx2.Client) -> None:
    for path in (*PATHS, "/_sandbox/spaces"):
        assert member.get(path).status_code == 200
    changed = member.post("/_sandbox/reset", headers=own_origin(member))
    assert changed.status_code == 204


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}], ids=str)
def test_with_a_cookie_nothing_changes_unless_our_own_page_asks(member: httpx2.Client, headers: dict[str, str]) -> None:
    assert member.post("/_sandbox/reset", headers=headers).status_code == 403
    assert member.post("/console/sign-out", headers=headers).status_code == 403


def test_another_sandboxs_cookie_opens_nothing(stranger: httpx2.Client, serve_once: Serve) -> None:
    other = serve_once("--host", "0.0.0.0")
    token = other.ready["token"]
    url = f"http://127.0.0.1:{other.port}"
    answer = httpx2.post(f"{url}/console/sign-in", data={"token": token}, headers={"Origin": url})
    cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    assert httpx2.get(f"{url}/_sandbox/spaces", headers=cookie).status_code == 200
    assert stranger.get("/_sandbox/spaces", headers=cookie).status_code == 401


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "ñ", "\ud800".encode("utf-8", "surrogatepass")], ids=repr)
def test_a_wrong_token_is_refused_and_said_again_nowhere(stranger: httpx2.Client, token: str) -> None:
    answer = stranger.post("/console/sign-in", data={"token": token}, headers=own_origin(stranger))
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_nobody_is_signed_in_from_another_site(stranger: httpx2.Client, origin: str) -> None:
    answer = stranger.post("/console/sign-in", data={"token": TOKEN}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/console/x",
        "/\\evil.example/console/x",
        "/console/\\evil",
        "\t//evil.example",
        "javascript:alert(1)",
        "/console/x\r\nSet-Cookie: a=b",
        "http:///console/x",
        "/_sandbox/reset",
        "/console/sign-out",
        "http://[",
    ],
)
def test_signing_in_never_leads_elsewhere(stranger: httpx2.Client, wanted: str) -> None:
    form = {"token": TOKEN, "next": wanted}
    answer = stranger.post("/console/sign-in", data=form, headers=own_origin(stranger))
    assert answer.headers["location"] == "/"


def test_a_form_that_is_too_long_is_refused(stranger: httpx2.Client) -> None:
    answer = stranger.post("/console/sign-in", data={"token": "x" * 10_000}, headers=own_origin(stranger))
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/_sandbox/health", "/favicon.ico"])
def test_what_tells_nothing_stays_open(stranger: httpx2.Client, path: str) -> None:
    assert stranger.get(path).status_code == 200


def test_the_reference_names_nobody(stranger: httpx2.Client) -> None:
    stranger.post(PATH, json={}, headers={"client_id": "a-secret-project"})
    assert "a-secret-project" not in stranger.get("/docs").text


@pytest.mark.parametrize("path", [STRIP, DASHBOARD])
def test_a_part_of_a_page_is_kept_from_strangers_like_the_page(stranger: httpx2.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in")


def test_an_open_page_says_that_one_is_signed_out(visit: Visit, exposed: Server) -> None:
    page = visit(exposed).open("/console/sign-in?next=/console/errors")
    page.get_by_label("Control token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").press("Enter")
    page.wait_for_url("**/console/errors")
    page.context.clear_cookies()
    expect(page.locator("#connection")).to_contain_text("signed out")
