"""A sweep, as its users run it, over a corpus of small clients: a right one, and each that is broken in one way."""

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENTS = {file.stem for file in (ROOT / "tests" / "sweep" / "clients").glob("[a-z]*.py")}
RIGHT = "channel"
# The client, what is disturbed, the outcome of the run, and what its line says.
BROKEN = [
    ("retries_422", "businessValidationFailed@2", "passed", "retried what must not be retried: 422 was answered"),
    ("retries_every_error", "invalidRequest@3", "passed", "retried what must not be retried: 400 was answered"),
    ("gives_up_on_503", "serviceUnavailable@2", "passed", "did not retry 503: the call did not come again"),
    ("ignores_retry_after", "tooManyRequests@2", "passed", "ignored Retry-After: the answer asked for 1 s"),
    ("reuses_the_uuid", "connectionReset@2", "passed", "reused the uuid on a retry"),
    ("keeps_a_refused_token", "unAuthorized@2", "passed", "did not log in again after 401: retrieve-customer-segment"),
    ("gives_up_on_401", "unAuthorized@2", "passed", "did not log in again after 401: no call came any more"),
    ("calls_without_a_login", "invalid_scope@1", "passed", "called on after giving up: the login failed"),
    ("has_no_timeout", "neverAnswer@2", "hung", "did not end within 3 s and was killed"),
    ("takes_404_for_200", "resourceNotFound@2", "failed", "ended with 1: KeyError: 'customer'"),
    ("trusts_every_body", "malformedJson@2", "failed", "JSONDecodeError"),
    ("trusts_the_network", "connectionReset@2", "failed", "ConnectionResetError"),
    ("does_not_end", "invalidRequest@2", "hung", "did not end within 3 s and was killed"),
]


def client(name: str) -> list[str]:
    return [sys.executable, "-m", f"tests.sweep.clients.{name}"]


def sweep(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sandbox", "sweep", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment}
    )


def test_every_client_of_the_corpus_is_swept() -> None:
    assert {name for name, *_ in BROKEN} | {RIGHT} == CLIENTS


@pytest.mark.slow
def test_a_client_that_does_everything_right_passes_clean(tmp_path: Path) -> None:
    junit, html = tmp_path / "new" / "sweep.xml", tmp_path / "sweep.html"
    only = "errors,gateway@2,faults@2,connectionReset@1,malformedJson@1,slow@2"
    files = ["--junit", str(junit), "--html", str(html)]
    result = sweep("--only", only, "--slow", "3s", "--jobs", "8", *files, "--", *client(RIGHT))
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    *rows, empty, summary = result.stdout.splitlines()
    assert rows[0].split() == ["disturbance", "call", "outcome", "found"]
    assert {row.split()[-1] for row in rows[1:]} == {"passed"}
    count = len(rows) - 2
    assert (empty, summary) == ("", f"{count} disturbed runs: {count} passed; 0 with findings")
    suite = ET.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == (str(count + 1), "0")
    page = html.read_text("utf-8")
    assert "Passed: <code>" in page
    assert "http" not in page.replace("https:", "http:").split("</style>")[0]


