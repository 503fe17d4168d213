"""One running sandbox for all tests; each test is a tester with a client_id, and so a space, of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.spec.conftest import Client, Server

# No file names it: a synthetic customer.
NUMBER = "100000000301"


class Caller(Client):
    """A client that steers the space of its name."""

    def call(self, customer_id: str = NUMBER, **headers: str | None) -> httpx2.Response:
        return self.ask({"customerId": customer_id}, **headers)

    def steer(self, method: str, path: str = "", **more: Any) -> httpx2.Response:
        return self.control(method, "/spaces/{space}" + path, **more)

    def get(self, path: str = "", /, **parameters: str | int) -> Any:
        response = self.steer("GET", path, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def put(self, path: str, wish: object) -> Any:
        response = self.steer("PUT", path, json=wish)
        assert response.status_code == 200, response.text
        return response.json()

    def override(self, number: str, entry: object, section: str = "customerId") -> Any:
        return self.put(f"/overrides/{section}/{number}", entry)

    def exchanges(self, **parameters: str | int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/exchanges", **parameters)["exchanges"]
        return found


Join = Callable[..., Caller]


@pytest.fixture
def join() -> Iterator[Join]:
    """Make callers of any server."""
    callers: list[Caller] = []

    def make(server: Server, client_id: str | None = None) -> Caller:
        callers.append(Caller(server.url, client_id))
        return callers[-1]

    yield make
    for each in callers:
        each.http.close()


@pytest.fixture
def tester(server: Server, join: Join) -> Caller:
    return join(server)


@pytest.fixture
def other(server: Server, join: Join) -> Caller:
    return join(server)


@pytest.fixture
def everybody(server: Server, join: Join) -> Iterator[Caller]:
    """The space for all, reset at the end."""
    everybody = join(server, "*")
    yield everybody
    everybody.steer("DELETE")


def assert_problem(response: httpx2.Response, status: int, *hints: str) -> None:
    body = response.json()
    assert (response.status_code, body.get("status")) == (status, status), body
    assert response.headers["content-type"] == "application/problem+json"
    for hint in hints:
        assert hint in body["detail"]
