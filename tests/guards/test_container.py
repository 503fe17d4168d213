"""The image: what the Dockerfile promises is always checked; built and run it is where buildah has the base image."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sandbox import __version__
from sandbox.cli import commands
from sandbox.settings import SETTINGS

from .wheels import ROOT, build

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
INSTRUCTIONS = [
    tuple(line.split(None, 1))
    for line in re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()
    if line.strip() and not line.startswith("#")
]
STAGES = [index for index, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM"]
IMAGE = "localhost/segment-sandbox-under-test"
SCENARIO = 'customerId:\n  "100000000016":\n    error: serverUnavailable\n'

# A root file system as a container has it: read-only, with one directory mounted; the process keeps this one's pid.
ENTER = """
mount --bind "$ROOT" "$ROOT" && mount -o remount,bind,ro "$ROOT"
[ -z "$SCENARIOS" ] || mount --bind "$SCENARIOS" "$ROOT/scenarios"
exec chroot --userspec="$USER" "$ROOT" env -i "$@"
"""


def last_stage(name: str) -> list[str]:
    return [argument for instruction, argument in INSTRUCTIONS[STAGES[-1] :] if instruction == name]


def pairs(name: str) -> dict[str, str]:
    return dict(word.split("=", 1) for argument in last_stage(name) for word in shlex.split(argument))


def test_the_image_has_two_stages_on_one_slim_base_and_only_the_first_runs_anything() -> None:
    bases = [INSTRUCTIONS[index][1].split()[0] for index in STAGES]
    assert len(bases) == 2
    assert set(bases) == {bases[0]}
    assert re.fullmatch(r"python:3\.\d+-slim", bases[0])
    assert last_stage("RUN") == []


def test_the_image_runs_as_a_user_who_is_a_number_and_not_root() -> None:
    user, group = last_stage("USER")[0].split(":")
    assert int(user) > 0
    assert int(group) > 0


def test_the_image_starts_the_installed_command_as_its_first_process() -> None:
    (entrypoint,), (command,) = last_stage("ENTRYPOINT"), last_stage("CMD")
    assert json.loads(entrypoint) == list(PROJECT["project"]["scripts"])
    assert json.loads(command) == ["serve"]


def test_the_health_check_is_the_products_own_command() -> None:
    program, command = json.loads(last_stage("HEALTHCHECK")[0].partition("CMD ")[2])
    assert program in PROJECT["project"]["scripts"]
    assert command in commands.commands


def test_the_image_sets_only_settings_that_there_are() -> None:
    ours = {name: value for name, value in pairs("ENV").items() if name.startswith("SANDBOX_")}
    assert ours == {"SANDBOX_HOST": "0.0.0.0", "SANDBOX_SCENARIOS": "/scenarios"}
    assert ours.keys() <= {setting.variable for setting in SETTINGS}
    assert last_stage("EXPOSE") == [str(setting.default) for setting in SETTINGS if setting.name == "port"]


def test_the_image_says_what_it_is() -> None:
    labels = pairs("LABEL")
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == PROJECT["project"]["license"]


def test_what_the_build_may_see_is_enough_for_the_wheel(tmp_path: Path) -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    seen = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    for name in seen:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, tmp_path / name)
        else:
            shutil.copy(path, tmp_path)
    assert build(tmp_path, tmp_path / "dist").suffix == ".whl"
    assert "constraints.txt" in seen


def run(*command: str | Path) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Build the image from wheels that are fetched beforehand: a build has no network. Return its configuration."""
    base = INSTRUCTIONS[STAGES[0]][1].split()[0]
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    if subprocess.run(["buildah", "inspect", "--type", "image", base], capture_output=True, check=False).returncode:
        pytest.skip(f"buildah does not have the base image, {base}")
    chroot = ("--isolation", "chroot")
    wheels = tmp_path_factory.mktemp("wheels")
    builder = run("buildah", "from", "--pull-never", base)
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = run("buildah", "run", *chroot, builder, "--", "python3", "-c", program)
    run("buildah", "rm", builder)
    needed = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    fetch = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", f"--python-version={version}"]
    run(*fetch, "-c", ROOT / "constraints.txt", "-d", wheels, *needed)
    (wheels / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    volumes = [f"--volume={wheels}:/wheels:ro", f"--volume={wheels}/pip.conf:/etc/pip.conf:ro"]
    run("buildah", "bud", "-q", "--pull-never", *chroot, "--format=docker", *volumes, "-t", IMAGE, ROOT)
    yield json.loads(run("buildah", "inspect", "--type=image", IMAGE))["Docker"]["config"]
    run("buildah", "rmi", IMAGE)


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(image: dict[str, Any]) -> Iterator[Start]:
    """Start commands in a container of the image, as its user, on a root file system that nobody can write to."""
    container = run("buildah", "from", "--pull-never", IMAGE)
    root = run("buildah", "mount", container)

    def enter(*command: str, scenarios: Path | str = "", **environment: str) -> "subprocess.Popen[str]":
        own = [*image["Env"], *(f"{name}={value}" for name, value in environment.items())]
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-ec", ENTER, "enter", *own, *command],
            env={**os.environ, "ROOT": root, "SCENARIOS": str(scenarios), "USER": image["User"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    yield enter
    run("buildah", "rm", container)


def test_the_container_serves_mounted_scenarios_on_a_read_only_root(
    image: dict[str, Any], start: Start, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    tmp_path.chmod(0o755)
    with start(
        *image["Entrypoint"], *image["Cmd"], scenarios=tmp_path, SANDBOX_PORT="0", SANDBOX_JSON="true"
    ) as server:
        try:
            assert server.stdout
            url = json.loads(server.stdout.readline())["url"].replace("0.0.0.0", "127.0.0.1")
            status = Path(f"/proc/{server.pid}/status").read_text()
            assert re.search(r"^Uid:\s+10001\s+10001\s", status, re.MULTILINE)
            health = httpx2.get(f"{url}/_sandbox/health").json()
            assert "/scenarios/mine.yaml" in health["scenarios"]["files"]
            with start(*image["Healthcheck"]["Test"][1:], SANDBOX_URL=url) as check:
                assert check.communicate()[0]
            assert check.returncode == 0
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0


def test_the_container_has_a_place_for_scenarios_time_zones_and_nothing_it_may_write(start: Start) -> None:
    program = (
        "import os, zoneinfo, tzdata; zoneinfo.reset_tzpath(to=()); zoneinfo.ZoneInfo('America/Mexico_City');"
        "print(sorted(os.listdir('/scenarios')), os.access('/tmp', os.W_OK), os.getuid())"
    )
    with start("python3", "-c", program) as process:
        shown = process.communicate()[0]
    assert shown.strip() == "[] False 10001"
