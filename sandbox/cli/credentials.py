"""`token` and `session`: credentials without a login or a key exchange."""

from pathlib import Path

import click

from sandbox.settings import Settings

from .common import SCENARIOS, client_id_option, in_process, setting_option


@click.command()
@client_id_option
@click.option("--scope", help="The scope of the token; /api/v1 by default.")
@click.option(
    "--lifetime", help="How long it is valid, such as 90s or PT30M; 30m by default. 0s makes an expired token."
)
@setting_option(SCENARIOS)
def token(client_id: str, scope: str | None, lifetime: str | None, scenarios: tuple[Path, ...]) -> None:
    """Issue a token and print it. Every sandbox with the same seed accepts it."""
    from datetime import timedelta

    from sandbox.core.times import read_duration
    from sandbox.user_errors import UserError

    sandbox = in_process(Settings(scenarios=scenarios))
    try:
        seconds = timedelta(seconds=read_duration(lifetime)) if lifetime is not None else None
        click.echo(sandbox.issue_token(client_id, scope, seconds)["access_token"])
    except UserError as error:
        raise click.UsageError(str(error)) from None
    except ValueError as mistake:
        raise click.UsageError(f"--lifetime: {mistake}") from None


@click.command()
@client_id_option
@setting_option(SCENARIOS)
def session(client_id: str, scenarios: tuple[Path, ...]) -> None:
    """Begin a session and print its sid. Every sandbox with the same seed accepts it."""
    from sandbox.state.interface import run_now

    click.echo(run_now(in_process(Settings(scenarios=scenarios)).begin_session(client_id)))
