"""The container image, as far as it can be held to its promises without a container engine."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTRUCTIONS = [
    tuple(line.split(maxsplit=1))
    for line in re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text("utf-8")).splitlines()
    if line and not line.startswith("#")
]


def only(name: str) -> str:
    """Return the last instruction of that name."""
    return [argument for instruction, argument in INSTRUCTIONS if instruction == name][-1]


def test_it_runs_as_somebody_without_rights() -> None:
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", only("USER"))


def test_its_command_is_the_first_process() -> None:
    assert json.loads(only("ENTRYPOINT")) == ["segment-sandbox"]
    assert json.loads(only("CMD")) == ["serve"]


def test_its_health_is_checked_by_the_product_itself() -> None:
    assert json.loads(only("HEALTHCHECK").partition("CMD ")[2]) == ["segment-sandbox", "health"]


def test_scenarios_are_mounted_at_a_documented_place() -> None:
    assert "SANDBOX_SCENARIOS=/scenarios" in only("ENV")
    assert ("COPY", "scenarios /scenarios") in INSTRUCTIONS
    assert ":/scenarios:ro" in (ROOT / "README.md").read_text("utf-8")


def test_what_it_copies_is_let_into_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    for needed in ("sandbox", "scenarios", "constraints.txt", "pyproject.toml", "README.md", "LICENSE"):
        assert f"!{needed}" in ignored
        assert (ROOT / needed).exists()