@pytest.mark.parametrize(("name", "only", "outcome", "said"), BROKEN, ids=[name for name, *_ in BROKEN])
def test_a_broken_client_is_caught_with_its_own_finding(
    name: str, only: str, outcome: str, said: str, tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    result = sweep("--only", only, "--timeout", "3s", "--slow", "1s", "--", *client(name), LOCK=str(lock))
    _, undisturbed, row, _, summary = result.stdout.splitlines()
    assert result.returncode == 1
    assert undisturbed.split() == ["undisturbed", "passed"]
    assert row.split()[3] == outcome
    assert said in row
    assert summary.startswith("1 disturbed run: 1 ")
    # Whoever held the lock is gone.
    take = f"import fcntl; fcntl.flock(open({str(lock)!r}, 'w'), fcntl.LOCK_EX)"
    subprocess.run([sys.executable, "-c", take], timeout=10, check=True)


def test_a_report_shows_what_was_found_and_nothing_secret(tmp_path: Path) -> None:
    junit, html = tmp_path / "sweep.xml", tmp_path / "sweep.html"
    script = f"echo '<b>4111111111111111</b>'; exec {' '.join(client('takes_404_for_200'))}"
    files = ["--junit", str(junit), "--html", str(html)]
    result = sweep("--only", "resourceNotFound@2", *files, "--", "sh", "-c", script)
    assert result.returncode == 1
    suite = ET.parse(junit).getroot()[0]
    failure = suite[1].find("failure")
    assert suite[1].get("name") == "resourceNotFound@2 (retrieve-customer-segment)"
    assert failure is not None
    assert failure.get("message") == "ended with 1: KeyError: 'customer'"
    page = html.read_text("utf-8")
    assert "KeyError: &#39;customer&#39;" in page
    assert "&lt;b&gt;411111******1111&lt;/b&gt;" in page
    for report in (result.stdout, page, junit.read_text("utf-8")):
        assert "4111111111111111" not in report


def test_a_command_that_fails_undisturbed_is_not_disturbed() -> None:
    result = sweep("--", "sh", "-c", "echo no database; exit 3")
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == (
        "the undisturbed run ended with 3: no database; it has to pass before it can be disturbed"
    )


def test_a_call_that_is_not_reached_again_is_no_success(tmp_path: Path) -> None:
    script = f"test -e {tmp_path}/once && exit 0; touch {tmp_path}/once; exec {' '.join(client(RIGHT))}"
    result = sweep("--only", "slow@2", "--", "sh", "-c", script)
    assert result.returncode == 1
    assert "made only 0 calls, so that nothing was disturbed" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["--", "true"], 1, "it has to ask the sandbox at the URL in SANDBOX_URL"),
        (["--", "/nowhere/at-all"], 2, "/nowhere/at-all: No such file or directory"),
        (["--only", "serverUnavailabel", "--", "true"], 2, "did you mean serverUnavailable"),
        (["--only", "slow@0", "--", "true"], 2, "the number of a call behind @"),
        (["--only", "slow@9", "--", *client(RIGHT)], 2, "--only names no call of the 3 that were made"),
        (["--slow", "40s", "--", "true"], 2, "less than the --timeout of 30s"),
        (["--timeout", "soon", "--", "true"], 2, "--timeout: "),
        ([], 2, "Missing argument"),
    ],
)
def test_what_can_not_be_swept_is_said_in_one_line(arguments: list[str], code: int, hint: str) -> None:
    result = sweep(*arguments)
    assert (result.returncode, result.stderr.count("\n")) == (code, 1), result.stderr
    assert hint in result.stderr


def test_calls_behind_the_positions_are_named() -> None:
    result = sweep("--positions", "1", "--only", "invalid_scope", "--", *client(RIGHT))
    assert result.stderr == "calls 2 to 3 are left undisturbed; --positions 3 disturbs them too\n"
    assert result.returncode == 0


def test_ctrl_c_keeps_what_is_done(tmp_path: Path) -> None:
    # The first disturbed run ends, the second waits for a pipe that nobody writes to.
    pipe, waiting, junit = tmp_path / "pipe", tmp_path / "waiting", tmp_path / "sweep.xml"
    os.mkfifo(pipe)
    os.mkfifo(waiting)
    script = f'case "$SANDBOX_DISTURBANCE" in resource*) echo > {waiting}; read x < {pipe};; esac; exec "$@"'
    command = [sys.executable, "-m", "sandbox", "sweep", "--jobs", "1", "--junit", str(junit)]
    command += ["--only", "accessNotConfigured@2,resourceNotFound@2", "--", "sh", "-c", script, "sh", *client(RIGHT)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        waiting.read_text()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert output.splitlines()[-1] == "1 disturbed run of 2: 1 passed; 0 with findings"
    assert ET.parse(junit).getroot()[0].get("tests") == "2"


def test_each_run_knows_how_it_is_disturbed(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = f'echo "[$SANDBOX_DISTURBANCE] $SANDBOX_CLIENT_ID" >> {seen}; exec "$@"'
    sweep("--jobs", "1", "--only", "slow@2", "--slow", "10ms", "--", "sh", "-c", script, "sh", *client(RIGHT))
    assert seen.read_text().splitlines() == ["[] sweep-1", "[slow@2] sweep-2"]


def test_slow_answers_are_those_of_the_undisturbed_run(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    script = f'"$@" >> {outputs}'
    sweep("--jobs", "1", "--only", "slow@2", "--slow", "10ms", "--", "sh", "-c", script, "sh", *client(RIGHT))
    lines = outputs.read_text().splitlines()
    assert lines[:2] == lines[2:]
    assert json.dumps(lines[0]).startswith('"321116471234 Luis')
