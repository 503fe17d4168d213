import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from sandbox.core.faults import FAULTS
from sandbox.server.log import MAX_BUFFERED_CHARACTERS
from sandbox.state.journal import MAX_TEXT

from .conftest import HEADERS, PATH, Connect, Serve, Server

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO (?P<method>[A-Z]+|-) (?P<path>\S+) "
    r"(?P<status>\d{3}|fault \w+) (?P<rule>\w+) (?P<space>\S+) "
    r"(?P<who>-|(customerId|cardNumber) [*\d]+(, cardNumber [*\d]+)?) \d+\.\d ms"
)
CARD, CUSTOMER, TOKEN = "5105105105105100", "123456789012", "a-token-that-nobody-may-read"


@pytest.fixture
def quiet(serve: Serve) -> Server:
    """A server of its own, whose log holds nothing else."""
    return serve()


def calls(server: Server) -> list[dict[str, str]]:
    """Stop the server, and return the lines about calls; anything else in the log is a failure."""
    server.stop()
    matches = [LINE.fullmatch(line) for line in server.log.splitlines()]
    assert all(matches), server.log
    return [match.groupdict() for match in matches if match]


def test_a_line_says_what_was_called_and_who_decided_with_masked_numbers(quiet: Server, connect: Connect) -> None:
    client = connect(quiet)
    client.ask({"customerId": CUSTOMER})
    client.ask({"cardNumber": CARD}, X_Sandbox_Scenario="404")
    client.ask({"customerId": CUSTOMER, "cardNumber": CARD})
    client.ask(b"")
    client.http.get(PATH)
    assert [(call["method"], call["status"], call["rule"], call["who"]) for call in calls(quiet)] == [
        ("POST", "200", "synthetic_customer", "customerId ********9012"),
        ("POST", "404", "forced", "cardNumber 510510******5100"),
        ("POST", "422", "identities_disagree", "customerId ********9012, cardNumber 510510******5100"),
        ("POST", "400", "contract_breach", "-"),
        ("GET", "405", "http", "-"),
    ]


def test_a_line_names_the_space(quiet: Server, connect: Connect) -> None:
    for name in ("branch-app", "a b", "ñandú", CARD, ""):
        connect(quiet, name).ask({"customerId": CUSTOMER}, client_id=name)
    spaces = [call["space"] for call in calls(quiet)]
    assert spaces == ["branch-app", "a%20b", "%C3%B1and%C3%BA", "510510******5100~ad7f99", "anonymous"]


def test_a_line_names_a_fault_in_place_of_a_status(quiet: Server, connect: Connect) -> None:
    quick = [fault for fault in FAULTS if fault not in ("slowDrip", "neverAnswer")]
    for fault in quick:
        with socket.create_connection(("127.0.0.1", quiet.port), timeout=10) as connection:
            head = "".join(f"{name}: {value}\r\n" for name, value in {**HEADERS, "X-Sandbox-Fault": fault}.items())
            end = "Host: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
            connection.sendall(f"POST {PATH} HTTP/1.1\r\n{head}{end}".encode())
            try:
                while connection.recv(1024):
                    pass
            except ConnectionResetError:
                assert fault == "connectionReset"
    assert [call["status"] for call in calls(quiet)] == [f"fault {fault}" for fault in quick]


def test_broken_http_gets_a_line(quiet: Server) -> None:
    with socket.create_connection(("127.0.0.1", quiet.port), timeout=10) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        while connection.recv(1024):
            pass
    (line,) = calls(quiet)
    assert (line["method"], line["path"], line["status"], line["rule"]) == ("-", "-", "400", "http")


def test_what_steers_the_sandbox_is_logged(quiet: Server, connect: Connect) -> None:
    client = connect(quiet, "branch-app")
    override = f"/spaces/{{space}}/overrides/cardNumber/{CARD}"
    client.control("PUT", override, json={"error": "resourceNotFound"})
    client.control("DELETE", override)
    client.control("PUT", "/spaces/{space}/clock", json={"now": "2028-02-29T09:00:00Z"})
    client.control("DELETE", "/spaces/{space}/clock")
    client.control("PUT", "/spaces/{space}/profile", json={"profile": "strict", "liveTexts": True})
    client.control("DELETE", "/spaces/{space}/profile")
    client.control("DELETE", "/spaces/{space}")
    client.control("POST", "/reset")
    client.control("GET", f"/customers/{CARD}", headers={"Origin": "http://evil.example"})
    quiet.stop()
    lines = [line.partition(" ")[2] for line in quiet.log.splitlines()]
    assert lines == [
        "INFO override for cardNumber 510510******5100 placed in space branch-app",
        "INFO override for cardNumber 510510******5100 removed from space branch-app",
        "INFO clock of space branch-app set to 2028-02-29T09:00:00.000Z, frozen",
        "INFO clock of space branch-app released",
        "INFO profile of space branch-app set to strict, live texts",
        "INFO profile of space branch-app released",
        "INFO space branch-app reset",
        "INFO all spaces reset",
        "WARNING refused GET /_sandbox/customers/510510******5100: "
        "Origin 'http://evil.example' may not steer this sandbox",
    ]


