"""What arrives over a raw socket: nothing of it may stop the server, and all of it is answered in the bank's shape.

Everything holds with either parser.
"""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest

from sandbox.runtime import Sandbox
from sandbox.server.h11_protocol import H11Protocol
from sandbox.server.httptools_protocol import HttptoolsProtocol
from sandbox.server.server import Server as InProcess
from sandbox.settings import Settings

from .conftest import ERROR_BODY, HEADERS, PATH, READY_FILE, Client, Serve, Server

PARSERS = {"httptools": HttptoolsProtocol, "h11": H11Protocol}
BODY = b'{"customerId": "321116471234"}'
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n" + "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())


@pytest.fixture(scope="module", params=[*PARSERS])
def server(request: pytest.FixtureRequest, serve_once: Serve, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with each of the parsers."""
    if request.param == "httptools":
        return serve_once()
    hidden = tmp_path_factory.mktemp("hidden")
    (hidden / "httptools.py").write_text("raise ImportError")
    return serve_once(PYTHONPATH=str(hidden))


@pytest.fixture(params=[*PARSERS])
def parser(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def in_process(parser: str, seconds: float = 30.0, keep_alive: float = 5.0) -> Iterator[int]:
    """Run a server in a thread, with limits of its own; give its port."""
    urls: Queue[list[str]] = Queue()
    server = InProcess(Sandbox(Settings(port=0, watch=False)), urls.put)
    server.config.http = PARSERS[parser]
    server.config.timeout_keep_alive = keep_alive  # type: ignore[assignment]
    server.incomplete_requests.seconds = seconds
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield int(urls.get(timeout=10)[0].rpartition(":")[2])
    finally:
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


def call(*lines: str, body: bytes = BODY) -> bytes:
    """Return a call with more header lines."""
    return (
        HEAD.encode() + "".join(f"{line}\r\n" for line in (*lines, f"Content-Length: {len(body)}", "")).encode() + body
    )


def statuses(port: int, *packets: bytes) -> list[int]:
    """Send bytes, wait until the server closes, and return the status of each response."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for packet in packets:
            connection.sendall(packet)
        with connection.makefile("rb") as reader:
            received = reader.read()
    # A body ends without a line's end.
    return [int(answer[:3]) for answer in received.split(b"HTTP/1.1 ")[1:]]


def exchange(server: Server, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, and read the first response."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as reader:
            status = int(reader.readline().split()[1])
            headers = {}
            while line := reader.readline().strip():
                name, _, value = line.decode("latin-1").partition(": ")
                headers[name.lower()] = value
            return status, headers, reader.read(int(headers.get("content-length", 0)))


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"FETCH / HTTP/1.1\r\n\r\n",
        f"POST {PATH} HTTP/9.9\r\n\r\n".encode(),
        f"POST {PATH}é HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        b"POST / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nX-Endless: " + b"x" * 100_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_the_parser_refuses_is_answered_in_the_banks_shape(server: Server, request_bytes: bytes) -> None:
    status, headers, body = exchange(server, request_bytes)
    assert status == 400
    assert headers["content-type"] == "application/json"
    assert headers["x-sandbox-rule"] == "http"
    assert headers["date"].endswith("GMT")
    assert ERROR_BODY.is_valid(json.loads(body))


@pytest.mark.parametrize("length", [64 * 1024, 64 * 1024 + 1])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_may_have_64_kib(server: Server, length: int, is_chunked: bool) -> None:
    body = b'{"customerId": "321116471234"}'.ljust(length)
    if is_chunked:
        request = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    else:
        request = f"{HEAD}Content-Length: {length}\r\n\r\n".encode() + body
    status, _, answer = exchange(server, request)
    assert status == (200 if length == 64 * 1024 else 413)
    assert status == 200 or ERROR_BODY.is_valid(json.loads(answer))


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"countryCode: MX", 400),
        (b"client_id: other", 401),
        (b"X-Sandbox-Delay: 1ms\r\nX-Sandbox-Delay: 2ms", 400),
        (b"Accept: text/html", 200),
        (b"X-Whatever: \xff\xfe", 200),
    ],
)
def test_a_header_that_comes_twice_or_holds_other_bytes(server: Server, line: bytes, status: int) -> None:
    body = b'{"customerId": "321116471234"}'
    request = HEAD.encode() + line + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    assert exchange(server, request)[0] == status


