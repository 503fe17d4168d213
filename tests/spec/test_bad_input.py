"""More that arrives over a raw socket; broken HTTP itself is in test_bad_http."""

import json
import random
import socket

import pytest

from .conftest import ERROR_BODY, HEADERS, PATH, Client, Serve, Server, eventually
from .test_bad_http import HEAD, exchange

BODY = b'{"customerId": "321116471234"}'
LENGTH = f"Content-Length: {len(BODY)}\r\n\r\n".encode()


def received(server: Server, request: bytes, is_all: bool = False) -> bytes:
    """Send bytes, with nothing behind them when that is all, and read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        if is_all:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(65536):
            answer += block
        return answer


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("value", [b"\xff\xfe", "ñ€😀".encode(), b"\x80" * 8000, b"a\tb", b"{{ 7*7 }}%s%n"])
def test_a_header_of_any_bytes_gets_an_answer_in_the_banks_shape(server: Server, header: str, value: bytes) -> None:
    head = HEAD.replace(f"{header}: {HEADERS[header]}\r\n", "").encode() + header.encode() + b": " + value + b"\r\n"
    status, headers, body = exchange(server, head + LENGTH + BODY)
    assert status in {200, 400, 401, 403}
    assert status == 200 or ERROR_BODY.is_valid(json.loads(body))
    assert all(value.isprintable() and value.isascii() for name, value in headers.items() if name != "uuid")


def test_bytes_of_a_uuid_come_back_as_they_are(server: Server) -> None:
    head = HEAD.replace(HEADERS["uuid"], "%s").encode() % b"caf\xe9"
    answer = received(server, head + b"Connection: close\r\n" + LENGTH + BODY)
    assert b"\r\nuuid: caf\xe9\r\n" in answer


@pytest.mark.parametrize(
    "lines",
    [
        b"".join(b"X-%d: a\r\n" % number for number in range(2_000)),
        b"X-Long: " + b"a" * 60_000 + b"\r\n",
        b"x" * 8_000 + b": a\r\n",
        b"Expect: 100-continue\r\n",
        b"Cookie: " + b"a=b; " * 1_000 + b"\r\n",
    ],
)
def test_absurd_headers_change_nothing(server: Server, lines: bytes) -> None:
    answer = received(server, HEAD.encode() + lines + b"Connection: close\r\n" + LENGTH + BODY)
    assert answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers",
        PATH + "/",
        PATH.upper(),
        "/api/api" + PATH,
        "/%00",
        "/%ff",
        "/..%2f..%2fetc/passwd",
        "/" + "a" * 5_000,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"])
def test_an_unknown_path_is_refused_in_the_banks_shape(client: Client, method: str, path: str) -> None:
    response = client.http.request(method, path)
    assert (response.status_code, response.headers["x-sandbox-rule"]) == (404, "http")
    assert ERROR_BODY.is_valid(response.json())
    assert (response.json()["code"], response.json()["location"]) == ("resourceNotFound", "path")


def test_a_query_changes_nothing(client: Client) -> None:
    assert client.ask(json.loads(BODY), PATH + "?code=404&%ff=%00").status_code == 200


def test_pipelined_calls_are_answered_one_after_the_other(server: Server) -> None:
    calls = [HEAD.replace(HEADERS["uuid"], uuid).encode() + LENGTH + BODY for uuid in ("first", "second", "third")]
    calls[0] = calls[0].replace(LENGTH, b"X-Sandbox-Delay: 100ms\r\n" + LENGTH)
    calls[2] = calls[2].replace(LENGTH, b"Connection: close\r\n" + LENGTH)
    answer = received(server, b"".join(calls))
    places = [answer.index(f"uuid: {uuid}".encode()) for uuid in ("first", "second", "third")]
    assert places == sorted(places)
    assert answer.count(b"HTTP/1.1 200 OK") == 3


def test_a_head_request_is_answered_without_a_body(server: Server) -> None:
    head, _, body = received(
        server, f"HEAD {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    ).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ")
    assert body == b""


def test_a_caller_who_hangs_up_during_a_delay_is_not_waited_for(serve: Serve) -> None:
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(HEAD.encode() + b"X-Sandbox-Delay: 1h\r\n" + LENGTH + BODY)
    # The line about a call is written when it is over.
    eventually(lambda: " 200 scenario_file " in server.log)


def test_damaged_requests_get_an_answer_or_none_and_never_stop_the_server(server: Server, client: Client) -> None:
    chance = random.Random(20270228)
    whole = HEAD.encode() + LENGTH + BODY
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(whole))] = chance.randrange(256)
        answer = received(server, bytes(damaged), is_all=True)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert answer == b"" or b" 200 OK" in head or ERROR_BODY.is_valid(json.loads(body)), bytes(damaged)
    assert client.ask(json.loads(BODY)).status_code == 200
    assert "Traceback" not in server.log
