"""The starters under examples/, run by the command of their own README: right against the sandbox, and able to fail."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.spec.conftest import Serve, Server
from tests.tools import require

from .pages import MODULES, NPM_INSTALL, ROOT, block, run

# Everything else under examples/ has tests of its own.
NEEDS: Mapping[str, Mapping[str | Path, str]] = {
    "junit5": {
        "javac": "apt-get install openjdk-17-jdk-headless",
        "/usr/share/java/junit-platform-console-standalone.jar": "apt-get install junit5",
    },
    "node-test": {"node": "apt-get install nodejs"},
    "http-file": {MODULES / ".bin" / "httpyac": NPM_INSTALL},
}
OTHERWISE = """
customerId: {"321116471234": {customer: {customerSegment: "30"}}}
"""
pytestmark = pytest.mark.slow
each_starter = pytest.mark.parametrize("name", NEEDS)


def start(name: str, server: Server, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a starter as whoever copied it does."""
    for tool, install in NEEDS[name].items():
        require(tool, install)
    copy = shutil.copytree(ROOT / "examples" / name, folder / name)
    return run(block(copy / "README.md", "run"), copy, server.url)


@each_starter
def test_a_starter_passes_as_it_is(name: str, serve_once: Serve, tmp_path: Path) -> None:
    result = start(name, serve_once(), tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@each_starter
def test_a_starter_fails_where_the_customer_is_another(name: str, serve_once: Serve, tmp_path: Path) -> None:
    result = start(name, serve_once(scenarios=OTHERWISE), tmp_path)
    assert result.returncode != 0
    assert "30" in result.stdout, result.stdout + result.stderr


@each_starter
def test_a_starter_calls_the_documented_address_where_nothing_else_is_said(name: str) -> None:
    program = next(path for path in (ROOT / "examples" / name).iterdir() if path.name != "README.md")
    assert "http://127.0.0.1:8080" in program.read_text("utf-8")
    assert "SANDBOX_URL" in program.read_text("utf-8")