@contextmanager
def unread(*flags: str) -> Iterator[tuple["subprocess.Popen[str]", HTTPConnection]]:
    """Run a server whose log is a pipe, which nobody reads meanwhile."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        connection = HTTPConnection("127.0.0.1", int(process.stdout.readline().rpartition(":")[2]), timeout=10)
        try:
            yield process, connection
        finally:
            connection.close()
            process.kill()


def fill(connection: HTTPConnection, characters: int) -> int:
    """Call until this much must have been logged; return how many calls that took."""
    path = "/" + "x" * MAX_TEXT
    count = characters // MAX_TEXT + 1
    for _ in range(count):
        connection.request("GET", path)
        connection.getresponse().read()
    return count


def test_a_log_that_nobody_reads_stops_nothing(connect: Connect) -> None:
    with unread() as (process, connection):
        fill(connection, 2 * MAX_BUFFERED_CHARACTERS)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_what_was_dropped_is_counted_where_it_was() -> None:
    with unread() as (process, connection):
        count = fill(connection, 3 * MAX_BUFFERED_CHARACTERS)
        assert process.stderr
        lines = [process.stderr.readline()]
        while " INFO " in lines[-1]:
            lines.append(process.stderr.readline())
        dropped = re.fullmatch(r"\S+Z WARNING (\d+) lines of this log were dropped: .*\n", lines.pop())
        assert dropped
        assert len(lines) + int(dropped[1]) == count
        # There is room again.
        connection.request("GET", "/last")
        connection.getresponse().read()
        assert "/last 404" in process.stderr.readline()


def test_lines_come_in_the_order_of_what_they_tell(quiet: Server, connect: Connect) -> None:
    client = connect(quiet, "branch-app")
    for number in range(50):
        client.http.get(f"/{number}")
        client.control("PUT", "/spaces/{space}/clock", json={"now": f"2028-02-29T09:00:{number:02}Z"})
    quiet.stop()
    lines = quiet.log.splitlines()
    assert [f"/{number} 404" in lines[2 * number] for number in range(50)] == [True] * 50
    assert [f"09:00:{number:02}" in lines[2 * number + 1] for number in range(50)] == [True] * 50


def test_a_path_is_one_word_on_one_line(quiet: Server, connect: Connect) -> None:
    paths = ["/a%0d%0a2027-01-01T00:00:00.000Z%20INFO%20forged", "/%1b[2J", "/a%20b", "/%c3%b1", f"/{CARD}"]
    for path in paths:
        connect(quiet).http.get(path)
    written = [call["path"] for call in calls(quiet)]
    assert len(written) == len(paths)
    assert all(path.isprintable() and CARD not in path for path in written)


def test_no_secret_is_written_anywhere(serve: Serve, connect: Connect) -> None:
    server = serve(scenarios=f"customerId: {{'{CUSTOMER}': {{description: {CARD}, error: resourceNotFound}}}}")
    client = connect(server)
    secret = {"Authorization": f"Bearer {TOKEN}"}
    for body in ({"cardNumber": CARD}, {"customerId": CUSTOMER}, {"cardNumber": CARD + "1"}, {"cardNumber": int(CARD)}):
        for headers in ({}, {"uuid": None}, {"X_Sandbox_Scenario": "500"}, {"X_Sandbox_Scenario": CARD}, {"sid": CARD}):
            client.ask(body, **secret, **headers)
    for name in HEADERS:
        client.ask({"cardNumber": CARD}, **{**secret, name: CARD})
        client.ask({"cardNumber": CARD}, **{name: f"Bearer {TOKEN}"})
    client.ask({"cardNumber": CARD}, f"{PATH}/{CARD}?token={TOKEN}", **secret)
    client.control("GET", f"/customers/{CARD}")
    server.stop()
    assert server.process.stdout
    written = server.greeting + server.process.stdout.read() + server.log
    assert [secret for secret in (CARD, CUSTOMER, TOKEN) if secret in written] == []


def test_the_log_can_be_turned_off(serve: Serve, connect: Connect) -> None:
    server = serve("--no-access-log")
    connect(server).ask({"customerId": CUSTOMER})
    server.stop()
    assert server.log == ""
