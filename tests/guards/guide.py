"""README and guide: which documents there are, their parts made from the product (`make docs`), their examples.

A block of code is told by its language and a label:

    console                 commands, each behind `$ `, with all that they print; `...` stands for what varies
    sh                      a script that has to end with 0
    any NAME.EXTENSION      a file that is written for the blocks behind it; a scenario file has to be one
    sh LABEL                what has a test of its own, by that label

All blocks of a document run in their order, in one directory, on one server: that of the last `segment-sandbox serve`
in it, or one as it ships. Where 127.0.0.1:8080 is written, its address counts.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
from markdown_it.token import Token

from sandbox import views
from sandbox.agents import TOOLS, Tools
from sandbox.cli import commands
from sandbox.console.guide import parser, read_documents
from sandbox.core import decide
from sandbox.core.credentials import BLOCKED_CLIENT, CHECKS, TOKEN_WORDS, WRONG_SECRET
from sandbox.core.directives import REQUEST_HEADERS, RESPONSE_HEADERS
from sandbox.core.faults import FAULTS
from sandbox.files.shipped import load_contract
from sandbox.runtime import Sandbox
from sandbox.settings import SETTINGS
from sandbox.sweep.findings import FINDINGS

CONTRACT = load_contract()
STATUSES = {error.name: error.status for error in CONTRACT.errors.values()}
ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = (README, *sorted((ROOT / "docs").glob("*.md")))


class Block(NamedTuple):
    """A block of code, with the line on which it begins."""

    language: str
    label: str
    text: str
    line: int

    @property
    def is_file(self) -> bool:
        return "." in self.label


def tokens(path: Path) -> list[Token]:
    return parser().parse(path.read_text("utf-8"))


def blocks(path: Path) -> list[Block]:
    """Return the blocks of code of a document in their order."""
    return [
        Block(token.info.partition(" ")[0], token.info.partition(" ")[2], token.content, token.map[0] + 1)
        for token in tokens(path)
        if token.type == "fence" and token.map
    ]


def block(label: str) -> Block:
    """Find the block that has a test of its own."""
    return next(found for path in DOCUMENTS for found in blocks(path) if found.label == label)


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
        rows.append((f"`segment-sandbox {name}`", " ".join((command.help or "").split())))
    return _table(("command", ""), rows)


def document_list() -> str:
    rows = ((f"[{each.title}](docs/{each.name}.md)", each.promise) for each in read_documents())
    return _table(("document", ""), rows)


def findings() -> str:
    return _table(("finding", "what is expected"), FINDINGS.items())


def tools() -> str:
    rows = ((f"`{name}`", (getattr(Tools, name).__doc__ or "").partition("\n")[0]) for name in TOOLS)
    return _table(("tool", ""), rows)


def all_commands(group: click.Group = commands) -> Iterator[click.Command]:
    """Go through all commands, those of groups too."""
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from all_commands(command)


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
    "documents": document_list,
    "findings": findings,
    "tools": tools,
}


def renewed(text: str) -> str:
    """Return a document with every generated part made anew."""

    def part(match: re.Match[str]) -> str:
        return f"<!-- generated: {match[1]} -->\n{PARTS[match[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- generated: (\w+) -->\n.*?<!-- end -->", part, text, flags=re.DOTALL)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, tuple("---" for _ in head), *rows))


if __name__ == "__main__":
    for each in DOCUMENTS:
        each.write_text(renewed(each.read_text("utf-8")), "utf-8")
