"""What is installed from the wheel is the whole product, wherever it is installed."""

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from zipfile import ZipFile

import httpx2
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sandbox import __version__
from sandbox.files.shipped import load_contract

from .guide import block
from .wheels import ROOT, build

pytestmark = pytest.mark.slow
NAME = "segment-sandbox"
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
# Nothing but the installation says where the product is.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
PACKAGED = {"sandbox": "sandbox", "scenarios": "sandbox/scenarios", "docs": "sandbox/docs"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the source distribution, and return its root."""
    place = tmp_path_factory.mktemp("source")
    with tarfile.open(build(ROOT, place / "dist", "sdist")) as archive:
        archive.extractall(place / "unpacked", filter="data")
    (root,) = (place / "unpacked").iterdir()
    return root


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a fresh environment, which borrows its dependencies from ours, and return its commands."""
    environment = tmp_path_factory.mktemp("elsewhere") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "pip", "-q", "--python", python, "install", "--no-index", "--no-deps", wheel)
    borrow(environment)
    return environment / "bin"


def borrow(environment: Path) -> None:
    """Let an environment find what is installed in ours."""
    # A path in a .pth file is not searched for more of them: the editable checkout stays out of sight.
    (site,) = (environment / "lib").glob("python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n" + sysconfig.get_path("platlib"))


def run(*command: str | Path, cwd: Path | None = None) -> str:
    result = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def contents(archive: Path) -> dict[str, bytes]:
    with ZipFile(archive) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_the_wheel_carries_everything_in_the_package_and_the_shipped_scenarios_and_nothing_else(wheel: Path) -> None:
    expected = {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}": path.read_bytes()
        for folder, place in PACKAGED.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {"sandbox/py.typed", "sandbox/documents/bank.openapi.yaml", "sandbox/scenarios/world.yaml"} < expected.keys()
    found = contents(wheel)
    assert {name: data for name, data in found.items() if ".dist-info/" not in name} == expected


def test_the_wheel_names_its_licence_and_its_command(wheel: Path) -> None:
    about = {name.partition(".dist-info/")[2]: data for name, data in contents(wheel).items() if ".dist-info/" in name}
    assert about["licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert b"\nLicense-Expression: Apache-2.0\n" in about["METADATA"]
    assert b"[console_scripts]\nsegment-sandbox = " in about["entry_points.txt"]


def test_the_same_wheel_comes_from_the_source_distribution(wheel: Path, source: Path, tmp_path: Path) -> None:
    assert contents(build(source, tmp_path)) == contents(wheel)


def test_the_source_distribution_has_what_it_takes_to_develop(source: Path) -> None:
    needed_too = {".ci", "Dockerfile", ".dockerignore", "Makefile", "constraints.txt", "tests", "benchmarks", "docs"}
    assert needed_too - {path.name for path in source.iterdir()} == set()


def test_the_installed_command_serves_the_documented_example(installed: Path, tmp_path: Path) -> None:
    contract = load_contract().main
    command = [str(installed / "segment-sandbox"), "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout
            url = json.loads(server.stdout.readline())["url"]
            reply = httpx2.post(
                url + contract.path, json={"customerId": "321116471234"}, headers=contract.example_headers
            )
            assert reply.status_code == 200
            assert reply.json()["customer"]["fullName"] == "Luis Diaz Salinas"
            for page in ("/docs", "/docs/install", "/docs/install.md", "/llms.txt"):
                assert httpx2.get(f"{url}{page}").status_code == 200
        finally:
            server.terminate()
    assert server.returncode == 0


def test_the_installed_command_finds_its_own_files(installed: Path, tmp_path: Path) -> None:
    place = run(installed / "python", "-c", "import sandbox; print(sandbox.__file__)", cwd=tmp_path)
    assert Path(place).is_relative_to(installed.parent)
    assert run(installed / "segment-sandbox", "--version", cwd=tmp_path) == f"{NAME} {__version__}\n"
    assert "no mistake" in run(installed / "segment-sandbox", "check", cwd=tmp_path)
    run(installed / "segment-sandbox", "init", "mine", cwd=tmp_path)
    assert "no mistake" in run(installed / "segment-sandbox", "check", "mine", cwd=tmp_path)


def test_the_guides_way_to_install_it_serves_and_leaves_nothing_behind(wheel: Path, tmp_path: Path) -> None:
    home, place = tmp_path / "home", tmp_path / "place"
    home.mkdir()
    place.mkdir()
    # From the wheel alone: no registry is asked, and dependencies are borrowed.
    pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_FIND_LINKS": str(wheel.parent)}
    environment = {**ENVIRONMENT, **pip, "HOME": str(home), "SANDBOX_PORT": "0", "SANDBOX_JSON": "true"}
    *install, serve = block("install").text.splitlines()
    for line in install:
        subprocess.run(line.split(), cwd=place, env=environment, check=True)
    borrow(place / "sandbox-env")
    with subprocess.Popen(serve.split(), cwd=place, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert httpx2.get(f"{json.loads(server.stdout.readline())['url']}/healthz").status_code == 200
        server.terminate()
    assert ([*home.rglob("*sandbox*")], [path.name for path in place.iterdir()]) == ([], ["sandbox-env"])


def test_pipx_finds_a_command_of_the_packages_name(wheel: Path) -> None:
    assert block("pipx").text.split() == ["pipx", "run", NAME, "serve"]
    assert f"\n{NAME} = " in next(data for name, data in contents(wheel).items() if "entry_points" in name).decode()


def test_the_product_imports_only_what_it_declares() -> None:
    declared = {canonicalize_name(Requirement(text).name) for text in requires(NAME) or () if "dev" not in text}
    owners = packages_distributions()
    undeclared = {
        (path.relative_to(ROOT).as_posix(), module)
        for path in (ROOT / "sandbox").rglob("*.py")
        for module in imported(path)
        if module not in {*sys.stdlib_module_names, "sandbox"}
        and declared.isdisjoint(map(canonicalize_name, owners.get(module, ())))
    }
    assert undeclared == set()


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def test_the_changelog_begins_with_this_version() -> None:
    first = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert first
    assert first[1] == __version__


@pytest.mark.parametrize("line", CONSTRAINTS)
def test_a_constraint_is_a_name_and_a_version_and_no_address(line: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)


def test_all_dependencies_are_constrained_to_versions_that_they_admit() -> None:
    pinned = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in CONSTRAINTS)}
    for requirement in needed(NAME, "dev"):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


def needed(distribution: str, extra: str = "", known: set[str] | None = None) -> Iterator[Requirement]:
    """Go through everything that has to be installed here for a distribution."""
    known = set() if known is None else known
    try:
        declared = requires(distribution) or ()
    except PackageNotFoundError:
        return
    for requirement in map(Requirement, declared):
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            if requirement.name != NAME:
                yield requirement
            for wanted in (*requirement.extras, ""):
                if (key := f"{canonicalize_name(requirement.name)}[{wanted}]") not in known:
                    known.add(key)
                    yield from needed(requirement.name, wanted, known)
