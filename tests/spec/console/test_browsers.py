"""What the guide says of browsers that call the sandbox from pages of others, in Chromium."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.spec.conftest import HEADERS, PATH, Client

from .conftest import CHROMIUM, FLAGS

# Calls the sandbox from a page; says the status, or what the browser says instead of one.
CALL = """([url, headers]) => fetch(url, {method: "POST", headers, body: '{"customerId": "321116471234"}'})
  .then(answer => answer.status, error => String(error))"""


class Elsewhere(BaseHTTPRequestHandler):
    """A site that has one empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[int]:
    """The port of another site on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as site:
        Thread(target=site.serve_forever, daemon=True).start()
        yield site.server_port
        site.shutdown()


@pytest.fixture
def page(browser: Browser, elsewhere: int) -> Iterator[Page]:
    """A page of the other site."""
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{elsewhere}/")
    yield page
    page.close()


def called(page: Page, client: Client, **more: str) -> Any:
    """Call from the page, in a client's space."""
    url = str(client.http.base_url.join(PATH))
    return page.evaluate(CALL, [url, {**HEADERS, "client_id": client.space, **more}])


def test_a_page_of_this_machine_may_call(page: Page, client: Client) -> None:
    assert called(page, client) == 200


def test_a_page_of_the_internet_may_call_when_the_browser_permits_it(
    browser: Browser, client: Client, elsewhere: int
) -> None:
    # A site on this machine that Chromium takes for one of the internet.
    public = f"--ip-address-space-overrides=127.0.0.1:{elsewhere}=public"
    with browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, public]) as other:
        page = other.new_page()
        page.goto(f"http://127.0.0.1:{elsewhere}/")
        assert called(page, client) == "TypeError: Failed to fetch"
        page.context.grant_permissions(["local-network-access"])
        assert called(page, client) == 200


@pytest.mark.parametrize("fault", ["connectionReset", "emptyResponse"])
def test_a_post_on_a_kept_connection_that_breaks_arrives_again(page: Page, client: Client, fault: str) -> None:
    assert called(page, client) == 200
    assert called(page, client, **{"X-Sandbox-Fault": fault}) == "TypeError: Failed to fetch"
    assert client.control("GET", f"/spaces/{{space}}/exchanges?fault={fault}").json()["count"] > 1
