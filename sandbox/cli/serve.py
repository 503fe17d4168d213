"""`serve`: the server, and a warning for each variable that is no setting."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import click

from sandbox.core.messages import one_line
from sandbox.settings import ENVIRONMENT_PREFIX, SETTINGS

from .common import checked_settings, in_process, setting_option
from .hosting import VARIABLES


@click.command()
def serve(**flags: Any) -> None:
    """Serve the API."""
    from sandbox.server.greeting import Greeting
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
        greeting = Greeting(sandbox, certificates)
    except UserError as error:
        raise click.UsageError(str(error)) from None
    try:
        code = run(sandbox, greeting.say, log, certificates)
    finally:
        greeting.take_back()
    sys.exit(code)


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
