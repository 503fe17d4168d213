"""`check` and `init`: scenario files."""

import sys
from pathlib import Path

import click

from .common import fail


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
def check(path: Path | None) -> None:
    """Check scenario files; without PATH, those that ship. Exit 1 with all mistakes; warnings change nothing."""
    from sandbox.files.loader import Loader, ScenarioMistakes
    from sandbox.files.shipped import MAGIC_FILE, load_contract

    try:
        file_set = Loader(load_contract(), path).load()
    except ScenarioMistakes as mistakes:
        for mistake in mistakes.mistakes:
            click.echo(mistake)
        click.echo(mistakes, err=True)
        sys.exit(1)
    for warning in file_set.warnings:
        click.echo(f"warning: {warning}", err=True)
    own = [file for file in file_set.files if not file.endswith(MAGIC_FILE)]
    files = "1 file" if len(own) == 1 else f"{len(own)} files"
    click.echo(f"{files} and the shipped magic values, {file_set.counts.total()} scenarios, no mistake")


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Create DIRECTORY with commented scenario files to start from."""
    from sandbox.files.shipped import (
        SCENARIO_SCHEMA_FILE,
        STARTER_FILE,
        WORLD_FILE,
        WORLD_SCHEMA_FILE,
        shipped_scenarios,
    )

    shipped = shipped_scenarios()
    files = {
        directory / STARTER_FILE.name: STARTER_FILE,
        directory / WORLD_FILE: shipped / WORLD_FILE,
        directory / ".schema" / SCENARIO_SCHEMA_FILE.name: SCENARIO_SCHEMA_FILE,
        directory / ".schema" / WORLD_SCHEMA_FILE.name: WORLD_SCHEMA_FILE,
    }
    if there := [target for target in files if target.exists()]:
        fail(f"{there[0]} exists; choose another directory or move it away")
    for target, source in files.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            source.read_text("utf-8").replace("$schema=../sandbox/documents/", "$schema=.schema/"), "utf-8"
        )
        click.echo(f"wrote {target}")
    click.echo(f"now: segment-sandbox serve --scenarios {directory}")
