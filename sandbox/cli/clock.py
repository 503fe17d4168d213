"""`clock`: what time it is in a running sandbox."""

from typing import Any

import click

from .steering import Steered, steers


@click.group()
def clock() -> None:
    """Show, set, advance and release the clock of a running sandbox."""


@clock.command()
@steers
def show(of: Steered) -> None:
    """Show what time it is, and which day that is in each country."""
    _show(of, of.client.show_clock())


@clock.command("set")
@click.argument("moment")
@click.option("--ticking", is_flag=True, help="Go on from there instead of standing still.")
@steers
def set_(of: Steered, moment: str, ticking: bool) -> None:
    """Set the clock to MOMENT, such as 2028-02-29T09:00:00-06:00 or 2028-02-29."""
    _show(of, of.client.set_clock(now=moment, ticking=ticking))


@clock.command(context_settings={"ignore_unknown_options": True})
@click.argument("period")
@steers
def advance(of: Steered, period: str) -> None:
    """Advance the clock by PERIOD, such as P1D, PT90M or -P2W."""
    _show(of, of.client.set_clock(advance=period))


@clock.command()
@steers
def release(of: Steered) -> None:
    """Let the clock go back to the time of all, or of the machine."""
    _show(of, of.client.release_clock())


def _show(of: Steered, now: Any) -> None:
    days = ", ".join(f"{country} {day}" for country, day in now["today"].items())
    going = "ticking" if now["ticking"] else "standing still"
    of.show(now, f"{now['now']}, {going}, set by: {now['setBy']}\ntoday: {days}")
