"""Channels: callers who log in, exchange keys and call the API, against one running sandbox."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import yaml

from tests.spec.conftest import HEADERS, ROOT, Client, Server

DOCUMENT = yaml.safe_load((ROOT / "sandbox" / "documents" / "companions.openapi.yaml").read_bytes())
LUIS = {"customerId": "321116471234"}
TOKEN_PATH, KEY_PATH = "/api/v1/oauth/token", "/api/v1/security/e2eKey"
GRANT = {"grant_type": "client_credentials", "scope": "/api/v1"}


class Channel(Client):
    """A client application with a secret."""

    secret = "any-secret"

    def login(
        self,
        path: str = TOKEN_PATH,
        /,
        form: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx2.Response:
        """Ask for a token, by default in a right way."""
        if not more and form is None and query is None:
            form = GRANT
        auth = more.pop("auth", (self.space, self.secret))
        return self.http.request("POST", path, data=form, params=query, headers=headers, auth=auth, **more)

    def token(self) -> str:
        response = self.login()
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    def exchange_keys(self, path: str = KEY_PATH, /, **headers: str | None) -> httpx2.Response:
        """Ask for the session's key; a header of None is left out."""
        sent = {**HEADERS, "client_id": self.space, **headers}
        del sent["Content-Type"]
        return self.http.get(path, headers={name: value for name, value in sent.items() if value is not None})

    def profile(self, profile: str, **more: Any) -> None:
        response = self.control("PUT", "/spaces/{space}/profile", json={"profile": profile, **more})
        assert response.status_code == 200, response.text

    def travel(self, period: str) -> None:
        assert self.control("PUT", "/spaces/{space}/clock", json={"advance": period}).status_code == 200

    def last(self) -> dict[str, Any]:
        """The newest exchange in this channel's journal."""
        found: dict[str, Any] = self.control("GET", "/spaces/{space}/exchanges").json()["exchanges"][0]
        return found


Enter = Callable[..., Channel]


@pytest.fixture
def enter() -> Iterator[Enter]:
    """Make channels of any server."""
    channels: list[Channel] = []

    def make(server: Server, client_id: str | None = None) -> Channel:
        channels.append(Channel(server.url, client_id))
        return channels[-1]

    yield make
    for each in channels:
        each.http.close()


@pytest.fixture
def channel(server: Server, enter: Enter) -> Channel:
    return enter(server)


@pytest.fixture
def registered(server: Server, enter: Enter) -> Iterator[Channel]:
    """A client that the shipped world file registers, in its own secret; its space is reset at the end."""
    channel = enter(server, "mobile-app")
    channel.secret = "mobile-secret"
    yield channel
    channel.control("DELETE", "/spaces/{space}")
