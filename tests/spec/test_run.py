"""`run`: any command beside a sandbox of its own, in any pipeline."""

import os
import signal
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .conftest import CONTRACT, ERRORS, HEADERS, PATH, ROOT

CHANNEL = [sys.executable, "-m", "tests.sweep.clients.channel"]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sandbox", "run", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def is_gone(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) != 0


def test_the_command_finds_a_sandbox_that_lets_it_in_and_is_gone_afterwards() -> None:
    result = run("--profile", "strict", "--", "sh", "-c", f'echo "$SANDBOX_URL"; {" ".join(CHANNEL)}; exit 7')
    url, *customers = result.stdout.splitlines()
    assert result.returncode == 7
    assert customers[0] == "321116471234 Luis Diaz Salinas"
    assert is_gone(url)
    assert "calls: 2 × retrieve-customer-segment, 1 × token" in result.stderr  # noqa: RUF001
    assert "finding: optional header missing: sid" in result.stderr


def test_the_token_in_the_environment_is_good_in_a_strict_world() -> None:
    headers = {**HEADERS, "uuid": "8f7c2f6e-3f9a-4a52-9d0c-1a2b3c4d5e6f", "client_id": "$SANDBOX_CLIENT_ID"}
    headers["Authorization"] = "Bearer $SANDBOX_TOKEN"
    lines = " ".join(f'-H "{name}: {value}"' for name, value in headers.items())
    body = '{"customerId": "321116471234"}'
    ask = f"""curl -s -o /dev/null -w '%{{http_code}}' {lines} -d '{body}' "$SANDBOX_URL/api{PATH}\""""
    assert run("--profile", "clients,tokens,uuid", "--", "sh", "-c", ask).stdout == "200"


def test_a_pipeline_gets_files(tmp_path: Path) -> None:
    junit, summary = tmp_path / "new" / "run.xml", tmp_path / "run.md"
    result = run("--junit", str(junit), "--summary", str(summary), "--", *CHANNEL)
    assert result.returncode == 0
    suite = ET.parse(junit).getroot()[0]
    names = [case.get("name") for case in suite]
    errors = len(names) - 1
    assert names[1:] == [f"exercised {name}" for name in [*ERRORS, *_gateway()]]
    assert (suite.get("failures"), suite.get("skipped")) == ("0", str(errors))
    text = summary.read_text("utf-8")
    assert text.startswith("### Passed: `")
    assert "| `resourceNotFound` | never seen |" in text
    assert "- optional header missing: sid" in text


def _gateway() -> list[str]:
    responses = CONTRACT["components"]["responses"].values()
    return [name for each in responses for name in each["content"]["application/json"]["examples"]]


def test_a_failed_command_is_a_failed_case(tmp_path: Path) -> None:
    junit = tmp_path / "run.xml"
    assert run("--junit", str(junit), "--", "false").returncode == 1
    failure = ET.parse(junit).getroot()[0][0].find("failure")
    assert failure is not None
    assert failure.get("message") == "ended with 1"


def test_input_and_output_are_the_command_s_own() -> None:
    command = [sys.executable, "-m", "sandbox", "run", "--", "sh", "-c", "cat; echo oops >&2"]
    result = subprocess.run(command, input=b"\x00raw\xff", capture_output=True, check=True, timeout=60)
    assert result.stdout == b"\x00raw\xff"
    assert result.stderr.startswith(b"oops\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(number: signal.Signals, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    name = number.name.removeprefix("SIG")
    script = f"trap 'exit 42' {name}; echo $SANDBOX_URL > {ready}; while :; do read line; done"
    command = [sys.executable, "-m", "sandbox", "run", "--", "sh", "-c", script]
    # A session of its own: nobody's terminal sends the signal to the command, too.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        url = ready.read_text().strip()
        process.send_signal(number)
        assert process.wait(30) == 42
    assert is_gone(url)


def test_a_command_that_a_signal_ends_has_a_shell_s_exit_code() -> None:
    assert run("--", "sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


def test_a_sandbox_does_not_outlive_a_killed_run(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    script = f"echo $SANDBOX_URL > {ready}; read line"
    command = [sys.executable, "-m", "sandbox", "run", "--", "sh", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        url = ready.read_text().strip()
        process.kill()
    assert is_gone(url)


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        ([], 2, "Missing argument 'COMMAND...'"),
        (["--", "no-such-command"], 127, "there is no such command"),
        (["--", str(ROOT)], 126, "Permission denied"),
        (["--profile", "strickt", "--", "true"], 2, "strict"),
        (["--sumary", "x", "--", "true"], 2, "--summary"),
    ],
)
def test_what_can_not_be_run_is_one_line(arguments: list[str], code: int, hint: str) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stderr.count("\n")) == (code, 1), result.stderr
    assert hint in result.stderr
