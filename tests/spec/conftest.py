"""The product as its users have it: a server process, a client that sends what the contract wants."""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONTRACT = yaml.safe_load((ROOT / "sandbox" / "documents" / "bank.openapi.yaml").read_bytes())
PATH = next(iter(CONTRACT["paths"]))
OPERATION = CONTRACT["paths"][PATH]["post"]
HEADERS = {
    parameter["name"]: parameter["example"]
    for parameter in CONTRACT["components"]["parameters"].values()
    if parameter["required"]
}
ERRORS = {
    name: (int(status), example["value"])
    for status, response in OPERATION["responses"].items()
    if not status.startswith("2")
    for name, example in response["content"]["application/json"]["examples"].items()
}
GATEWAY_ERRORS = {
    name: (int(example["value"]["httpCode"]), example["value"])
    for response in CONTRACT["components"]["responses"].values()
    for name, example in response["content"]["application/json"]["examples"].items()
}
ERROR_BODY = jsonschema_rs.validator_for(
    {**CONTRACT["components"]["schemas"]["ErrorResponse"], "additionalProperties": False}
)
# Made once: reading whom this machine trusts takes longer than most tests.
TRUST = ssl.create_default_context()
READY_FILE = "ready.json"
_SPACES = count()


class Server:
    """A running sandbox, started with READY_FILE beside its log. `ready` is what it says to programs."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self.process = process
        self._log = log
        assert process.stdout
        # Three paragraphs: where it is, how to use it, a call. The ready file is there before the first.
        self.greeting = "\n".join("".join(iter(process.stdout.readline, "\n")) for _ in range(3) if not process.poll())
        assert self.greeting.strip(), log.read_text()
        self.ready_file = log.with_name(READY_FILE)
        self.ready: dict[str, Any] = json.loads(self.ready_file.read_bytes())
        self.url: str = self.ready["url"]
        self.port = int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    def stop(self) -> int:
        """Stop the server as a supervisor does, and return its exit code."""
        self.process.terminate()
        return self.process.wait(20)


class Client:
    """Somebody who calls the API with all that it wants, under a client_id of their own."""

    def __init__(self, url: str, client_id: str | None = None) -> None:
        self.space = client_id or f"tester-{next(_SPACES)}"
        self.http = httpx2.Client(base_url=url, timeout=30, headers={"accept-encoding": "identity"}, verify=TRUST)

    def ask(self, body: Any = None, path: str = PATH, /, **headers: str | None) -> httpx2.Response:
        """Ask about a customer; a header of None is left out, underscores stand for hyphens in X_Sandbox_..."""
        sent: dict[str, str | None] = {**HEADERS, "client_id": self.space}
        for name, value in headers.items():
            sent[name if name in sent else name.replace("_", "-")] = value
        content = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        kept = [(name.encode(), value.encode()) for name, value in sent.items() if value is not None]
        # Not the client's own post(): it would add an Accept where none is wanted.
        return self.http.send(httpx2.Request("POST", self.http.base_url.join(path), content=content, headers=kept))

    def control(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """Call the control API; {space} in the path is this client's."""
        return self.http.request(method, "/_sandbox" + path.replace("{space}", self.space), **more)


def assert_documented_error(response: httpx2.Response, code: str, location: str | None = None) -> None:
    """Hold a response against the contract's error of that name: every field, text and header."""
    status, value = ERRORS[code]
    body = response.json()
    assert response.status_code == status, response.headers
    assert ERROR_BODY.is_valid(body), body
    assert {name: body[name] for name in value} == value
    assert body.get("location") == location
    assert body["timestamp"].endswith("Z")
    assert response.headers["content-language"] == "en"
    assert response.headers["x-sandbox-reason"].isascii()


Serve = Callable[..., Server]
Connect = Callable[..., Client]


def eventually(holds: Callable[[], bool], seconds: float = 10) -> float:
    """Wait until something holds, and return how long it took, in seconds; fail when it does not in time."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + seconds, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.fixture(scope="session")
def serve_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start servers that all tests may share, one for the same flags, scenarios and environment."""
    shared: dict[object, Server] = {}
    with _serving(tmp_path_factory) as start:

        def start_once(*flags: str, **more: Any) -> Server:
            key = (flags, *sorted((name, str(value)) for name, value in more.items()))
            if key not in shared:
                shared[key] = start(*flags, **more)
            return shared[key]

        yield start_once


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a server with flags and scenarios of its own; it is stopped after the test."""
    with _serving(tmp_path_factory) as start:
        yield start


@contextmanager
def _serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    servers: list[Server] = []

    def start(*flags: str, scenarios: str | Path | None = None, **environment: str) -> Server:
        directory = tmp_path_factory.mktemp("server")
        if isinstance(scenarios, str):
            (directory / "scenarios").mkdir()
            (directory / "scenarios" / "test.yaml").write_text(scenarios, "utf-8")
            scenarios = directory / "scenarios"
        command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", *flags]
        command += ["--scenarios", str(scenarios)] if scenarios else []
        log = directory / "log"
        command += ["--ready-file", str(directory / READY_FILE)]
        with log.open("w") as stderr:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, **environment}
            )
        servers.append(Server(process, log))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()
        assert server.process.stdout
        server.process.stdout.close()


@pytest.fixture(scope="session")
def server(serve_once: Serve) -> Server:
    """The server as it ships."""
    return serve_once()


@pytest.fixture
def client(server: Server, connect: Connect) -> Client:
    """A client of the server as it ships, in a space of its own."""
    return connect(server)


@pytest.fixture(scope="session")
def connect() -> Iterator[Connect]:
    """Make clients of any server."""
    clients: list[Client] = []

    def make(server: Server, client_id: str | None = None) -> Client:
        clients.append(Client(server.url, client_id))
        return clients[-1]

    yield make
    for each in clients:
        each.http.close()
