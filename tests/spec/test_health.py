import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from .conftest import CONTRACT, Client, Connect, Serve, eventually

FILE = """
customerId: {"1": {customer: synthetic}, "2*": {error: resourceNotFound}}
cardNumber: {"3": {customerId: "4", customer: synthetic}}
"""


def test_health_names_the_versions_of_everything_that_answers_depend_on(client: Client) -> None:
    health = client.control("GET", "/health").json()
    assert health["status"] == "ok"
    assert health["version"] == version("segment-sandbox")
    assert health["contract"] == {"title": CONTRACT["info"]["title"], "version": CONTRACT["info"]["version"]}
    assert health["dataVersion"] == f"faker-{version('faker')}"


def test_health_counts_what_was_read(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    client = connect(serve("--no-watch", scenarios=tmp_path))

    def read() -> dict[str, Any]:
        client.control("POST", "/reload")
        scenarios: dict[str, Any] = client.control("GET", "/health").json()["scenarios"]
        return scenarios

    before = read()
    (tmp_path / "test.yaml").write_text(FILE)
    after = read()
    more = {section: after[section] - before[section] for section in ("entries", "customerId", "cardNumber", "named")}
    assert more == {"entries": 3, "customerId": 2, "cardNumber": 1, "named": 0}
    assert set(after["files"]) - set(before["files"]) == {str(tmp_path / "test.yaml")}


def test_health_says_when_the_files_were_read(client: Client) -> None:
    reload = client.control("GET", "/health").json()["lastReload"]
    assert (reload["ok"], reload["mistakes"]) == (True, [])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", reload["at"])
    assert datetime.fromisoformat(reload["at"]).tzinfo == UTC


def test_health_and_log_warn_of_likely_slips(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    file = tmp_path / "test.yaml"
    file.write_text('customerId:\n  "123": {error: 422}\n')
    server = serve("--no-watch", scenarios=tmp_path)
    client = connect(server)
    assert client.ask({"customerId": "123"}).json()["code"] == "businessValidationFailed"

    def warnings() -> Any:
        health = client.control("GET", "/health").json()
        assert (health["status"], health["lastReload"]["ok"]) == ("ok", True)
        return [(warning["line"], warning["message"][:24]) for warning in health["lastReload"]["warnings"]]

    assert warnings() == [(2, "customerId.123: has not ")]
    file.write_text("# soon\n")
    assert client.control("POST", "/reload").json()["warnings"][0]["message"] == "has nothing but comments in it"
    assert warnings() == [(1, "has nothing but comments")]
    file.write_text("")
    assert client.control("POST", "/reload").json()["ok"] is False
    for line in ("test.yaml:2:3: customerId.123: has not full length", "test.yaml:1:1: has nothing but comments"):
        eventually(lambda line=line: line in server.log)  # type: ignore[misc]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_at_the_root(client: Client, path: str) -> None:
    response = client.http.get(path)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/_sandbox/health", "/_sandbox/errors", "/openapi.json", "/docs"])
def test_a_wrong_method_is_a_problem_that_names_the_right_ones(client: Client, path: str) -> None:
    response = client.http.put(path)
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert "GET" in response.headers["allow"]


def test_an_unknown_path_under_the_control_api_is_a_problem(client: Client) -> None:
    response = client.http.get("/_sandbox/nowhere")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert "/_sandbox/nowhere" in response.json()["detail"]


def test_health_and_log_say_when_a_configured_space_had_to_go(serve: Serve, connect: Connect) -> None:
    server = serve("--max-spaces", "2")
    clients = [connect(server) for _ in range(4)]

    def evicted() -> int:
        count: int = clients[0].control("GET", "/health").json()["evictedSpaces"]
        return count

    for client in clients[:2]:
        client.control("PUT", "/spaces/{space}/clock", json={"now": "2028-02-29T09:00:00Z"})
    assert evicted() == 0
    for client in clients[2:]:
        client.ask({"customerId": "100000000301"})
    assert evicted() == 1
    eventually(lambda: f"the space {clients[0].space} is forgotten with its settings" in server.log)
    assert clients[1].control("GET", "/spaces/{space}/clock").json()["setBy"] == "space"
