import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import ERRORS, Connect, Serve, Server


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as its users do."""
    command = [sys.executable, "-m", "sandbox", *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=env)


def test_ask_answers_one_call_without_a_server() -> None:
    result = run("ask", "--customer-id", "999900000422", "-H", "Accept-Language: es", "-H", "uuid: ñ")
    status, *lines = result.stdout.splitlines()
    assert status == "HTTP/1.1 422 Unprocessable Entity"
    assert "content-language: es" in lines
    assert json.loads(lines[-1])["uuid"] == "ñ"
    assert run("ask", "--body", "{").stdout.startswith("HTTP/1.1 400")
    assert "would have waited 5 s" in run("ask", "--card-number", "9999200000000005").stderr


def test_errors_lists_every_error() -> None:
    table = run("errors").stdout
    assert all(code in table for code in ERRORS)
    assert len(json.loads(run("errors", "--json").stdout)) == len(table.splitlines()) - 1


def test_customers_finds_those_with_a_property() -> None:
    found = json.loads(
        run("customers", "--birthday", "02-29", "--segment", "40", "--country", "us", "-n", "2", "--json").stdout
    )
    assert [(each["birthday"], each["customerSegment"], each["country"]) for each in found] == [
        ("02-29", "40", "US")
    ] * 2
    none = run("customers", "--segment", "99")
    assert (none.returncode, none.stderr) == (1, "only 0 found\n")


def test_init_makes_a_directory_that_works_and_destroys_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "scenarios"
    assert run("init", str(directory)).returncode == 0
    assert "no mistake" in run("check", str(directory)).stdout
    for file in directory.glob("*.yaml"):
        schema = re.search(r"\$schema=(\S+)", file.read_text("utf-8"))
        assert schema
        assert (directory / schema[1]).is_file()
    again = run("init", str(directory))
    assert again.returncode == 1
    assert "exists; choose another directory" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["serve", "--prt", "1"], "--port"),
        (["serve", "--port", "99999"], "0<=x<=65535. See: segment-sandbox serve --help"),
        (["serve", "--grace", "-1"], "0<=x<=3600"),
        (["serve", "--most-spaces", "3"], "Did you mean '--max-spaces'? See:"),
        (["serve", "--space-idle", "P1M"], "months and years have no fixed length. See:"),
        (["health", "--url", "127.0.0.1:8080"], "http://127.0.0.1:8080"),
        (["serve", "--port", "x"], "valid integer"),
        (["serve", "--prefix", "x"], "/mx-gcgapi/ext"),
        (["serve", "--space-idle", "soon"], "a duration"),
        (["serve", "--real-cards", "maybe"], "'allow', 'warn', 'refuse'"),
        (["ask", "-H", "x"], "NAME: VALUE"),
        (["ask", "--customer-id", "1", "--body", "{}"], "one or the other"),
        (["customers", "--birthday", "02-30"], "a day that exists"),
        (["customers", "--country", "XX"], "MX"),
        (["customers", "-n", "0"], "1 to 1000"),
        (["chekc"], "No such command"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments: list[str], hint: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert hint in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_variable_of_the_environment_is_a_setting() -> None:
    assert "SANDBOX_PORT" in run("serve", SANDBOX_PORT="x").stderr
    assert run("serve", SANDBOX_SCENARIOS="/nowhere").returncode == 1


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]))
    assert result.returncode == 3
    assert "address already in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_curl_that_serve_prints_works_when_pasted(server: Server) -> None:
    curl = server.greeting[server.greeting.index("curl") :].replace("\\\n", " ")
    answer = subprocess.run(shlex.split(curl), capture_output=True, text=True, check=True).stdout
    assert "Luis Diaz Salinas" in answer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_lets_calls_in_flight_end(serve: Serve, connect: Connect, number: signal.Signals) -> None:
    server = serve("--grace", "1")
    client, other = connect(server), connect(server)
    with ThreadPoolExecutor() as pool:
        short = pool.submit(client.ask, {"customerId": "321116471234"}, X_Sandbox_Delay="500ms")
        endless = pool.submit(other.ask, {"customerId": "321116471234"}, X_Sandbox_Delay="1h")
        assert connect(server).control("GET", "/spaces/*/exchanges?wait=2&timeout=10s").status_code == 200
        server.process.send_signal(number)
        assert server.process.wait(10) == 0
        assert short.result().status_code == endless.result().status_code == 200
    assert "Traceback" not in server.log


def test_a_stop_does_not_wait_for_half_a_request(serve: Serve) -> None:
    server = serve("--grace", "0.3")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST /v1/customers/segments/retrieve HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        assert server.stop() == 0
    assert "Traceback" not in server.log


def test_health_tells_whether_a_server_answers(serve: Serve) -> None:
    server = serve()
    assert json.loads(run("health", "--url", server.url).stdout)["status"] == "ok"
    server.stop()
    gone = run("health", SANDBOX_URL=server.url)
    assert (gone.returncode, gone.stderr.count("\n")) == (1, 1)


def test_health_says_in_words_why_there_is_no_answer(serve: Serve) -> None:
    server = serve()

    def hang_up(listening: socket.socket) -> None:
        listening.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as closing, ThreadPoolExecutor(1) as pool:
        pool.submit(hang_up, closing)
        closed = run("health", "--url", f"http://127.0.0.1:{closing.getsockname()[1]}").stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    gone = run("health", "--url", url).stderr
    plain = run("health", "--url", server.url.replace("http:", "https:")).stderr
    elsewhere = run("health", "--url", f"{server.url}/elsewhere").stderr
    no_host = run("health", "--url", "http://127.0.0.1:port").stderr
    assert "nobody listens there; start it with segment-sandbox serve" in gone
    assert "the connection was closed without an answer" in closed
    assert "it does not speak HTTPS" in plain
    assert "answered 404, expected 200" in elsewhere
    assert "no URL that can be asked" in no_host
    for message in (gone, closed, plain, elsewhere, no_host):
        assert message.startswith("segment-sandbox: http")
        assert message.count("\n") == 1
        assert not re.search(r"Errno|\[SSL|_ssl|urlopen|Remote end|nonnumeric", message)


def test_a_variable_that_is_no_setting_is_warned_of(serve: Serve) -> None:
    server = serve(SANDBOX_MOST_SPACES="3", SANDBOX_LGO="secret-value", SANDBOX_URL="x", SANDBOX_WATCH="no")
    server.stop()
    log = server.log
    warned = re.findall(r"WARNING the environment variable (\w+) is no setting and has no effect; (.*)", log)
    hint = "see segment-sandbox serve --help"
    assert warned == [("SANDBOX_LGO", hint), ("SANDBOX_MOST_SPACES", "did you mean SANDBOX_MAX_SPACES?")]
    assert "secret-value" not in log


def test_output_that_nobody_reads_is_no_error() -> None:
    command = f"{sys.executable} -m sandbox customers -n 1000 | head -1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert result.stderr == ""


def test_no_number_or_token_is_written_whole(serve: Serve, connect: Connect) -> None:
    server = serve()
    client, card, token = connect(server), "4111111111111111", "token-abcdefghijklmn"
    client.ask({"cardNumber": card}, Authorization=f"Bearer {token}")
    client.ask({"cardNumber": card}, f"/{card}", Authorization=f"Bearer {token}")
    client.ask({"cardNumber": card + "1"}, X_Sandbox_Scenario=card, X_Sandbox_Date=card, countryCode=card)
    client.control("PUT", f"/spaces/{{space}}/overrides/cardNumber/{card}x", json={card: card})
    client.control("GET", f"/customers/{card}1")
    everything = server.log + client.control("GET", "/spaces/{space}/exchanges").text
    assert card not in everything
    assert token not in everything
