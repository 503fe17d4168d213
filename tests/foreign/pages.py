"""Pages of documentation as scripts: their labelled blocks, and a shell that runs them against a server."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = Path(__file__).parent / "npm" / "node_modules"
NPM_INSTALL = "npm install --prefix tests/foreign/npm --no-package-lock --ignore-scripts"
_DOCUMENTED_URL = "http://127.0.0.1:8080"


def block(page: Path, label: str) -> str:
    """Return the text of the one block that has this label behind its language."""
    (text,) = re.findall(rf"^```\w+ {re.escape(label)}\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return str(text)


def run(script: str, folder: Path, url: str) -> "subprocess.CompletedProcess[str]":
    """Run a script of a page in a folder, with Python's and npm's commands, against the server at `url`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(MODULES / ".bin"), os.environ["PATH"]])
    # A short run of Java is over before its second compiler pays; npm has all that it needs.
    environment = {
        **os.environ,
        "PATH": path,
        "SANDBOX_URL": url,
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "npm_config_offline": "true",
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(_DOCUMENTED_URL, url)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
