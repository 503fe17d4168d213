"""What all commands share that steer a running sandbox: where it is, whose space, and how a refusal is said.

Rule 1: what goes wrong is one line: what was found, and what to do.
"""

import json
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .common import fail, needs
from .health import own_url

if TYPE_CHECKING:
    from sandbox.client import Client, ClientError

Command = TypeVar("Command", bound=Callable[..., Any])

FOR_ALL = "*"


class Steered:
    """A sandbox that a command talks to, and how it is to print what comes back."""

    def __init__(self, client: "Client", as_json: bool) -> None:
        self.client = client
        self.as_json = as_json

    @property
    def where(self) -> str:
        return "for all spaces" if self.client.space == FOR_ALL else f"in the space {self.client.space}"

    def show(self, data: Any, text: str | Callable[[], object]) -> None:
        """Print what was answered: as JSON where that is wanted, else as text."""
        if self.as_json:
            click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        elif callable(text):
            text()
        else:
            click.echo(text)


_OPTIONS = (
    click.option(
        "--url",
        envvar="SANDBOX_URL",
        show_envvar=True,
        help="The sandbox; by default that on this machine, by the same variables as serve.",
    ),
    click.option(
        "--space",
        envvar="SANDBOX_CLIENT_ID",
        show_envvar=True,
        default=FOR_ALL,
        show_default=True,
        help="The client_id that is meant; * for all.",
    ),
    click.option("--token", envvar="SANDBOX_CONTROL_TOKEN", show_envvar=True, help="The sandbox's control token."),
    click.option(
        "--cacert", type=click.Path(path_type=Path, dir_okay=False), help="Trust this certificate authority (PEM)."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)


def steers(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command a `Steered` and the options that it is made from."""

    @wraps(command)
    def connected(
        url: str | None, space: str, token: str | None, cacert: Path | None, as_json: bool, **more: Any
    ) -> None:
        with needs("client"):
            from sandbox.client import Client, ClientError
        url = url or own_url(os.environ)
        try:
            with Client(url, space, token, verify=_trust(cacert)) as client:
                command(Steered(client, as_json), **more)
        except ClientError as error:
            refused(url, error)
        except ValueError as mistake:
            raise click.UsageError(str(mistake)) from None

    for option in reversed(_OPTIONS):
        option(connected)
    return connected


def refused(url: str, error: "ClientError") -> None:
    """Say in one line what a sandbox did not do, and end: with 2 where the command was wrong, else with 1."""
    from sandbox.client import Problem

    if not isinstance(error, Problem):
        fail(str(error))
    if error.status == 401:
        fail(f"{url} wants its control token, which serve prints at its start: --token or SANDBOX_CONTROL_TOKEN")
    fail(error.detail, 2 if error.status == 400 else 1)


def _trust(authority: Path | None) -> Any:
    import ssl

    if authority is None:
        return None
    try:
        return ssl.create_default_context(cafile=authority)
    except ssl.SSLError:
        raise click.UsageError(f"--cacert: {authority} holds no certificate (PEM)") from None
