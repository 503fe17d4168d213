"""How a server starts where it can't, and how it stops when it is told to."""

import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import httpx2
import pytest

from .conftest import Connect, Serve, Server, eventually


def failed_start(*flags: str) -> str:
    """Start a server that can't, and return the only line it writes."""
    command = [sys.executable, "-m", "sandbox", "serve", *flags]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (3, "", 1)
    return result.stderr


def test_a_port_that_a_sandbox_has_is_said_to_be_its(serve: Serve) -> None:
    port = serve().port
    line = failed_start("--port", str(port))
    assert f"127.0.0.1:{port}: address already in use, by a Segment Sandbox 0." in line
    assert "use that, stop it, or choose another port with --port" in line


def test_a_port_that_another_program_has_comes_with_the_way_to_find_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = failed_start("--port", str(port))
    assert f"127.0.0.1:{port}: address already in use, by another program" in line
    assert f"lsof -i :{port}" in line


def test_a_second_port_that_is_taken_is_named_by_its_flag() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = failed_start("--port", "0", "--tls", "--http-port", str(taken.getsockname()[1]))
    assert "--http-port 0, which picks a free one" in line


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_this_machines_is_said(host: str) -> None:
    assert f"{host} is no address of this machine" in failed_start("--port", "0", "--host", host)


@pytest.fixture
def waiting(serve: Serve, connect: Connect) -> Iterator[Server]:
    """A server with three calls in flight, and a stream, which is none."""
    server = serve("--grace", "60")
    clients = [connect(server, "branch-app") for _ in range(3)]
    with (
        ThreadPoolExecutor() as pool,
        httpx2.Client(base_url=server.url, timeout=30) as watcher,
        watcher.stream("GET", "/_sandbox/spaces/branch-app/exchanges/stream") as stream,
    ):
        calls = [pool.submit(client.ask, {}, X_Sandbox_Delay="50s") for client in clients]
        arrived = (line for line in stream.iter_lines() if line == "event: exchange")
        assert len([*islice(arrived, 3)]) == 3
        yield server
        for call in calls:
            with pytest.raises(httpx2.TransportError):
                call.result()


def test_a_second_ctrl_c_ends_at_once_without_a_trace(waiting: Server) -> None:
    waiting.process.send_signal(signal.SIGINT)
    eventually(lambda: "stopping: " in waiting.log)
    waiting.process.send_signal(signal.SIGINT)
    assert waiting.process.wait(10) == 0
    assert "stopping: 3 calls in flight are answered first, for up to 60 s; a second Ctrl-C ends at once" in waiting.log
    assert "Traceback" not in waiting.log
    assert "ERROR" not in waiting.log


def test_a_stop_without_calls_in_flight_says_nothing(serve: Serve, connect: Connect) -> None:
    server = serve("--no-access-log")
    connect(server).ask({})
    assert server.stop() == 0
    assert server.log == ""


def test_the_greeting_says_where_the_console_is_and_how_to_stop(server: Server) -> None:
    assert f"console: open {server.url}/ in a browser\nto stop: Ctrl-C\n" in server.greeting


def test_the_ready_file_says_to_programs_what_they_need(server: Server) -> None:
    assert server.ready == {
        "url": f"http://127.0.0.1:{server.port}",
        "urls": [server.url],
        "console": f"{server.url}/",
        "token": None,
        "rootCertificate": None,
        "clientCertificate": None,
        "pid": server.process.pid,
        "version": httpx2.get(f"{server.url}/_sandbox/health").json()["version"],
    }


def test_with_json_the_greeting_is_the_same_line(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    file.write_text("of an earlier run that was killed")
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--json", "--ready-file", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        # Already there when the greeting comes, whole, for nobody else's eyes, and nothing beside it.
        assert (file.read_text(), [*tmp_path.iterdir()]) == (line, [file])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert httpx2.get(f"{json.loads(line)['url']}/healthz").status_code == 200
        process.terminate()
        assert process.stdout.read() == ""
    assert (process.returncode, file.exists()) == (0, False)


def test_a_ready_file_that_another_server_has_written_is_left_alone(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    file = server.ready_file
    file.write_text('{"pid": 1}')
    assert server.stop() == 0
    assert file.read_text() == '{"pid": 1}'


@pytest.mark.parametrize("name", ["no-such-directory/ready.json", "."])
def test_a_ready_file_that_cannot_be_written_is_said_before_anything_starts(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--ready-file", str(tmp_path / name)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "ready_file: " in result.stderr
    assert "expected a " in result.stderr
