"""Wheels of this project, built from any copy of its sources with what is installed here."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build(source: Path, target: Path, kind: str = "wheel") -> Path:
    """Build a wheel or sdist from the sources into an empty directory, and return it."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(target)]
    result = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    (built,) = (path for path in target.iterdir() if path.is_file())
    return built
