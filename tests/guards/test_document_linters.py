"""Redocly and Spectral find nothing in the documents as they are served; npm installs both, as .ci/run does."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.files.shipped import control_document, load_contract
from sandbox.responses import Json, Yaml
from tests.tools import require

NPM = Path(__file__).parent / "npm"
TOOLS = NPM / "node_modules" / ".bin"
CONTRACT = load_contract()
DOCUMENTS: dict[str, Any] = {
    "openapi.yaml": Yaml(CONTRACT.document),
    "companions.openapi.yaml": Yaml(next(iter(CONTRACT.companions())).document),
    "control.openapi.json": Json(control_document()),
}
COMMANDS = {
    "redocly": ("lint", "--config", str(NPM / "redocly.yaml"), "--max-problems", "1000"),
    "spectral": ("lint", "--ruleset", str(NPM / "spectral.yaml"), "--fail-severity", "warn"),
}
# Nothing is reported to anybody, and nobody asks for newer versions.
ENVIRONMENT = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def lint(tool: str, document: Path) -> "subprocess.CompletedProcess[str]":
    require(TOOLS / tool, "npm install --prefix tests/guards/npm --no-package-lock --ignore-scripts")
    command = [str(TOOLS / tool), *COMMANDS[tool], document.name]
    return subprocess.run(
        command, cwd=document.parent, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("tool", COMMANDS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_linter_finds_nothing_in_a_document_as_it_is_served(tool: str, name: str, tmp_path: Path) -> None:
    document = tmp_path / name
    document.write_bytes(DOCUMENTS[name].body)
    result = lint(tool, document)
    found = result.stdout + result.stderr
    assert result.returncode == 0, found
    assert "warning" not in found.lower().replace("deprecation warning", ""), found


@pytest.mark.parametrize("tool", COMMANDS)
def test_a_linter_finds_a_mistake_where_there_is_one(tool: str, tmp_path: Path) -> None:
    document = tmp_path / "openapi.yaml"
    document.write_bytes(DOCUMENTS["openapi.yaml"].body.replace(b"operationId:", b"operationName:"))
    assert lint(tool, document).returncode != 0
