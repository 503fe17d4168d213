"""What several commands need: options made from settings, a sandbox of their own, and how they fail."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from sandbox.settings import SETTINGS, Setting, Settings

# Everything else is imported by the command that needs it: `--help` and `health` answer at once.
if TYPE_CHECKING:
    from sandbox.runtime import Sandbox

Command = TypeVar("Command", bound=Callable[..., Any])

SCENARIOS, BUILT_IN, PROFILE, LIVE_TEXTS = (
    next(setting for setting in SETTINGS if setting.name == name)
    for name in ("scenarios", "built_in", "profile", "live_texts")
)


def setting_option(setting: Setting) -> Callable[[Command], Command]:
    """Return the option that sets this setting."""
    return click.option(
        setting.flag,
        setting.name,
        type=_option_type(setting),
        default=setting.default,
        multiple=setting.many,
        envvar=setting.variable,
        show_envvar=True,
        show_default=setting.default not in (None, ()),
        help=setting.help,
    )


def _option_type(setting: Setting) -> Any:
    if setting.choices:
        return click.Choice(setting.choices)
    if setting.bounds:
        return (click.IntRange if setting.type is int else click.FloatRange)(*setting.bounds)
    return click.Path(path_type=Path) if setting.type is Path else setting.type


client_id_option = click.option(
    "--client-id", default="branch-app", show_default=True, help="The client that it belongs to."
)


def checked_settings(flags: dict[str, Any]) -> Settings:
    """Return the settings that the flags say. Raises UsageError."""
    try:
        return Settings(**flags).checked()
    except ValueError as mistake:
        raise click.UsageError(str(mistake)) from None


def in_process(settings: Settings) -> "Sandbox":
    """Return a sandbox in this process, without a server; mistakes in its files are printed and end it."""
    from sandbox.files.loader import ScenarioMistakes
    from sandbox.runtime import Sandbox

    try:
        return Sandbox(settings)
    except ScenarioMistakes as mistakes:
        for mistake in mistakes.mistakes:
            click.echo(mistake, err=True)
        fail(str(mistakes))


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Where the package of an extra is missing, say in one line how to install it, and end."""
    try:
        yield
    except ModuleNotFoundError as error:
        fail(f"this command needs {error.name}: pip install 'segment-sandbox[{extra}]'")


def fail(message: str, code: int = 1) -> NoReturn:
    """Say what is wrong in one line, and end with this exit code."""
    click.echo(f"segment-sandbox: {message}", err=True)
    sys.exit(code)


def print_table(head: list[str], rows: list[list[str]]) -> None:
    """Print rows under a head, each column as wide as it needs; colours are no width."""
    widths = [max(len(click.unstyle(row[column])) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        cells = (cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def write(file: Path, content: bytes) -> None:
    """Write a file that the user named; its directory is made. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
