"""The README promises only what runs: its tables are made from the product, its commands and examples are executed."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
import yaml

from .readme import README, renewed

ROOT = README.parent
TEXT = README.read_text("utf-8")
BROKEN = """customerId:
  "100000000017":
    eror: businessValidationFailed
  "100000000018":
    customer: {birthday: tomorrow}
"""


class Block(NamedTuple):
    language: str
    label: str
    text: str


BLOCKS = [Block(*match) for match in re.findall(r"^```(\w+) ?(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)]


def block(label: str) -> str:
    return next(found.text for found in BLOCKS if found.label == label)


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, **more}


def transcripts() -> Iterator[tuple[str, str]]:
    for found in BLOCKS:
        if found.language == "console":
            command, _, expected = found.text.partition("\n")
            yield command.removeprefix("$ "), expected


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Start the sandbox with the README's own command, on a port that is free."""
    assert block("run") == "make run\n"
    planned = subprocess.run(
        ["make", "-n", "--no-print-directory", "run"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    command = shlex.split(planned.splitlines()[-1].replace(".venv/bin/", ""))
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(SANDBOX_PORT="0")
    ) as server:
        assert server.stdout
        yield server.stdout.readline().split()[-1]
        server.terminate()
    assert server.returncode == 0


def test_the_generated_parts_are_up_to_date() -> None:
    assert renewed(TEXT) == TEXT, "run `make docs`"


def test_ci_runs_the_command_for_testing() -> None:
    assert block("test").strip() in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


@pytest.mark.parametrize(("command", "expected"), list(transcripts()))
def test_an_example_answers_as_printed(command: str, expected: str, url: str, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "demo.yaml").write_text(BROKEN)
    command = command.replace("http://127.0.0.1:8080", url)
    result = subprocess.run(
        command,
        shell=True,
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=False,
    )
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    assert re.fullmatch(pattern, result.stdout.strip(), re.DOTALL), result.stdout


@pytest.mark.parametrize("profile", ["lenient", "strict"])
def test_the_channel_session_ends_with_the_customer(url: str, profile: str) -> None:
    of_channel = f"{url}/_sandbox/spaces/branch-app/profile"
    httpx2.put(of_channel, json={"profile": profile}).raise_for_status()
    script = block("session").replace("http://127.0.0.1:8080", url)
    result = subprocess.run(script, shell=True, capture_output=True, text=True, timeout=30, check=False)
    httpx2.delete(of_channel).raise_for_status()
    assert "Luis Diaz Salinas" in result.stdout, result.stdout + result.stderr


def test_the_command_for_https_serves_it() -> None:
    with subprocess.Popen(
        shlex.split(block("tls")),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(SANDBOX_PORT="0"),
    ) as server:
        assert server.stdout
        assert "ready on https://" in server.stdout.readline()
        server.terminate()
    assert server.returncode == 0


def test_the_example_of_a_scenario_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(block("scenario"), "utf-8")
    command = [sys.executable, "-m", "sandbox", "check", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_docker_commands_fit_the_dockerfile() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "SANDBOX_SCENARIOS=/scenarios" in dockerfile
    assert ":/scenarios:ro" in block("docker")
    assert "EXPOSE 8080" in dockerfile
    assert "-p 8080:8080" in block("docker")


def test_numbers_named_in_the_text_are_in_the_shipped_scenarios() -> None:
    shipped = [yaml.safe_load(path.read_bytes()) for path in (ROOT / "scenarios").glob("*.yaml")]
    numbers = {key for data in shipped for section in ("customerId", "cardNumber") for key in data.get(section, {})}
    recipes = TEXT[TEXT.index("## Recipes") : TEXT.index("## Around the API")]
    named = set(re.findall(r"`(\d{12,16})`", recipes))
    assert named
    assert {number for number in named if not any(_names(key, number) for key in numbers)} == set()


def _names(key: str, number: str) -> bool:
    return number.startswith(key[:-1]) if key.endswith("*") and len(key) > 5 else number == key
