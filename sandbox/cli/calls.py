"""`calls`, `verify` and `coverage`: what was called in a running sandbox, and whether it was as expected."""

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from .common import print_table
from .steering import Steered, steers

_FILTERS = (
    click.option("--customer-id", "customerId", help="Only calls about this customerId."),
    click.option("--card-number", "cardNumber", help="Only calls about this card number."),
    click.option("--status", type=int, help="Only calls that were answered with this status."),
    click.option("--code", help="Only calls that were answered with this error."),
    click.option("--rule", help="Only calls that this rule answered."),
    click.option("--operation", help="Only calls of this operation, such as token."),
    click.option("--fault", help="Only calls with this network fault."),
    click.option("--uuid", help="Only the call with this uuid."),
)


def _filtered(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FILTERS):
        option(command)
    return command


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with calls as they come; with --json, one on each line.")
@click.option("-n", "--limit", type=click.IntRange(0), default=20, show_default=True, help="How many of the last.")
@_filtered
@steers
def calls(of: Steered, follow: bool, limit: int, **filters: Any) -> None:
    """Show the last calls, oldest first."""
    match = _match(filters)
    # Asked first: what comes meanwhile is either among the last or behind them.
    newest = of.client.list_exchanges(limit=1)["exchanges"] if follow else []
    found = of.client.list_exchanges(match, limit=limit)  # type: ignore[arg-type]
    last = [*reversed(found["exchanges"])]
    if of.as_json and not follow:
        of.show(last, "")
        return
    for exchange in last:
        _line(of, exchange)
    if follow:
        after = max((exchange["id"] for exchange in (*newest, *last)), default=0)
        with of.client.stream_exchanges(match, last_event_id=after) as stream:  # type: ignore[arg-type]
            for exchange in stream:
                _line(of, exchange)


@click.command()
@click.option("--exactly", type=click.IntRange(0), help="How many must match.")
@click.option("--at-least", type=click.IntRange(0), help="How many must match at least; 1 where nothing is said.")
@click.option("--at-most", type=click.IntRange(0), help="How many may match at most.")
@click.option("--only", is_flag=True, help="No other call may have come.")
@click.option("--timeout", help="Wait until it is true, for at most this time, such as 5s.")
@_filtered
@steers
def verify(
    of: Steered,
    exactly: int | None,
    at_least: int | None,
    at_most: int | None,
    only: bool,
    timeout: str | None,
    **filters: Any,
) -> None:
    """Check whether calls came as expected. Exit 1 where they did not, or where nobody can tell any more."""
    found = of.client.verify(
        match=_match(filters),  # type: ignore[arg-type]
        exactly=exactly,
        at_least=at_least,
        at_most=at_most,
        only=only or None,
        timeout=timeout,
    )
    of.show(found, found["message"])
    if not found["verified"]:
        sys.exit(1)


@click.command()
@steers
def coverage(of: Steered) -> None:
    """Show which errors and rules the calls have exercised, and what the caller could do better."""
    found = of.client.coverage()
    of.show(found, lambda: _coverage(found))


def _match(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}


def _line(of: Steered, exchange: Any) -> None:
    if of.as_json:
        click.echo(json.dumps(exchange, ensure_ascii=False))
    else:
        colour = "green" if exchange["status"] < 400 else "red" if exchange["status"] >= 500 else "yellow"
        number = exchange["customerId"] or exchange["cardNumber"] or "-"
        status = click.style(str(exchange["status"]), colour)
        operation = exchange["operation"] or exchange["path"]
        click.echo(f"#{exchange['id']} {exchange['at']} {operation} {number} {status} {exchange['reason']}")
    # Whoever follows through a pipe wants each call when it comes.
    sys.stdout.flush()


def _coverage(found: Any) -> None:
    for title in ("operations", "errors", "rules"):
        rows = [[name, str(count) if count else click.style("never", "yellow")] for name, count in found[title].items()]
        print_table([title, "calls"], rows)
        click.echo()
    for finding in found["findings"]:
        click.echo(f"{finding['finding']}: {finding['detail']}")
