"""`spaces`, `reset` and `reload`: a running sandbox as a whole."""

import sys

import click

from .common import print_table
from .steering import FOR_ALL, Steered, steers


@click.command()
@steers
def spaces(of: Steered) -> None:
    """List all spaces."""
    found = of.client.list_spaces()
    rows = [
        [
            each["space"],
            str(each["exchanges"]),
            str(each["overrides"]),
            each["clock"]["now"] if each["clock"]["setBy"] != "machine" else "",
            each["profile"]["profile"],
            each["usedAt"],
        ]
        for each in found
    ]
    of.show(found, lambda: print_table(["space", "calls", "overrides", "clock", "profile", "used"], rows))


@click.command()
@click.option("--everything", is_flag=True, help="Reset all spaces.")
@steers
def reset(of: Steered, everything: bool) -> None:
    """Reset a space to as-started: its overrides, counts, clock, profile and journal."""
    if everything:
        of.client.reset()
        of.show(None, "everything is as started")
        return
    if of.client.space == FOR_ALL:
        raise click.UsageError("say which space: --space NAME, or --everything")
    of.client.reset_space()
    of.show(None, f"the space {of.client.space} is as started")


@click.command()
@steers
def reload(of: Steered) -> None:
    """Read the files again. Exit 1 with all mistakes, where there are any; the last good files stay."""
    found = of.client.reload()
    mistakes = [f"{each['file']}:{each['line']}: {each['message']}" for each in found["mistakes"]]
    of.show(found, "\n".join(mistakes) if mistakes else f"read at {found['at']}, no mistake")
    if mistakes:
        sys.exit(1)
