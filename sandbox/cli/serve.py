"""`serve`: the server, its greeting, and a warning for each variable that is no setting."""

import logging
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from sandbox import __version__
from sandbox.core.messages import one_line
from sandbox.settings import ENVIRONMENT_PREFIX, SETTINGS

from .common import checked_settings, in_process, setting_option
from .hosting import VARIABLES

if TYPE_CHECKING:
    from sandbox.runtime import Sandbox
    from sandbox.server.tls import Certificates


@click.command()
def serve(**flags: Any) -> None:
    """Serve the API."""
    from sandbox.server.guard import with_token
    from sandbox.server.log import log_to_stderr
    from sandbox.server.server import collect_seldom
    from sandbox.server.server import serve as run
    from sandbox.server.tls import Certificates
    from sandbox.user_errors import UserError

    settings = with_token(checked_settings(flags))
    log = log_to_stderr()
    for warning in _unknown_variables(os.environ, click.get_current_context().find_root().command):
        logging.getLogger("sandbox").warning("%s", warning)
    collect_seldom()
    sandbox = in_process(settings)
    try:
        certificates = Certificates(settings) if settings.is_tls else None
    except UserError as error:
        raise click.UsageError(str(error)) from None

    def greet(urls: list[str]) -> None:
        # A server whose greeting nobody reads serves all the same.
        with suppress(OSError):
            _greet(urls, sandbox, certificates)

    sys.exit(run(sandbox, greet, log, certificates))


for _setting in SETTINGS:
    setting_option(_setting)(serve)


def _unknown_variables(environment: Mapping[str, str], commands: click.Command) -> Iterator[str]:
    """Warn of each variable that looks like a setting and is none, nor an option of another command."""
    assert isinstance(commands, click.Group)
    options = (option for command in commands.commands.values() for option in command.params)
    known = {*VARIABLES, *(str(option.envvar) for option in options if option.envvar)}
    for name in sorted(environment):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            ends = sorted(each.removeprefix(ENVIRONMENT_PREFIX) for each in known)
            close = get_close_matches(name.removeprefix(ENVIRONMENT_PREFIX), ends, n=1)
            hint = f"did you mean {ENVIRONMENT_PREFIX}{close[0]}?" if close else "see segment-sandbox serve --help"
            yield f"the environment variable {one_line(name)} is no setting and has no effect; {hint}"


def _greet(urls: list[str], sandbox: "Sandbox", certificates: "Certificates | None") -> None:
    url, *others = urls
    trust = []
    click.echo(f"Segment Sandbox {__version__} is ready on {url}")
    for other in others:
        click.echo(f"also on {other}")
    for option, title, file in (
        ("--cacert", "root certificate", certificates and certificates.root),
        ("--cert", "client certificate", certificates and certificates.client),
    ):
        if file:
            click.echo(f"{title}: {file}")
            trust.append(f"{option} {shlex.quote(str(file))}")
    click.echo()
    if sandbox.settings.control_token and not sandbox.settings.is_loopback:
        click.echo(f"control token: {sandbox.settings.control_token}\n")
    click.echo(f"{sandbox.curl(url, trust)}\n")
    sys.stdout.flush()
