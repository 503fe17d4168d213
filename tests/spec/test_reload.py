"""Whatever happens to the files, the server answers, says so, and reads the next good save."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from .conftest import Client, Connect, Serve, eventually
from .test_scenario_files import entry, segment

pytestmark = pytest.mark.slow
Repair: TypeAlias = Callable[[], object]

WORLD = 'segments: {"10": 1}\ncountries: {MX: {locale: es_MX, timezone: America/Mexico_City}}\n'


def is_segment(client: Client, wanted: str) -> bool:
    return segment(client, customerId="100000000017") == wanted


def is_degraded(client: Client) -> bool:
    return bool(client.control("GET", "/health").json()["status"] == "degraded")


def damage_world(directory: Path) -> Repair:
    (directory / "world.yaml").write_text(WORLD.replace("City", "Cty"))
    return (directory / "world.yaml").unlink


def make_directory(directory: Path) -> Repair:
    (directory / "directory.yaml").mkdir()
    return (directory / "directory.yaml").rmdir


def name_in_no_encoding(directory: Path) -> Repair:
    file = directory / os.fsdecode(b"\xff.yaml")
    file.write_text("eror: x")
    return file.unlink


def move_away(directory: Path) -> Repair:
    away = directory.with_name("away")
    directory.rename(away)
    return lambda: away.rename(directory)


def turn_into_a_circle(directory: Path) -> Repair:
    (directory / "circle").symlink_to(directory)
    return (directory / "circle").unlink


@pytest.mark.parametrize("damage", [damage_world, make_directory, name_in_no_encoding, move_away, turn_into_a_circle])
def test_damage_changes_nothing_is_said_and_is_over_when_it_is_repaired(
    serve: Serve, connect: Connect, tmp_path: Path, damage: Callable[[Path], Repair]
) -> None:
    directory = tmp_path / "watched"
    directory.mkdir()
    file = directory / "test.yaml"
    file.write_text(entry("a"))
    server = serve(scenarios=directory)
    client = connect(server)
    # The first change may come before the watching has begun.
    eventually(lambda: file.write_text(entry("b")) > 0 and is_segment(client, "b"))

    repair = damage(directory)
    eventually(lambda: is_degraded(client))
    assert is_segment(client, "b")
    repair()
    file.write_text(entry("c"))
    eventually(lambda: is_segment(client, "c") and not is_degraded(client))
    assert "Traceback" not in server.log


def test_a_single_file_is_watched_also_when_it_is_replaced(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    file, replacement = tmp_path / "one.yaml", tmp_path / "one.yaml.tmp"
    file.write_text(entry("a"))
    client = connect(serve(scenarios=file))
    eventually(lambda: file.write_text(entry("b")) > 0 and is_segment(client, "b"))
    for wanted in ("c", "d"):
        replacement.write_text(entry(wanted))
        replacement.rename(file)
        eventually(lambda wanted=wanted: is_segment(client, wanted))  # type: ignore[misc]


def test_a_world_that_is_saved_counts_for_everybody_who_is_not_written_down(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    (tmp_path / "world.yaml").write_text(WORLD)
    client = connect(serve(scenarios=tmp_path))
    assert client.ask({"customerId": "100000000000"}).status_code == 200
    changed = WORLD + "unknown: notFound\n"
    eventually(
        lambda: (
            (tmp_path / "world.yaml").write_text(changed) > 0
            and client.ask({"customerId": "100000000000"}).status_code == 404
        )
    )


def test_without_watching_files_are_read_when_asked(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "test.yaml").write_text(entry("a"))
    client = connect(serve("--no-watch", scenarios=tmp_path))
    (tmp_path / "test.yaml").write_text(entry("b"))
    assert is_segment(client, "a")
    assert client.control("POST", "/reload").status_code == 200
    assert is_segment(client, "b")


def test_a_sequence_goes_on_where_it_was_when_other_files_are_saved(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    steps = "{error: serverUnavailable, times: 2}, {error: resourceNotFound}"
    (tmp_path / "test.yaml").write_text(f"customerId: {{'1': {{sequence: [{steps}]}}}}")
    client = connect(serve("--no-watch", scenarios=tmp_path))
    answers = []
    for name in "abc":
        answers.append(client.ask({"customerId": "1"}).status_code)
        (tmp_path / f"{name}.yaml").write_text("description: another file")
        client.control("POST", "/reload")
    assert answers == [500, 500, 404]


def test_a_directory_that_is_replaced_is_watched_anew(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    for name in "xyz":
        (tmp_path / name).mkdir()
        (tmp_path / name / "test.yaml").write_text(entry(name))
    (tmp_path / "current").symlink_to("x")
    client = connect(serve(scenarios=tmp_path / "current"))
    for name in "yzx":
        (tmp_path / "next").symlink_to(name)
        (tmp_path / "next").replace(tmp_path / "current")
        eventually(lambda name=name: is_segment(client, name))  # type: ignore[misc]
    (tmp_path / "x" / "test.yaml").write_text(entry("saved"))
    eventually(lambda: is_segment(client, "saved"))
