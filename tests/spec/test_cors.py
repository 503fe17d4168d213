"""A browser application on another origin: what its page may send, and what it may read."""

import httpx2
import pytest

from .conftest import CONTRACT, HEADERS, PATH, Client

ORIGIN = {"origin": "https://channel.example"}
BODY = b'{"customerId": "999900000503"}'


def ours(response: httpx2.Response) -> set[str]:
    """Name the headers of an answer that a page can only read when they are exposed."""
    # https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name, and what no page needs.
    safe = {"content-language", "content-length", "content-type", "date", "vary", "connection", "allow"}
    return {name for name in response.headers if name not in safe and not name.startswith("access-control-")}


@pytest.mark.parametrize("path", [PATH, CONTRACT["servers"][0]["url"] + PATH, "/nowhere"])
def test_a_page_may_ask_with_all_headers_there_are(client: Client, path: str) -> None:
    wanted = [
        *CONTRACT["components"]["parameters"],
        "X-Sandbox-Scenario",
        "X-Sandbox-Delay",
        "X-Sandbox-Date",
        "Prefer",
    ]
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": ",".join(wanted)}
    response = client.http.options(path, headers={**ORIGIN, **preflight})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    allowed = {name.strip().lower() for name in response.headers["access-control-allow-headers"].split(",")}
    assert {name.lower() for name in wanted} <= allowed
    assert response.headers["access-control-allow-methods"] == "GET, POST"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (HEADERS, 503),
        ({}, 401),
        ({**HEADERS, "X-Sandbox-Date": "x"}, 400),
        ({**HEADERS, "X-Sandbox-Date": "2027-01-01"}, 503),
    ],
)
def test_a_page_may_read_every_header_of_every_answer(client: Client, headers: dict[str, str], status: int) -> None:
    response = client.http.post(PATH, headers={**headers, **ORIGIN}, content=BODY)
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == "*"
    exposed = {name.strip().lower() for name in response.headers["access-control-expose-headers"].split(",")}
    assert ours(response) <= exposed


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", "/nowhere")])
def test_a_page_may_read_that_it_called_wrongly(client: Client, method: str, path: str) -> None:
    assert client.http.request(method, path, headers=ORIGIN).headers["access-control-allow-origin"] == "*"


def test_a_page_may_not_read_what_belongs_to_the_sandbox(client: Client) -> None:
    for path in ("/_sandbox/health", "/_sandbox/customers", "/openapi.json"):
        assert "access-control-allow-origin" not in client.http.get(path, headers=ORIGIN).headers
