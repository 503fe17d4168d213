"""The benchmarks find what they measure; how fast it is, no test asks."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
def test_the_anatomy_of_a_call_finds_each_of_its_steps() -> None:
    result = benchmarks("anatomy", "--quick")
    assert (result.returncode, result.stderr) == (0, "")
    assert "together" in result.stdout


@pytest.mark.parametrize("mistake", [["--seconds=0"], ["--rounds=two"], ["warmth"], ["anatomy", "--peers"]])
def test_what_the_benchmarks_cannot_do_is_said(mistake: list[str]) -> None:
    result = benchmarks(*mistake)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "error: " in result.stderr
