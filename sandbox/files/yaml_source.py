"""A YAML file, read to its end whatever is wrong in it.

Rule 1: tags, a second document, a key twice and bottomless nesting are mistakes, all of them named at once.
Rule 2: what is no YAML hides the entry that it stands in, and nothing else.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import yaml

from sandbox.core.messages import Place
from sandbox.core.schema import Path

from .yaml_builder import TOO_DEEP, Builder
from .yaml_data import Document, Mistake, fit

# Characters that are read again, in all, to find what is wrong behind a place that is no YAML.
_MAX_REREAD = 20_000_000

# libyaml's parser is C; the other one reads the same, ten times slower, where PyYAML came without it.
YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def decoded(content: bytes, file: str, every_position: bool = False) -> Document:
    """Read one YAML document out of the bytes of a file."""
    try:
        text, wrong = content.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        lines = enumerate(content.split(b"\n"), 1) if b"\0" not in content else ()
        wrong = [number for number, line in lines if "\ufffd" in line.decode(errors="replace")]
        # Another encoding altogether: there is nothing to read.
        text = content.decode("utf-8-sig", "replace") if wrong else ""
        wrong = wrong or [content[: error.start].count(b"\n") + 1]
    document = read_document(text, file, every_position)
    mistakes = [Mistake(Place(file, line), 1, "is not UTF-8; save it as UTF-8") for line in wrong]
    return document._replace(mistakes=[*mistakes, *document.mistakes], is_empty=not text.strip() and not wrong)


def read_document(text: str, file: str, every_position: bool = False) -> Document:
    """Read one YAML document; `file` is the name that mistakes show.

    Positions go two keys deep, which is where scenarios begin; `every_position` records all, at a price. So it is with
    a file that has a mistake or an anchor.
    """
    if not every_position:
        builder = Builder(file, False)
        with suppress(yaml.reader.ReaderError):
            if _read(text, builder) is None and not builder.mistakes and not builder.has_anchors:
                return builder.document()
    mistakes: list[Mistake] = []
    unread: set[Path] = set()
    for _ in range(max(2, _MAX_REREAD // (len(text) + 1))):
        builder = Builder(file, True)
        try:
            broken = _read(text, builder)
        except yaml.reader.ReaderError:
            mistakes += _forbidden(text, file)
            text = _FORBIDDEN.sub(" ", text)
            continue
        if broken is None:
            document = builder.document()
            return document._replace(mistakes=[*mistakes, *document.mistakes], unread=document.unread | unread)
        mistakes.append(broken.mistake)
        unread.update(frame.path for frame in builder.stack[:2])
        if (rest := _without_block(text, broken.line, builder)) is None:
            mistakes += builder.mistakes
            break
        text = rest
    return Document(file, None, {}, mistakes, unread=frozenset({()}))


class _Break(NamedTuple):
    """Where a text stops being YAML; `line` counts from 0."""

    mistake: Mistake
    line: int


def _read(text: str, builder: Builder) -> _Break | None:
    """Let the builder take all events. Return where the text can't be read on; None where there is no such place."""
    try:
        for event in yaml.parse(text, Loader=YAML_LOADER):
            if not builder.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # libyaml counts lines by more than one kind of line break, so a line may be none of ours.
        line = "".join(text.split("\n")[mark.line : mark.line + 1]) if mark else ""
        at_tab = line[mark.column : mark.column + 1] == "\t" if mark else False
        cure = "; there is a tab, indent with spaces" if at_tab else ""
        context = f" {error.context}" if error.context else ""
        message = f"not YAML: {error.problem}{context}{cure}"
        # libyaml has a limit of its own in newer releases, and looks ahead: it may come upon that first.
        if "nesting" in str(error.problem):
            message = TOO_DEEP
        return _Break(builder.mistake(mark, message), mark.line if mark else 0)
    return None


def _forbidden(text: str, file: str) -> Iterator[Mistake]:
    """Name the first character of each line that may not stand in YAML (1.2.2, 5.1)."""
    for number, line in enumerate(text.split("\n"), 1):
        if found := _FORBIDDEN.search(line):
            message = f"not YAML: the character {found[0]!r} may not stand there; take it out"
            yield Mistake(Place(file, number), found.start() + 1, fit(message))


_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _without_block(text: str, line: int, builder: Builder) -> str | None:
    """Blank the entry that can't be read, with what is indented below it. None where it can't be told from the rest."""
    lines = text.split("\n")
    start = min(line if (entry := builder.open_entry()) is None else entry - 1, len(lines) - 1)
    while start > 0 and not lines[start].strip():
        start -= 1
    if not lines[start].strip() or (builder.stack and builder.stack[0].is_flow):
        return None
    indent, end = _indent(lines[start]), start + 1
    while end < len(lines) and (
        not lines[end].strip() or _indent(lines[end]) > indent or _CLOSING.fullmatch(lines[end])
    ):
        end += 1
    return "\n".join([*lines[:start], *[""] * (end - start), *lines[end:]])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


_CLOSING = re.compile(r"\s*[\]})'\"]+[\s,]*(#.*)?")
