"""The parts of the README that are made from the product. `make docs` writes them anew."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from sandbox.cli import commands
from sandbox.core.decide import PRECEDENCE
from sandbox.core.directives import REQUEST_HEADERS, RESPONSE_HEADERS
from sandbox.core.faults import FAULTS
from sandbox.runtime import Sandbox
from sandbox.settings import SETTINGS

README = Path(__file__).parents[2] / "README.md"


def errors() -> str:
    rows = (
        (
            str(error["status"]),
            error.get("type", "(gateway)"),
            f"`{error.get('code') or error['gateway']}`",
            f"`{error['customerId']}`",
            f"`{error['cardNumber']}`",
            f"`{error['headers'][0]}`",
        )
        for error in Sandbox().catalogue()
    )
    return _table(("HTTP", "type", "code", "customerId", "cardNumber", "header"), rows)


def precedence() -> str:
    rows = ((str(n), f"`{rule.__name__}`", (rule.__doc__ or "").strip()) for n, rule in enumerate(PRECEDENCE, 1))
    return _table(("", "rule", "answers when"), rows)


def directives() -> str:
    return _table(("request header", "says"), ((f"`{name}`", text) for name, text in REQUEST_HEADERS.items()))


def explanations() -> str:
    return _table(("response header", "says"), ((f"`{name}`", text) for name, text in RESPONSE_HEADERS.items()))


def faults() -> str:
    return _table(("fault", "on the wire"), ((f"`{name}`", text) for name, text in FAULTS.items()))


def settings() -> str:
    rows = (
        (
            f"`{setting.flag}`",
            f"`{setting.variable}`",
            f"`{setting.default}`" if setting.default not in {None, ()} else "",
            setting.help,
        )
        for setting in SETTINGS
    )
    return _table(("flag", "variable", "default", ""), rows)


def command_list() -> str:
    context = click.Context(commands)
    rows = []
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        assert command
        rows.append((f"`segment-sandbox {name}`", (command.help or "").strip()))
    return _table(("command", ""), rows)


PARTS: dict[str, Callable[[], str]] = {
    "errors": errors,
    "precedence": precedence,
    "directives": directives,
    "explanations": explanations,
    "faults": faults,
    "settings": settings,
    "commands": command_list,
}


def renewed(text: str) -> str:
    """Return the README with every generated part made anew."""

    def part(match: re.Match[str]) -> str:
        return f"<!-- generated: {match[1]} -->\n{PARTS[match[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- generated: (\w+) -->\n.*?<!-- end -->", part, text, flags=re.DOTALL)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, tuple("---" for _ in head), *rows))


if __name__ == "__main__":
    README.write_text(renewed(README.read_text("utf-8")), "utf-8")
