"""`import`: a team's sheet of customers becomes a scenario file.

Rule 1: exit code 0 where every row was used, 1 where one was left out or the sheet can't be read, 2 for wrong usage.
"""

import sys
from pathlib import Path

import click

from .common import fail, write


@click.command("import")
@click.argument("sheet", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it into this file.")
def import_sheet(sheet: Path, output: Path | None) -> None:
    """Print a scenario file made from SHEET, a .csv or .xlsx of customers. Exit 1 when a row was left out."""
    # Imported here: `--help` answers at once.
    from sandbox.files.sheets import SheetMistake, read_sheet
    from sandbox.files.shipped import load_contract

    try:
        found = read_sheet(sheet, load_contract())
    except SheetMistake as mistake:
        fail(f"{sheet}: {mistake}")
    for finding in found.findings:
        click.echo(f"{sheet}: {finding}", err=True)
    if output:
        write(output, found.yaml.encode())
        click.echo(f"wrote {output}", err=True)
    else:
        click.echo(found.yaml, nl=False)
    if any(not finding.is_used for finding in found.findings):
        sys.exit(1)
