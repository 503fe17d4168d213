"""`completion`: what makes a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    """Print the completion for SHELL, to be evaluated when it starts: eval "$(segment-sandbox completion bash)"."""
    root = click.get_current_context().find_root()
    made = get_completion_class(shell)
    assert made
    click.echo(made(root.command, {}, "segment-sandbox", "_SEGMENT_SANDBOX_COMPLETE").source())
