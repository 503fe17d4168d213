"""The parts of the README that are made from the product. `make docs` writes them anew."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from sandbox import views
from sandbox.cli import commands
from sandbox.core import decide
from sandbox.core.credentials import BLOCKED_CLIENT, CHECKS, TOKEN_WORDS, WRONG_SECRET
from sandbox.core.directives import REQUEST_HEADERS, RESPONSE_HEADERS
from sandbox.core.faults import FAULTS
from sandbox.files.shipped import load_contract
from sandbox.runtime import Sandbox
from sandbox.settings import SETTINGS

CONTRACT = load_contract()
STATUSES = {error.name: error.status for error in CONTRACT.errors.values()}
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
        for error in views.catalogue(Sandbox())
    )
    return _table(("HTTP", "type", "code", "customerId", "cardNumber", "header"), rows)


def precedence() -> str:
    rows = (
        (str(n), f"`{rule.__name__}`", (rule.__doc__ or "").strip())
        for n, rule in enumerate(decide.precedence(CONTRACT.main), 1)
    )
    return _table(("", "rule", "answers when"), rows)


def directives() -> str:
    return _table(("request header", "says"), ((f"`{name}`", text) for name, text in REQUEST_HEADERS.items()))


def explanations() -> str:
    return _table(("response header", "says"), ((f"`{name}`", text) for name, text in RESPONSE_HEADERS.items()))


def companions() -> str:
    document = next(iter(CONTRACT.companions())).document
    rows = (
        (
            f"`{method.upper()} {document['servers'][0]['url']}{path}`",
            operation["summary"],
            ", ".join(f"`{other}`" for other in item["x-also-at"]),
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "post"}
    )
    return _table(("call", "what", "also at"), rows)


def checks() -> str:
    return _table(("check", "holds when"), ((f"`{name}`", text) for name, text in CHECKS.items()))


def words() -> str:
    rows = [
        (f"`Authorization: Bearer {word}`", f"{STATUSES[violation.error]}: {violation.reason}")
        for word, violation in TOKEN_WORDS.items()
    ]
    rows.append((f"`client_id: {BLOCKED_CLIENT}`", "403; at login, OAuth's `unauthorized_client`"))
    rows.append((f"`{WRONG_SECRET}` as the client's secret", "401 at login"))
    return _table(("send", "and get"), rows)


def faults() -> str:
    return _table(("fault", "on the wire"), ((f"`{name}`", text) for name, text in FAULTS.items()))


def settings() -> str:
    rows = (
        (
            f"`{setting.flag}`",
            f"`{setting.variable}`",
            f"`{setting.default}`" if setting.default not in {None, ()} else "",
            setting.values,
            setting.help,
        )
        for setting in SETTINGS
    )
    return _table(("flag", "variable", "default", "values", ""), rows)


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
    "companions": companions,
    "checks": checks,
    "words": words,
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
