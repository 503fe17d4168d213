"""Tools from outside of Python: where one is missing, a test is skipped; in CI, which installs all, it fails."""

import os
import shutil
from pathlib import Path

import pytest


def require(tool: str | Path, install: str) -> None:
    """Go on only where a command or a file is there; `install` is what brings it."""
    if shutil.which(tool) or Path(tool).exists():
        return
    message = f"{tool} is missing: {install}"
    if "CI" in os.environ:
        pytest.fail(message)
    pytest.skip(message)
