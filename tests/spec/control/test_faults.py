"""Every network fault, by every way to have it, under both HTTP parsers, as a socket sees it."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count, product
from pathlib import Path
from typing import NamedTuple

import pytest

from sandbox.core.faults import FAULTS
from sandbox.server.faults import DRIP_SECONDS
from tests.spec.conftest import HEADERS, PATH, Serve, Server

from .conftest import NUMBER, Caller, Join

NAMES = list(FAULTS)
PATIENCE = DRIP_SECONDS + 3
SCENARIOS = json.dumps(
    {
        "customerId": {
            f"1000000004{n:02}": {"fault": name, "customer": "synthetic"} for n, name in enumerate(NAMES, 1)
        },
        "named": {f"named-{name}": {"fault": name, "customer": "synthetic"} for name in NAMES},
    }
)


class Asking(NamedTuple):
    """A body and headers that lead to a fault."""

    body: Mapping[str, str]
    headers: Mapping[str, str] = {}


WAYS: Mapping[str, Callable[[str], Asking]] = {
    "header": lambda fault: Asking({"customerId": NUMBER}, {"X-Sandbox-Fault": fault}),
    "header with an error": lambda fault: Asking({}, {"X-Sandbox-Fault": fault, "X-Sandbox-Scenario": "500"}),
    "magic customerId": lambda fault: Asking({"customerId": f"9999300000{NAMES.index(fault) + 1:02}"}),
    "magic cardNumber": lambda fault: Asking({"cardNumber": f"99993000000000{NAMES.index(fault) + 1:02}"}),
    "scenario": lambda fault: Asking({"customerId": f"1000000004{NAMES.index(fault) + 1:02}"}),
    "named scenario": lambda fault: Asking({"customerId": NUMBER}, {"X-Sandbox-Scenario": f"named-{fault}"}),
}


@pytest.fixture(scope="module", params=["httptools", "h11"])
def server(request: pytest.FixtureRequest, serve_once: Serve, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with either HTTP parser; the slower one is taken where the other can't be imported."""
    hiding = tmp_path_factory.mktemp("hiding")
    if request.param == "h11":
        (hiding / "httptools.py").write_text("raise ImportError('hidden')")
    return serve_once(scenarios=SCENARIOS, PYTHONPATH=os.pathsep.join([str(hiding), os.environ.get("PYTHONPATH", "")]))


@contextmanager
def asked(
    server: Server, asking: Asking, client_id: str = "faulty", timeout: float = PATIENCE
) -> Iterator[socket.socket]:
    """Ask, and leave the answer on the wire."""
    body = json.dumps(asking.body).encode()
    headers = {**HEADERS, "client_id": client_id, "Host": "sandbox", "Content-Length": str(len(body)), **asking.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + body)
        yield connection


def rest(connection: socket.socket) -> bytes:
    """Read to the end."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def answer(connection: socket.socket) -> tuple[dict[str, str], bytes]:
    """Read a whole answer: as many bytes as its Content-Length says, and leave the connection open."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536) or pytest.fail("the connection was closed")
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 ")
    fields = (line.partition(": ") for line in head.decode().lower().split("\r\n")[1:])
    headers = {name: value for name, _, value in fields}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536) or pytest.fail("the connection was closed")
    return headers, body


def connection_reset(connection: socket.socket) -> None:
    with pytest.raises(ConnectionResetError):
        connection.recv(1)


def empty_response(connection: socket.socket) -> None:
    assert connection.recv(1) == b""


def close_mid_body(connection: socket.socket) -> None:
    head, _, body = rest(connection).partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert 0 < len(body) < length


def malformed_json(connection: socket.socket) -> None:
    headers, body = answer(connection)
    assert headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def garbage_then_close(connection: socket.socket) -> None:
    received = rest(connection)
    assert received
    assert b"HTTP/" not in received


def wrong_content_type(connection: socket.socket) -> None:
    headers, body = answer(connection)
    assert headers["content-type"].startswith("text/html")
    json.loads(body)


def slow_drip(connection: socket.socket) -> None:
    began = time.monotonic()
    _, body = answer(connection)
    json.loads(body)
    assert time.monotonic() - began > DRIP_SECONDS * 0.8


def never_answer(connection: socket.socket) -> None:
    connection.settimeout(1)
    with pytest.raises(TimeoutError):
        connection.recv(1)


SEEN: Mapping[str, Callable[[socket.socket], None]] = {
    "connectionReset": connection_reset,
    "emptyResponse": empty_response,
    "closeMidBody": close_mid_body,
    "malformedJson": malformed_json,
    "garbageThenClose": garbage_then_close,
    "wrongContentType": wrong_content_type,
    "slowDrip": slow_drip,
    "neverAnswer": never_answer,
}


