"""`init`: scenario files to start from."""

from pathlib import Path

import click

from .common import fail


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
