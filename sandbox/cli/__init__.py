"""The command line: `segment-sandbox`. Wrong usage is one clear line and exit code 2."""

import os
import sys
from typing import NoReturn

import click

from sandbox import __version__

from .ask import ask
from .calls import calls, coverage, verify
from .check import check
from .clock import clock
from .common import fail
from .completion import completion
from .credentials import session, token
from .customers import customers
from .errors import errors
from .health import health
from .init import init
from .mcp import mcp
from .overrides import override, snapshot
from .profile import profile
from .run import run
from .serve import serve
from .sheets import import_sheet
from .spaces import reload, reset, spaces
from .sweep import sweep


def main() -> NoReturn:
    """Run the command that was asked for."""
    try:
        commands.main(prog_name="segment-sandbox", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "segment-sandbox"
        fail(f"{_sentence(error.format_message())} See: {path} --help", 2)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be written any more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    sys.exit(0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="segment-sandbox %(version)s")
def commands() -> None:
    """The bank's customer-segment API on your own machine."""


for _command in (
    *(serve, check, import_sheet, ask, customers, errors, token, session, init, health, run, sweep),
    *(override, snapshot, clock, profile, calls, verify, coverage, spaces, reset, reload, completion, mcp),
):
    commands.add_command(_command)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
