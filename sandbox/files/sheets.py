"""Sheets: customers as a table, from a spreadsheet to a scenario file and back.

Rule 1: what a row may say is what an entry may say, in the same words for the same mistakes.
Rule 2: a cell is text; formulas are never worked out, and what a spreadsheet has spoilt is refused, not guessed.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sandbox.core.contract import Contract
from sandbox.core.entries import read_entry
from sandbox.core.masking import masked_text
from sandbox.core.messages import IDENTITY_LENGTHS, IdentityKind, Place, one_line, shown
from sandbox.core.schema import Path as DataPath

from .scenarios import entry_schema

MAX_ROWS = 100_000
# The columns, and where in an entry each stands.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "customerId": ("customerId",),
    "cardNumber": ("cardNumber",),
    "fullName": ("customer", "fullName"),
    "customerSegment": ("customer", "customerSegment"),
    "birthday": ("customer", "birthday"),
    "error": ("error",),
    "delay": ("delay",),
    "fault": ("fault",),
    "times": ("times",),
    "description": ("description",),
}
_SHEET_COLUMNS = ("customerId", "cardNumber", "fullName", "customerSegment", "birthday")
_SEPARATORS = ",;\t|"
_SCIENTIFIC = re.compile(r"[0-9][.,]?[0-9]*E\+?[0-9]+", re.IGNORECASE | re.ASCII)
_DAY_FIRST_OR_MONTH_FIRST = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}", re.ASCII)
# What a spreadsheet takes for a formula; a ' before it says that it is none.
_FORMULA = re.compile(r"[=+\-@\t\r]")


class SheetMistake(ValueError):
    """The sheet as a whole can't be used."""


class Finding(NamedTuple):
    """What was found in a row, counted from 1 with the row of names. Only a row that is not `used` is left out."""

    row: int
    column: str
    message: str
    is_used: bool = False

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return masked_text(
            f"row {self.row}{column}: {self.message}" + ("" if self.is_used else "; the row was left out")
        )


class Sheet(NamedTuple):
    """What a sheet says as a scenario file, and what was found in it."""

    file: dict[str, dict[str, Any]]
    findings: list[Finding]

    @property
    def yaml(self) -> str:
        """The scenario file as a text."""
        return yaml.safe_dump(self.file, allow_unicode=True, sort_keys=False, width=120)


def read_sheet(path: Path, contract: Contract) -> Sheet:
    """Read a file of comma-separated values, or an .xlsx. Raises SheetMistake and OSError."""
    content = path.read_bytes()
    rows = _excel_rows(content) if path.suffix.lower() == ".xlsx" else _text_rows(content)
    return _Reader(contract).read(rows)


