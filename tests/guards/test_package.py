"""What is shipped: the wheel carries all that is needed, and works outside the checkout."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import sandbox

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return next(directory.glob("*.whl"))


def test_the_wheel_carries_everything(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = [path.relative_to(ROOT).as_posix() for path in (ROOT / "sandbox").rglob("*") if path.is_file()]
    wanted += [f"sandbox/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "scenarios").glob("*.yaml")]
    assert [name for name in wanted if "__pycache__" not in name and name not in names] == []
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)


def test_the_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies come from where the tests have them; the product itself does not.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])
    python = tmp_path / "venv" / "bin" / "python"

    def run(*arguments: str) -> str:
        return subprocess.run(
            [str(python), "-m", "sandbox", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        ).stdout

    where = subprocess.run(
        [str(python), "-c", "import sandbox; print(sandbox.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert where.startswith(str(site))
    assert "no mistake" in run("check")
    assert "Luis Diaz Salinas" in run("ask", "--customer-id", "321116471234")


def test_every_import_is_a_declared_dependency() -> None:
    names = {"pyyaml": "yaml", "jsonschema_rs": "jsonschema_rs"}
    declared = {re.split(r"[^A-Za-z0-9_-]", text)[0].lower().replace("-", "_") for text in PROJECT["dependencies"]}
    declared = {names.get(name, name) for name in declared}
    imported = set()
    for path in (ROOT / "sandbox").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(str(node.module).partition(".")[0])
    assert imported - set(sys.stdlib_module_names) - {"sandbox"} - declared == set()


def test_the_changelog_begins_with_this_version() -> None:
    first = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert first
    assert first[1] == sandbox.__version__


def test_constraints_pin_every_dependency() -> None:
    pinned = {
        line.partition("==")[0].lower().replace("-", "_") for line in (ROOT / "constraints.txt").read_text().split()
    }
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        for text in group:
            assert re.split(r"[^A-Za-z0-9_-]", text)[0].lower().replace("-", "_") in pinned