@pytest.mark.slow
def test_a_socket_sees_every_fault_by_every_way_and_the_journal_knows(server: Server, join: Join) -> None:
    def see(fault: str, way: str) -> None:
        with asked(server, WAYS[way](fault), f"{way} {fault}") as connection:
            SEEN[fault](connection)

    tries = list(product(FAULTS, WAYS))
    with ThreadPoolExecutor(len(tries)) as pool:
        seen = [pool.submit(see, *each) for each in tries]
    failed = {each: error for each, future in zip(tries, seen, strict=True) if (error := future.exception())}
    assert failed == {}
    for fault, way in tries:
        assert [each["fault"] for each in join(server, f"{way} {fault}").exchanges()] == [fault], (fault, way)
    assert "Traceback" not in server.log


@pytest.mark.parametrize("fault", ["malformedJson", "wrongContentType"])
def test_a_fault_in_the_answer_alone_leaves_the_connection_usable(server: Server, fault: str) -> None:
    with asked(server, Asking({"customerId": NUMBER}, {"X-Sandbox-Fault": fault})) as connection:
        answer(connection)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: sandbox\r\n\r\n")
        assert answer(connection)[0]["content-type"] == "application/json"


@pytest.mark.slow
def test_slow_calls_delay_nobody_else(server: Server, join: Join) -> None:
    tester = join(server)
    with ThreadPoolExecutor(60) as pool:

        def drip(number: int) -> None:
            fault = "slowDrip" if number % 2 else "neverAnswer"
            with asked(server, Asking({"customerId": NUMBER}, {"X-Sandbox-Fault": fault}), "slow") as connection:
                SEEN[fault](connection)

        slow = [pool.submit(drip, number) for number in range(60)]
        for _ in range(50):
            tester.call()
        assert not all(future.done() for future in slow)
        for future in slow:
            future.result()


def test_a_caller_who_gives_up_is_forgotten(serve: Serve, join: Join) -> None:
    """A call that would wait for a minute does not hold up the end once its caller is gone."""
    server = serve("--grace", "30")
    with ExitStack() as gone:
        for _ in range(5):
            gone.enter_context(asked(server, WAYS["header"]("neverAnswer")))
        tester = join(server, "faulty")
        assert tester.get("/exchanges", wait=5, timeout="10s")["count"] == 5
    tester.call()
    assert server.stop() == 0


def test_the_end_waits_for_a_hanging_call_no_longer_than_its_grace(serve: Serve) -> None:
    server = serve("--grace", "0.5")
    with asked(server, WAYS["header"]("neverAnswer")) as connection:
        never_answer(connection)
        assert server.stop() == 0
        assert rest(connection) == b""


_spaces = count(1)


def struck(server: Server, fault: Mapping[str, object], calls: int, join: Join) -> list[bool]:
    """Override a customer with a fault, and tell of each call in a new space whether it was struck."""
    tester = join(server, f"struck-{next(_spaces)}")
    tester.override(NUMBER, {"customer": "synthetic", "fault": {"name": "wrongContentType", **fault}})
    return [tester.call().headers["content-type"].startswith("text/html") for _ in range(calls)]


@pytest.mark.parametrize("first", [1, 2, 5])
def test_first_strikes_the_first_calls(server: Server, join: Join, first: int) -> None:
    assert struck(server, {"first": first}, 7, join) == [call < first for call in range(7)]


@pytest.mark.parametrize("every", [1, 2, 3])
def test_every_strikes_every_nth_call(server: Server, join: Join, every: int) -> None:
    assert struck(server, {"every": every}, 7, join) == [call % every == 0 for call in range(1, 8)]


def test_a_share_strikes_none_some_or_all(server: Server, join: Join) -> None:
    assert sum(struck(server, {"share": 0}, 20, join)) == 0
    assert 60 < sum(struck(server, {"share": 0.5}, 200, join)) < 140
    assert sum(struck(server, {"share": 1}, 20, join)) == 20


def test_a_share_in_a_file_strikes_the_same_calls_for_everybody_and_after_a_reset(
    serve: Serve, join: Join, tmp_path: Path
) -> None:
    entry = {"fault": {"name": "wrongContentType", "share": 0.3}, "customer": "synthetic"}
    server = serve(scenarios=json.dumps({"customerId": {NUMBER: entry}}))

    def run(caller: Caller) -> list[bool]:
        return [caller.call().headers["content-type"].startswith("text/html") for _ in range(40)]

    tester, other = join(server), join(server)
    first = run(tester)
    tester.steer("DELETE")
    assert run(tester) == run(other) == first
    assert any(first)
    assert not all(first)


def test_a_share_in_an_override_strikes_the_same_calls_whatever_was_overridden_before(
    server: Server, join: Join
) -> None:
    runs = [struck(server, {"share": 0.5}, 40, join) for _ in range(3)]
    assert runs[0] == runs[1] == runs[2]
