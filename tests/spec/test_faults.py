"""Network faults, as a socket sees them."""

import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import HEADERS, PATH, Client, Connect, Serve, Server

BODY = b'{"customerId": "321116471234"}'
WHOLE = {"customer": {"fullName": "Luis Diaz Salinas", "customerSegment": "20", "birthdayTodayFlag": True}}


@pytest.fixture(scope="module", params=["httptools", "h11"])
def server(request: pytest.FixtureRequest, serve_once: Serve, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with either HTTP parser."""
    hiding = tmp_path_factory.mktemp("hiding")
    if request.param == "h11":
        (hiding / "httptools.py").write_text("raise ImportError('hidden')")
    return serve_once(PYTHONPATH=os.pathsep.join([str(hiding), str(Path(__file__).parents[2])]))


def raw(server: Server, fault: str, body: bytes = BODY, timeout: float = 10) -> bytes:
    """Ask with a fault, and return everything that the socket gives until it is closed."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    head += f"X-Sandbox-Fault: {fault}\r\n" if fault else ""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        connection.sendall(head.encode() + b"\r\n" + body)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


def test_connection_reset(server: Server) -> None:
    with pytest.raises(ConnectionResetError):
        raw(server, "connectionReset")
    with pytest.raises(ConnectionResetError):
        raw(server, "", b'{"customerId": "999930000001"}')


def test_empty_response(server: Server) -> None:
    assert raw(server, "emptyResponse") == b""
    assert raw(server, "", b'{"cardNumber": "9999300000000002"}') == b""


def test_close_mid_body(server: Server) -> None:
    head, _, body = raw(server, "closeMidBody").partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert 0 < len(body) < length


def test_malformed_json(server: Server) -> None:
    head, _, body = raw(server, "malformedJson").partition(b"\r\n\r\n")
    assert int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) == len(body)
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_garbage_then_close(server: Server) -> None:
    garbage = raw(server, "garbageThenClose")
    assert garbage
    assert not garbage.startswith(b"HTTP/")


def test_wrong_content_type(server: Server) -> None:
    head, _, body = raw(server, "wrongContentType").partition(b"\r\n\r\n")
    assert b"content-type: text/html" in head.lower()
    assert json.loads(body) == WHOLE


def test_slow_drip_delays_nobody_else(server: Server, connect: Connect) -> None:
    with ThreadPoolExecutor() as pool:
        began = time.monotonic()
        dripping = pool.submit(raw, server, "slowDrip")
        assert connect(server).ask({"customerId": "321116471234"}).status_code == 200
        assert time.monotonic() - began < 2
        body = dripping.result().partition(b"\r\n\r\n")[2]
        assert time.monotonic() - began > 4
    assert json.loads(body) == WHOLE


def test_never_answer(server: Server) -> None:
    with pytest.raises(TimeoutError):
        raw(server, "neverAnswer", timeout=0.5)


def test_nothing_of_it_is_a_defect(server: Server) -> None:
    for fault in ("connectionReset", "emptyResponse", "closeMidBody", "garbageThenClose"):
        try:
            raw(server, fault)
        except ConnectionResetError:
            assert fault == "connectionReset"
    assert json.loads(raw(server, "").partition(b"\r\n\r\n")[2]) == WHOLE
    assert "Traceback" not in server.log
    assert "ERROR" not in server.log


SCHEDULES = """
customerId:
  "100000000001": {fault: {name: emptyResponse, first: 2}, customer: synthetic}
  "100000000002": {fault: {name: emptyResponse, every: 3}, customer: synthetic}
  "100000000003": {fault: {name: emptyResponse, share: 0.3}, customer: synthetic}
  "100000000004": {delay: {uniform: [10ms, 60ms]}, customer: synthetic}
  "100000000005": {delay: {lognormal: {median: 20ms, sigma: 0.5}}, customer: synthetic}
"""


def struck(client: Client, number: str, calls: int) -> list[bool]:
    """Tell of each call whether it was struck; the journal says so, too."""
    for _ in range(calls):
        explained = client.control(
            "POST", "/explain", json={"headers": {**HEADERS, "client_id": client.space}, "body": {"customerId": number}}
        ).json()
        try:
            client.ask({"customerId": number})
        except Exception:  # noqa: BLE001 - whatever the client makes of an empty response
            assert explained["fault"] == "emptyResponse"
        else:
            assert explained["fault"] is None
    exchanges = client.control("GET", "/spaces/{space}/exchanges", params={"customerId": number}).json()["exchanges"]
    return [exchange["fault"] is not None for exchange in exchanges][::-1]


def test_schedules_strike_the_same_calls_in_every_run(serve: Serve, connect: Connect) -> None:
    runs = []
    for _ in range(2):
        client = connect(serve(scenarios=SCHEDULES))
        assert struck(client, "100000000001", 4) == [True, True, False, False]
        assert struck(client, "100000000002", 6) == [False, False, True, False, False, True]
        shares = struck(client, "100000000003", 40)
        assert 4 < sum(shares) < 20
        for number in ("100000000004", "100000000005"):
            for _ in range(5):
                client.ask({"customerId": number})
        delays = [
            exchange["delay"]
            for exchange in client.control("GET", "/spaces/{space}/exchanges?limit=10").json()["exchanges"]
        ]
        assert len(set(delays)) == 10
        assert all(0.01 <= delay <= 0.06 for delay in delays[5:])
        runs.append((shares, delays))
    assert runs[0] == runs[1]
