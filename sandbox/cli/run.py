"""`run`: the user's command beside a sandbox of its own; how it ended, and what of the API it exercised."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .common import BUILT_IN, LIVE_TEXTS, PROFILE, SCENARIOS, fail, needs, setting_option, write
from .hosting import credentials, hosted

if TYPE_CHECKING:
    from sandbox.client import Client

# What may be sent to a wrapper and is meant for the command.
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
# What shells answer for a command that there is not, and for one that can't be executed.
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


class Exercised(NamedTuple):
    """What all calls have exercised: how often each operation and documented error; and findings about the caller."""

    operations: Mapping[str, int]
    errors: Mapping[str, int]
    findings: Sequence[str]

    @property
    def seen(self) -> list[str]:
        return [name for name, count in self.errors.items() if count]

    @property
    def never_seen(self) -> list[str]:
        return [name for name, count in self.errors.items() if not count]

    @property
    def calls(self) -> str:
        return ", ".join(f"{count} × {name}" for name, count in self.operations.items() if count) or "none"  # noqa: RUF001


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML to this file.")
@click.option("--summary", type=click.Path(path_type=Path, dir_okay=False), help="Write Markdown to this file.")
@setting_option(SCENARIOS)
@setting_option(BUILT_IN)
@setting_option(PROFILE)
@setting_option(LIVE_TEXTS)
def run(
    command: tuple[str, ...],
    junit: Path | None,
    summary: Path | None,
    **flags: Any,
) -> None:
    """Run COMMAND beside a sandbox of its own; end with its exit code.

    COMMAND finds the sandbox in SANDBOX_URL, and credentials in SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET and
    SANDBOX_TOKEN. What it has exercised is printed to standard error.
    """
    with needs("client"):
        from sandbox.client import Client
    with (
        hosted(**flags) as (sandbox, url),
        Client(url) as client,
    ):
        variables = {"SANDBOX_URL": url, **credentials(sandbox)}
        variables["SANDBOX_TOKEN"] = client.issue_token(variables["SANDBOX_CLIENT_ID"])["access_token"]
        exit_code = _run(command, {**os.environ, **variables})
        exercised = _exercised(client)
    for line in _lines(exercised):
        click.echo(line, err=True)
    if junit:
        write(junit, _junit(command, exit_code, exercised))
    if summary:
        write(summary, _markdown(command, exit_code, exercised).encode())
    sys.exit(exit_code)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command with our input and output; pass signals on. Return its exit code as a shell would."""
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        # What is typed at a terminal reaches the command by itself: it is in the same process group.
        if number in (signal.SIGINT, signal.SIGQUIT) and _is_in_foreground():
            return
        if process:
            process.send_signal(number)
        else:
            # The command may run already, though we have not been told.
            early.append(number)

    before = {number: signal.signal(number, pass_on) for name in _PASSED_ON if (number := getattr(signal, name, None))}
    try:
        process = subprocess.Popen(command, env=dict(environment))  # noqa: S603
        for number in early:
            process.send_signal(number)
        exit_code = process.wait()
    except FileNotFoundError:
        fail(f"{command[0]}: there is no such command; give it behind --, as a shell would find it", _NOT_FOUND)
    except OSError as error:
        fail(f"{command[0]}: {error.strerror}", _NOT_EXECUTABLE)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - exit_code if exit_code < 0 else exit_code


def _is_in_foreground() -> bool:
    """Tell whether a terminal's keys reach this process."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _exercised(client: "Client") -> Exercised:
    # A command may call under more than one client_id.
    coverage = client.coverage(space="*")
    findings = [f"{each['finding']}: {each['detail']}" for each in coverage["findings"]]
    return Exercised(coverage["operations"], coverage["errors"], findings)


def _lines(exercised: Exercised) -> list[str]:
    errors = f"{len(exercised.seen)} of {len(exercised.errors)}"
    left = f"; never seen: {', '.join(exercised.never_seen)}" if exercised.never_seen else ""
    return [
        f"calls: {exercised.calls}",
        f"documented errors exercised: {errors}{left}",
        *(f"finding: {finding}" for finding in exercised.findings),
    ]


def _shown(command: Sequence[str]) -> str:
    from sandbox.core.masking import masked_text

    return masked_text(shlex.join(command))


def _junit(command: Sequence[str], exit_code: int, exercised: Exercised) -> bytes:
    from sandbox.junit import Case, junit

    failure = f"ended with {exit_code}" if exit_code else None
    return junit(
        "segment-sandbox run",
        [
            Case(_shown(command), failure, output="\n".join(_lines(exercised))),
            *(
                Case(f"exercised {name}", skipped=None if count else "no call was answered with it")
                for name, count in exercised.errors.items()
            ),
        ],
    )


def _markdown(command: Sequence[str], exit_code: int, exercised: Exercised) -> str:
    lines = [
        f"### {'Failed' if exit_code else 'Passed'}: `{_shown(command)}`",
        "",
        f"Exit code {exit_code}; calls: {exercised.calls}.",
        "",
        "| documented error | calls |",
        "|---|---|",
        *(f"| `{name}` | {count or 'never seen'} |" for name, count in exercised.errors.items()),
    ]
    if exercised.findings:
        lines += ["", "Findings:", "", *(f"- {finding}" for finding in exercised.findings)]
    return "\n".join(lines) + "\n"
