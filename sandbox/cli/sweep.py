"""`sweep`: the user's command, once undisturbed and once for everything that can go wrong at each of its calls."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import PROFILE, SCENARIOS, fail, needs, print_table, setting_option, write
from .hosting import credentials, hosted

if TYPE_CHECKING:
    from sandbox.runtime import Sandbox
    from sandbox.sweep.plan import Choice
    from sandbox.sweep.report import Report


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--only",
    multiple=True,
    metavar="NAMES",
    help="Only these disturbances, with commas between: names such as serviceUnavailable, or errors, gateway, faults, "
    "slow; each with @ and the number of a call if wanted, such as slow@2.",
)
@click.option(
    "--positions",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="How many calls to disturb, from the first.",
)
@click.option("--timeout", default="30s", show_default=True, help="A run that takes longer is killed: it hangs.")
@click.option("--slow", default="5s", show_default=True, help="How long a slow answer takes.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=min(os.cpu_count() or 1, 8),
    show_default="one for each core",
    help="How many runs at once.",
)
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML to this file.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one HTML page to this file.")
@setting_option(SCENARIOS)
@setting_option(PROFILE)
def sweep(
    command: tuple[str, ...],
    only: tuple[str, ...],
    positions: int,
    timeout: str,
    slow: str,
    jobs: int,
    junit: Path | None,
    html: Path | None,
    scenarios: tuple[Path, ...],
    profile: str,
) -> None:
    """Run COMMAND once undisturbed, then once for everything that can go wrong at each of its calls.

    COMMAND finds the sandbox in SANDBOX_URL and who it is in SANDBOX_CLIENT_ID; it shall end with 0 where it copes.
    Exit 0 only where every run did, and behaved on the way; 1 otherwise.
    """
    from sandbox.files.shipped import load_contract
    from sandbox.sweep.plan import read_choices

    with needs("client"):
        from sandbox.sweep.sweep import JOURNAL_SIZE

    bound, slow_seconds = _seconds("--timeout", timeout), _seconds("--slow", slow)
    if slow_seconds >= bound:
        raise click.UsageError(f"--slow: found {slow}, expected less than the --timeout of {timeout}")
    try:
        choices = read_choices(only, load_contract().operations.values())
    except ValueError as mistake:
        raise click.UsageError(f"--only: {mistake}") from None
    with hosted(scenarios=scenarios, profile=profile, journal_size=JOURNAL_SIZE) as (sandbox, url):
        port = int(url.rpartition(":")[2])
        report, is_stopped = asyncio.run(_sweep(command, sandbox, port, choices, positions, bound, slow, jobs))
    _show(report)
    if junit:
        write(junit, report.junit)
    if html:
        write(html, report.html.encode())
    sys.exit(130 if is_stopped else 0 if report.is_clean else 1)


async def _sweep(
    command: tuple[str, ...],
    sandbox: "Sandbox",
    port: int,
    choices: "list[Choice]",
    positions: int,
    bound: float,
    slow: str,
    jobs: int,
) -> "tuple[Report, bool]":
    """Make all runs; return their report, and whether somebody stopped before the end."""
    from sandbox.sweep.plan import plan
    from sandbox.sweep.report import Report
    from sandbox.sweep.sweep import Sweep

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    operations = sandbox.contract.operations
    runs = Sweep(command, port, operations, lambda space: credentials(sandbox, space), bound, jobs)
    try:
        undisturbed = await runs.undisturbed()
    except OSError as error:
        fail(f"{command[0]}: {error.strerror}; give the command behind --, as a shell would find it", 2)
    if not undisturbed.is_clean:
        return Report(command, undisturbed, [], 0, bound), stop.is_set()
    if not undisturbed.called:
        fail("the command made no call: it has to ask the sandbox at the URL in SANDBOX_URL")
    if len(undisturbed.calls) < len(undisturbed.called):
        fail("calls came under another client_id; the command has to send the one in SANDBOX_CLIENT_ID")
    if len(undisturbed.called) > positions:
        left = f"calls {positions + 1} to {len(undisturbed.called)} are left undisturbed"
        click.echo(f"{left}; --positions {len(undisturbed.called)} disturbs them too", err=True)
    planned = plan(undisturbed.called[:positions], operations, slow, choices)
    if not planned:
        fail(f"there is nothing to disturb: --only names no call of the {len(undisturbed.called)} that were made", 2)
    with click.progressbar(
        length=len(planned), label=f"{len(planned)} disturbed runs", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as progress:
        done = await runs.all(undisturbed, planned, stop, lambda run: progress.update(1))
    return Report(command, undisturbed, done, len(planned), bound), stop.is_set()


def _seconds(option: str, text: str) -> float:
    from sandbox.core.times import read_duration

    try:
        return read_duration(text)
    except ValueError as mistake:
        raise click.UsageError(f"{option}: {mistake}") from None


def _show(report: "Report") -> None:
    rows = []
    for run in (report.undisturbed, *report.runs):
        position = f"{run.disturbance.position} {run.disturbance.operation}" if run.disturbance else ""
        notes = report.notes(run) or [""]
        name = run.disturbance.name if run.disturbance else "undisturbed"
        colour = "green" if run.is_clean else "red"
        rows.append([name, position, click.style(run.outcome, colour), notes[0]])
        rows += [["", "", "", note] for note in notes[1:]]
    print_table(["disturbance", "call", "outcome", "found"], rows)
    click.echo(f"\n{report.summary}")