@pytest.mark.parametrize("path", [PATH, "/", "/nowhere", "/healthz", "/_sandbox/spaces", "/console/customers", "/docs"])
@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"], ["localhost", "evil.example"]], ids=str)
def test_a_host_is_wanted_once(server: Server, path: str, hosts: list[str]) -> None:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    status, _, body = exchange(server, f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
    assert status == 400
    assert json.loads(body)["code"] == "invalidRequest"
    assert ERROR_BODY.is_valid(json.loads(body))


def test_http_1_0_needs_no_host(server: Server) -> None:
    assert statuses(server.port, b"GET /healthz HTTP/1.0\r\n\r\n") == [200]


def test_a_body_in_another_coding_is_refused_and_journaled(server: Server, client: Client) -> None:
    refused = client.ask(gzip.compress(BODY), **{"Content-Encoding": "gzip"})
    assert (refused.status_code, refused.json()["location"]) == (400, "Content-Encoding")
    assert "'gzip'" in refused.headers["x-sandbox-reason"]
    newest = client.control("GET", "/spaces/{space}/exchanges").json()["exchanges"][0]
    assert [violation["location"] for violation in newest["violations"]] == ["Content-Encoding"]
    assert client.ask(BODY, **{"Content-Encoding": "Identity"}).status_code == 200


def test_a_forced_error_wins_over_a_body_in_another_coding(client: Client) -> None:
    assert client.ask(gzip.compress(BODY), X_Sandbox_Scenario="404", **{"Content-Encoding": "gzip"}).status_code == 404


def test_a_login_in_another_coding_is_refused_in_the_words_of_oauth(client: Client) -> None:
    refused = client.http.post(
        "/v1/oauth/token",
        auth=("branch-app", "secret"),
        data={"grant_type": "client_credentials"},
        headers={"Content-Encoding": "gzip"},
    )
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert "'gzip'" in refused.headers["x-sandbox-reason"]


def test_gzip_that_says_nothing_of_it_is_called_that(client: Client) -> None:
    refused = client.ask(gzip.compress(BODY))
    assert (refused.status_code, refused.json()["location"]) == (400, "body")
    assert "gzip" in refused.headers["x-sandbox-reason"]


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0"])
def test_an_upgrade_is_ignored_and_journaled(server: Server, client: Client, upgrade: str) -> None:
    lines = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {upgrade}")
    status, headers, _ = exchange(server, call(*lines))
    assert status == 200
    sent = client.control("GET", f"/spaces/*/exchanges/{headers['x-sandbox-exchange']}").json()["headers"]
    assert sent["upgrade"] == upgrade
    assert "ignored" not in sent


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_an_upgrade_is_ignored_however_it_is_cut(server: Server, size: int, is_chunked: bool) -> None:
    upgrade = f"{HEAD}Connection: Upgrade\r\nUpgrade: h2c\r\n"
    if is_chunked:
        request = f"{upgrade}Transfer-Encoding: chunked\r\n\r\n{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n"
    else:
        request = f"{upgrade}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    # The calls behind it are read, too.
    sent = request + request + call("Connection: close")
    assert statuses(server.port, *(sent[at : at + size] for at in range(0, len(sent), size))) == [200, 200, 200]


def test_garbage_behind_a_good_call_ends_the_connection_after_its_answer(server: Server) -> None:
    found = statuses(server.port, call("X-Sandbox-Delay: 100ms") + b"garbage\r\n\r\n")
    # h11 reads on when the call is answered, and answers the garbage as well.
    assert found in ([200], [200, 400])


def test_a_broken_body_behind_good_calls_comes_after_their_answers(server: Server) -> None:
    broken = f"{HEAD}Transfer-Encoding: chunked\r\n\r\nno size\r\n".encode()
    found = statuses(server.port, call("X-Sandbox-Delay: 100ms") + call() + broken)
    assert found in ([200, 200], [200, 200, 400])


def test_the_keep_alive_timer_does_not_cut_a_pipelined_call(parser: str) -> None:
    with in_process(parser, keep_alive=0.1) as port:
        assert statuses(port, call() + call("X-Sandbox-Delay: 600ms", "Connection: close")) == [200, 200]


@pytest.mark.parametrize(
    ("packet", "found"),
    [
        (b"", []),
        (HEAD.encode(), [408]),
        (f"{HEAD}Content-Length: 30\r\n\r\n{{".encode(), [408]),
        (call() + b"POST", [200, 408]),
        (b"PUT /_sandbox/spaces/x/clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{", [408]),
        (b"POST /_sandbox/reset HTTP/1.1\r\nHost: evil\r\nContent-Length: 9\r\n\r\n{", [403]),
    ],
    ids=["nothing", "head", "body", "second head", "control", "answered already"],
)
def test_what_never_ends_is_given_up(parser: str, packet: bytes, found: list[int]) -> None:
    with in_process(parser, seconds=0.1) as port:
        assert statuses(port, packet) == found


def test_a_call_that_is_being_answered_is_not_given_up(parser: str) -> None:
    with in_process(parser, seconds=0.1) as port:
        slow = call("X-Sandbox-Delay: 2500ms")
        found = statuses(port, slow + HEAD.encode())
        assert found == [200, 408]


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_incomplete_requests_give_way_where_few_files_may_be_open(loop: str, tmp_path: Path) -> None:
    log, ready = tmp_path / "log", str(tmp_path / READY_FILE)
    if loop == "asyncio":
        (tmp_path / "uvloop.py").write_text("raise ImportError")
    with log.open("w") as stderr:
        process = subprocess.Popen(
            ["sh", "-c", 'ulimit -n 128; exec "$0" -m sandbox serve --port 0 --ready-file "$1"', sys.executable, ready],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
    crowd = []
    server = Server(process, log)
    try:
        for _ in range(300):
            crowd.append(socket.create_connection(("127.0.0.1", server.port)))
            crowd[-1].sendall(HEAD.encode())
        assert [exchange(server, call())[0] for _ in range(10)] == [200] * 10
    finally:
        for connection in crowd:
            connection.close()
        server.stop()
        assert process.stdout
        process.stdout.close()


def test_the_server_survives_those_who_hang_up(server: Server, client: Client) -> None:
    for request in (b"POST", HEAD.encode(), f"{HEAD}Content-Length: 30\r\n\r\n".encode() + b"{"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(request)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"{HEAD}X-Sandbox-Delay: 60s\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    assert client.ask({"customerId": "321116471234"}).status_code == 200
    assert "Traceback" not in server.log


def test_many_pipelined_calls_are_no_endless_head(server: Server) -> None:
    call = f"{HEAD}Content-Length: 30\r\n\r\n".encode() + b'{"customerId": "321116471234"}'
    count = 3_000
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(call * count)
        with connection.makefile("rb") as reader:
            answered = 0
            while answered < count and (line := reader.readline()):
                # A body ends without a line's end.
                answered += b"HTTP/1.1 200" in line
                assert b"HTTP/1.1 400" not in line
    assert answered == count
