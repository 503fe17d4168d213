"""What arrives over a raw socket: nothing of it may stop the server, and all of it is answered in the bank's shape."""

import json
import socket

import pytest

from .conftest import ERROR_BODY, HEADERS, PATH, Client, Server

HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n" + "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())


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


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0"])
def test_an_upgrade_is_ignored(server: Server, upgrade: str) -> None:
    body = b'{"customerId": "321116471234"}'
    lines = f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nContent-Length: {len(body)}\r\n\r\n"
    assert exchange(server, HEAD.encode() + lines.encode() + body)[0] == 200


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
