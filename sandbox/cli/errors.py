"""`errors`: what can go wrong, and how to ask for it."""

import json
from pathlib import Path

import click

from sandbox.settings import Settings

from .common import SCENARIOS, in_process, print_table, setting_option


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_option(SCENARIOS)
def errors(as_json: bool, scenarios: tuple[Path, ...]) -> None:
    """List every error with its magic values and its header."""
    from sandbox import views

    catalogue = views.catalogue(in_process(Settings(scenarios=scenarios)))
    if as_json:
        click.echo(json.dumps(catalogue, ensure_ascii=False, indent=2))
        return
    print_table(
        ["status", "type", "code", "customerId", "cardNumber", "header"],
        [
            [
                str(error["status"]),
                error.get("type", "gateway"),
                error.get("code") or error["gateway"],
                error["customerId"] or "-",
                error["cardNumber"] or "-",
                error["headers"][0],
            ]
            for error in catalogue
        ],
    )
