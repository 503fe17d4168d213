"""`profile`: how strict the bank's side of a running sandbox is."""

from typing import Any

import click

from .steering import Steered, steers


@click.group()
def profile() -> None:
    """Show, set and release how strict the bank's side of a running sandbox is."""


@profile.command()
@steers
def show(of: Steered) -> None:
    """Show what is checked, and how errors are worded."""
    _show(of, of.client.show_profile())


@profile.command("set")
@click.argument("name", required=False)
@click.option("--live-texts/--documented-texts", default=None, help="How errors are worded.")
@steers
def set_(of: Steered, name: str | None, live_texts: bool | None) -> None:
    """Set the profile: lenient, strict, or checks with commas between."""
    if name is None and live_texts is None:
        raise click.UsageError("say a profile, such as strict, or --live-texts")
    _show(of, of.client.set_profile(profile=name, live_texts=live_texts))


@profile.command()
@steers
def release(of: Steered) -> None:
    """Let the profile go back to that of all, or of the settings."""
    _show(of, of.client.release_profile())


def _show(of: Steered, found: Any) -> None:
    checks = ", ".join(found["checks"]) or "nothing"
    texts = "as live systems do" if found["liveTexts"] else "as documented"
    of.show(found, f"{found['profile']}: checks {checks}, words errors {texts}, set by: {found['setBy']}")
