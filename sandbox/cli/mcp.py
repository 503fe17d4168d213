"""`mcp`: the sandbox as tools for a coding agent, over standard input and output."""

import os

import click

from .common import needs
from .hosting import hosted


@click.command()
@click.option("--url", envvar="SANDBOX_URL", show_envvar=True, help="A running sandbox; by default, one of its own.")
@click.option("--space", help="The client_id of the agent's calls; one of its own by default.")
@click.option("--token", envvar="SANDBOX_CONTROL_TOKEN", show_envvar=True, help="The sandbox's control token.")
def mcp(url: str | None, space: str | None, token: str | None) -> None:
    """Serve the sandbox to a coding agent (Model Context Protocol, over standard input and output)."""
    with needs("mcp"):
        from sandbox.agents import serve
    space = space or f"agent-{os.getpid()}"
    try:
        if url:
            serve(url, space, token)
        else:
            with hosted() as (_, own):
                serve(own, space, None)
    except ValueError as mistake:
        raise click.UsageError(str(mistake)) from None
