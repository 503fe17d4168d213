"""`check`: all mistakes in scenario files, for people, programs and pipelines.

Rule 1: exit code 0 where there is no mistake, 1 where there is one, 2 for wrong usage; warnings and notes change none.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

# Everything else is imported when it is needed: `--help` answers at once.
if TYPE_CHECKING:
    from sandbox.files.loader import FileSet
    from sandbox.files.yaml_data import Mistake
    from sandbox.junit import Case


class _Findings(NamedTuple):
    """What a check has found. Without a good set there are mistakes."""

    file_set: "FileSet | None"
    mistakes: Sequence["Mistake"]

    @property
    def warnings(self) -> Sequence["Mistake"]:
        return self.file_set.warnings if self.file_set else ()

    @property
    def notes(self) -> Sequence["Mistake"]:
        return self.file_set.notes if self.file_set else ()

    @property
    def kinds(self) -> Iterator[tuple[str, "Mistake"]]:
        """Go through everything, each with its kind: error, warning or notice."""
        for kind, found in (("error", self.mistakes), ("warning", self.warnings), ("notice", self.notes)):
            yield from ((kind, each) for each in found)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--no-built-in", is_flag=True, help="Leave out what ships, but for the magic values, as serve does.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "junit"]),
    default="text",
    show_default=True,
    help="How to print: for people, as JSON, as annotations of GitHub Actions, or as JUnit XML.",
)
def check(paths: tuple[Path, ...], no_built_in: bool, form: str) -> None:
    """Check scenario files; without PATHS, those that ship. Exit 1 with all mistakes; warnings change nothing."""
    from sandbox.files.loader import Loader, ScenarioMistakes
    from sandbox.files.shipped import load_contract

    try:
        found = _Findings(Loader(load_contract(), paths, not no_built_in).load(), ())
    except ScenarioMistakes as mistakes:
        found = _Findings(None, mistakes.mistakes)
    _FORMS[form](found)
    sys.exit(1 if found.mistakes else 0)


def _print_text(found: _Findings) -> None:
    for mistake in found.mistakes:
        click.echo(mistake)
    for kind, each in (("warning", found.warnings), ("note", found.notes)):
        for message in each:
            click.echo(f"{kind}: {message}", err=True)
    if found.file_set is None:
        click.echo(f"{_counted(len(found.mistakes), 'mistake')} in the scenario files", err=True)
        return
    total = found.file_set.counts.total()
    click.echo(f"{_files(found.file_set)}, {total} scenarios, no mistake")


def _files(file_set: "FileSet") -> str:
    """Say how many files there are: one's own, and what ships; where nothing is one's own, those that ship."""
    from sandbox.files.shipped import MAGIC_FILE, WORLD_FILE

    shipped = [file for layer in file_set.layers for file in layer.files if layer.is_shipped]
    shipped = [file for file in shipped if not file.endswith(MAGIC_FILE)]
    if all(layer.is_shipped for layer in file_set.layers):
        return f"{_counted(len(shipped), 'file')} and the shipped magic values"
    own = sum(len(layer.files) for layer in file_set.layers if not layer.is_shipped)
    is_more = any(not file.endswith(WORLD_FILE) for file in shipped)
    return f"{_counted(own, 'file')} and {'what ships' if is_more else 'the shipped magic values'}"


def _print_json(found: _Findings) -> None:
    file_set = found.file_set
    click.echo(
        json.dumps(
            {
                "ok": not found.mistakes,
                "layers": [{"name": layer.name, "files": list(layer.files)} for layer in file_set.layers]
                if file_set
                else [],
                "scenarios": file_set.counts.total() if file_set else 0,
                "mistakes": list(map(_placed, found.mistakes)),
                "warnings": list(map(_placed, found.warnings)),
                "notes": list(map(_placed, found.notes)),
            },
            ensure_ascii=False,
            indent=2,
        )
    )


def _placed(mistake: "Mistake") -> dict[str, Any]:
    place = mistake.place
    return {"file": place.file, "line": place.line, "column": mistake.column, "message": mistake.message}


def _print_github(found: _Findings) -> None:
    for kind, (place, column, message) in found.kinds:
        properties = f"file={_escaped(place.file, _IN_PROPERTY)},line={place.line},col={column}"
        click.echo(f"::{kind} {properties}::{_escaped(message, _IN_DATA)}")


# What would end a workflow command or a property of it.
_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_DATA, ":": "%3A", ",": "%2C"}


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(char, char) for char in text)


def _print_junit(found: _Findings) -> None:
    from sandbox.junit import junit

    files = dict.fromkeys(
        (*(found.file_set.files if found.file_set else ()), *(each.place.file for each in found.mistakes))
    )
    click.echo(junit("segment-sandbox check", [_case(found, file) for file in files]), nl=False)


def _case(found: _Findings, file: str) -> "Case":
    from sandbox.junit import Case

    wrong = [str(each) for each in found.mistakes if each.place.file == file]
    said = [f"{kind}: {each}" for kind, each in found.kinds if kind != "error" and each.place.file == file]
    failure = _counted(len(wrong), "mistake") if wrong else None
    return Case(file, failure, output="\n".join(said), details="\n".join(wrong))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


_FORMS: Mapping[str, Callable[[_Findings], None]] = {
    "text": _print_text,
    "json": _print_json,
    "github": _print_github,
    "junit": _print_junit,
}