def sheet(customers: Iterable[Mapping[str, Any]]) -> str:
    """Return customers, as views show them, as comma-separated values that `read_sheet` reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_SHEET_COLUMNS)
    for customer in customers:
        cells = [customer[name] or "" for name in _SHEET_COLUMNS]
        writer.writerow(f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells)
    return text.getvalue()


def _text_rows(content: bytes) -> Iterator[Sequence[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SheetMistake(f"line {line} is not UTF-8; save the sheet as CSV UTF-8") from None
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=lambda each: sum(_plain(name) in _PLAIN for name in head.split(each)))
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    except csv.Error as error:
        raise SheetMistake(f"this is no sheet of comma-separated values: {error}") from None


def _excel_rows(content: bytes) -> Iterator[Sequence[str]]:
    try:
        # An extra, which few need.
        from openpyxl import load_workbook
    except ImportError:
        raise SheetMistake(
            "an .xlsx needs openpyxl: pip install 'segment-sandbox[sheets]'; or save the sheet as CSV UTF-8"
        ) from None
    try:
        book = load_workbook(io.BytesIO(content), read_only=True)
        for row in book.worksheets[0].iter_rows(values_only=True):
            yield [_excel_text(value) for value in row]
    except Exception as error:  # noqa: BLE001 - whatever a broken file makes the library say
        raise SheetMistake(f"this is no .xlsx that can be read: {one_line(str(error)[:100])}") from None


def _excel_text(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # Fifteen digits are kept of a number; of a longer one the last are lost.
    if isinstance(value, int) and value >= 10**15:
        return f"{value:.5E}"
    return "" if value is None else str(value)


def _plain(name: str) -> str:
    return re.sub("[ _-]", "", name).lower()


_PLAIN = {_plain(name): name for name in COLUMNS}


class _Reader:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._file: dict[str, dict[str, Any]] = {}
        self._findings: list[Finding] = []
        self._rows: dict[tuple[str, str], int] = {}

    def read(self, rows: Iterator[Sequence[str]]) -> Sheet:
        columns: list[str | None] | None = None
        for number, row in enumerate(rows, 1):
            if number > MAX_ROWS:
                raise SheetMistake(f"the sheet has more than {MAX_ROWS} rows; split it")
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if columns is None:
                columns = self._columns(cells, number)
            else:
                self._row(number, columns, cells)
        if columns is None:
            raise SheetMistake(f"the sheet is empty; expected a row of names such as {', '.join(_SHEET_COLUMNS)}")
        return Sheet(self._file, self._findings)

    def _columns(self, cells: Sequence[str], row: int) -> list[str | None]:
        """Return the name of each column, None for one that is not ours. Raises SheetMistake."""
        columns: list[str | None] = []
        for cell in cells:
            name = _PLAIN.get(_plain(cell))
            if name in columns and name is not None:
                raise SheetMistake(f"row {row}: the column {name} is there twice; take one out")
            if name is None and (close := get_close_matches(_plain(cell), _PLAIN, 1, 0.75)):
                raise SheetMistake(f"row {row}: found the column {shown(cell)}; did you mean {_PLAIN[close[0]]}?")
            if name is None and cell:
                message = f"is not known here and was left out; there are {', '.join(COLUMNS)}"
                self._findings.append(Finding(row, shown(cell), message, is_used=True))
            columns.append(name)
        if not IDENTITY_LENGTHS.keys() & set(columns):
            raise SheetMistake(f"row {row}: found no column customerId or cardNumber, expected at least one of them")
        return columns

    def _row(self, number: int, columns: Sequence[str | None], cells: Sequence[str]) -> None:
        values, wrong = {}, []
        for column, cell in zip(columns, cells, strict=False):
            if column and cell:
                try:
                    values[column] = self._cell(number, column, cell)
                except ValueError as mistake:
                    wrong.append(Finding(number, column, str(mistake)))
        if surplus := [cell for cell in cells[len(columns) :] if cell]:
            wrong.append(Finding(number, "", f"found {shown(surplus[0])} behind the last column"))
        numbers = [(kind, values.pop(kind)) for kind in IDENTITY_LENGTHS if kind in values]
        if not wrong and not numbers:
            wrong.append(Finding(number, "", "found neither customerId nor cardNumber, expected one of them"))
        if not wrong:
            (section, pattern), *others = numbers
            entry = _entry({**dict(others), **values})
            wrong += (Finding(number, *found) for found in self._mistakes(section, pattern, entry))
            for name in numbers:
                if (first := self._rows.setdefault(name, number)) != number:
                    wrong.append(Finding(number, name[0], f"{shown(name[1])} stands in row {first} already"))
        self._findings += wrong
        if not wrong:
            self._file.setdefault(section, {})[pattern] = entry

    def _cell(self, number: int, column: str, cell: str) -> str:
        """Return what a cell says. Raises ValueError where a spreadsheet has spoilt it."""
        if cell[0] == "'" and _FORMULA.match(cell[1:]):
            return cell[1:]
        if cell[0] == "=":
            raise ValueError(f"found a formula, {shown(cell[:40])}, expected what it gives: paste it as a value")
        if column in IDENTITY_LENGTHS:
            if _SCIENTIFIC.fullmatch(cell):
                cure = "the spreadsheet took it for a number and lost digits; format the column as text, write it again"
                raise ValueError(f"found {shown(cell)}: {cure}")
            if column == "customerId" and re.fullmatch("[0-9]{1,11}", cell):
                full = cell.zfill(IDENTITY_LENGTHS["customerId"])
                message = (
                    f"found {cell}, which has not 12 digits; read as {full}, since spreadsheets drop leading zeros"
                )
                self._findings.append(Finding(number, column, message, is_used=True))
                return full
        if column == "birthday" and _DAY_FIRST_OR_MONTH_FIRST.fullmatch(cell):
            cure = "expected today, never, MM-DD or YYYY-MM-DD, since nobody can tell the day from the month in this"
            raise ValueError(f"found {shown(cell)}, {cure}")
        return cell

    def _mistakes(self, section: IdentityKind, pattern: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Go through what is wrong with an entry, each with its column."""
        columns: dict[DataPath, str] = {path: column for column, path in COLUMNS.items()}
        if not re.fullmatch(f"[0-9]{{1,{IDENTITY_LENGTHS[section]}}}", pattern):
            yield section, f"found {shown(pattern)}, expected 1 to {IDENTITY_LENGTHS[section]} digits"
            return
        sound, mistakes, spoilt = entry_schema(section, pattern).examine(entry)
        _, found = read_entry(sound, section, pattern, Place("sheet", 1), self._contract, spoilt=spoilt)
        for path, message in (*mistakes, *found):
            yield columns.get(path) or ("" if path else section), message


def _entry(values: Mapping[str, str]) -> dict[str, Any]:
    """Put the cells of a row where they stand in an entry; who is neither an error nor described is made up."""
    entry: dict[str, Any] = {}
    for column, path in COLUMNS.items():
        if column in values:
            target = entry if len(path) == 1 else entry.setdefault(path[0], {})
            target[path[-1]] = values[column]
    if not {"customer", "error", "fault"} & entry.keys():
        entry["customer"] = "synthetic"
    return entry
