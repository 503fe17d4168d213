"""Sheets: a team's customers from a spreadsheet to a scenario file and back."""

import codecs
import csv
import io
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import yaml

from .test_command_line import run

HEAD = "customerId,cardNumber,fullName,customerSegment,birthday,error,delay,description\n"
ROWS = """321116471234,4969452123456110,Luis Diaz Salinas,020,today,,,
100000000001,,"Soto, Ana",30,03-14,,800ms,the slow one
,5500000000000004,,,,resourceNotFound,,
100000000002,,,,,,,
"""


def written(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def entries(text: str) -> dict[str, dict[str, object]]:
    file: dict[str, dict[str, object]] = yaml.load(text, Loader=yaml.BaseLoader)
    return file


def test_a_sheet_becomes_a_scenario_file_that_check_likes(tmp_path: Path) -> None:
    result = run("import", written(tmp_path / "customers.csv", HEAD + ROWS))
    assert (result.returncode, result.stderr) == (0, "")
    assert entries(result.stdout) == {
        "customerId": {
            "321116471234": {
                "cardNumber": "4969452123456110",
                "customer": {"fullName": "Luis Diaz Salinas", "customerSegment": "020", "birthday": "today"},
            },
            "100000000001": {
                "customer": {"fullName": "Soto, Ana", "customerSegment": "30", "birthday": "03-14"},
                "delay": "800ms",
                "description": "the slow one",
            },
            "100000000002": {"customer": "synthetic"},
        },
        "cardNumber": {"5500000000000004": {"error": "resourceNotFound"}},
    }
    checked = run("check", "--no-built-in", written(tmp_path / "a.yaml", result.stdout))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_file_is_written_where_one_is_wished(tmp_path: Path) -> None:
    sheet, file = written(tmp_path / "customers.csv", HEAD + ROWS), tmp_path / "a.yaml"
    result = run("import", sheet, "-o", str(file))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", f"wrote {file}\n")
    assert file.read_text("utf-8") == run("import", sheet).stdout


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + (HEAD + ROWS).encode(),
        (HEAD + ROWS).replace("\n", "\r\n"),
        (HEAD + ROWS).replace(",", ";").replace('"Soto; Ana"', '"Soto, Ana"'),
        (HEAD + ROWS).replace(",", "\t").replace('"Soto\t Ana"', '"Soto, Ana"'),
        HEAD.upper() + ROWS,
        HEAD.replace("customerId", "Customer ID").replace("fullName", "full_name") + "\n,,\n" + ROWS,
    ],
    ids=["bom", "crlf", "semicolons", "tabs", "upper case", "spaces and empty rows"],
)
def test_a_sheet_may_be_as_spreadsheets_write_it(tmp_path: Path, content: str | bytes) -> None:
    result = run("import", written(tmp_path / "customers.csv", content))
    expected = run("import", written(tmp_path / "plain.csv", HEAD + ROWS))
    assert (result.returncode, result.stdout, result.stderr) == (0, expected.stdout, "")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "100000000009,,Ana,30,14/03/1990,,,",
            "column birthday: found '14/03/1990', expected today, never, MM-DD or YYYY",
        ),
        (
            "100000000009,,Ana,30,02-30,,,",
            "column birthday: found '02-30', expected today, never, or a day that exists",
        ),
        ("100000000009,,,,,resourceNotFond,,", "column error: found 'resourceNotFond'; did you mean resourceNotFound?"),
        ("100000000009,,Ana,,,404,,", "found customer and error, expected exactly one of customer, error or sequence"),
        ("100000000009,,,,,404,soon,", "column delay: found 'soon'"),
        (",4.96945E+15,,,,404,,", "column cardNumber: found '4.96945E+15': the spreadsheet took it for a number"),
        ("=A2+1,,,,,404,,", "column customerId: found a formula, '=A2+1'"),
        ("12345678901234,,,,,404,,", "column customerId: found '123456****1234', expected 1 to 12 digits"),
        ("999900000404,,,,,404,,", "column customerId: numbers that begin with 9999 are the sandbox's own"),
        ("321116471234,,,,,404,,", "column customerId: '321116471234' stands in row 2 already"),
        (",,Ana,,,,,", "found neither customerId nor cardNumber"),
        ("100000000009,,,,,404,,,,more", "found 'more' behind the last column"),
        ('100000000009,,"{{ nobody }}",,,,,', "column fullName: "),
    ],
)
def test_a_row_that_can_not_be_used_is_named_and_left_out(tmp_path: Path, row: str, said: str) -> None:
    sheet = written(tmp_path / "customers.csv", f"{HEAD}{ROWS}{row}\n")
    result = run("import", sheet)
    assert result.returncode == 1
    assert result.stderr.startswith(f"{sheet}: row 6")
    assert said in result.stderr
    assert result.stderr.endswith("; the row was left out\n")
    assert result.stdout == run("import", written(tmp_path / "plain.csv", HEAD + ROWS)).stdout


def test_a_card_number_is_not_shown_whole(tmp_path: Path) -> None:
    twice = f"{HEAD},5500000000000004,,,,404,,\n,5500000000000004,,,,404,,\n"
    assert "5500000000000004" not in run("import", written(tmp_path / "a.csv", twice)).stderr


def test_a_number_that_lost_its_leading_zeros_gets_them_back_with_a_word(tmp_path: Path) -> None:
    result = run("import", written(tmp_path / "a.csv", "customerId,fullName\n123,Ana\n"))
    assert list(entries(result.stdout)["customerId"]) == ["000000000123"]
    assert "row 2, column customerId: found 123, which has not 12 digits; read as 000000000123" in result.stderr
    assert result.returncode == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("custmerId,fullName\n1,Ana\n", "found the column 'custmerId'; did you mean customerId?"),
        ("customerId,birtday\n1,today\n", "did you mean birthday?"),
        ("customerId,Customer ID\n1,2\n", "the column customerId is there twice"),
        ("fullName\nAna\n", "found no column customerId or cardNumber"),
        ("", "the sheet is empty"),
        (b"customerId,fullName\n1,Jos\xe9\n", "line 2 is not UTF-8; save the sheet as CSV UTF-8"),
        ('customerId\n"1', "this is no sheet of comma-separated values"),
        (b"customerId\n\0\n", "row 2"),
    ],
)
def test_a_sheet_that_can_not_be_read_is_refused_in_one_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    result = run("import", written(tmp_path / "a.csv", content))
    assert result.returncode == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_column_that_is_none_of_ours_is_left_out_with_a_word(tmp_path: Path) -> None:
    result = run("import", written(tmp_path / "a.csv", "customerId,Branch\n100000000001,Centro\n"))
    assert result.returncode == 0
    assert "column 'Branch': is not known here and was left out; there are customerId, cardNumber" in result.stderr


def test_no_such_sheet_is_wrong_usage(tmp_path: Path) -> None:
    assert run("import", str(tmp_path / "none.csv")).returncode == 2
    assert run("customers", "--csv", "--json").returncode == 2


def test_an_excel_file_is_read_and_its_formulas_are_not_worked_out(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Customer ID", "fullName", "birthday", "cardNumber"])
    sheet.append([321116471234, "Ana", date(1990, 3, 14), "4969452123456110"])
    sheet.append(["000000000017", "=1+1", "today"])
    sheet.append([100000000001, "Ana", None, 4969452123456110])
    book.save(tmp_path / "customers.xlsx")
    result = run("import", str(tmp_path / "customers.xlsx"))
    ana = {"cardNumber": "4969452123456110", "customer": {"fullName": "Ana", "birthday": "1990-03-14"}}
    assert entries(result.stdout) == {"customerId": {"321116471234": ana}}
    first, second = result.stderr.splitlines()
    assert "row 3, column fullName: found a formula, '=1+1'" in first
    assert "row 4, column cardNumber: found '4.96945E+15'" in second
    broken = run("import", written(tmp_path / "broken.xlsx", b"no zip"))
    assert (broken.returncode, broken.stderr.count("\n")) == (1, 1)


def test_customers_go_back_into_a_sheet_and_are_the_same_again(tmp_path: Path) -> None:
    names = "customerId,cardNumber,fullName,customerSegment,birthday\n"
    rows = (
        "321116471234,4969452123456110,Luis Diaz Salinas,020,today\n"
        '000000000001,5500000000000004,"Soto, ""Ana""",30,03-14\n'
        "100000000002,5500000000000012,'=HYPERLINK(1),40,never\n"
        "100000000003,5500000000000020,'-Ñandú,40,02-29\n"
    )
    imported = run("import", written(tmp_path / "a.csv", names + rows))
    assert (imported.returncode, imported.stderr) == (0, "")
    assert entries(imported.stdout)["customerId"]["100000000002"]["customer"]["fullName"] == "=HYPERLINK(1)"  # type: ignore[index]
    file = written(tmp_path / "a.yaml", imported.stdout)
    found = run("customers", "--no-built-in", "--scenarios", file, "--csv", "-n", "4")
    assert found.stdout == names + rows
    again = run("import", written(tmp_path / "b.csv", found.stdout))
    assert again.stdout == imported.stdout


def test_synthetic_customers_may_be_taken_into_a_sheet(tmp_path: Path) -> None:
    sheet = run("customers", "--no-built-in", "--csv", "-n", "50").stdout
    assert len([*csv.DictReader(io.StringIO(sheet))]) == 50
    result = run("import", written(tmp_path / "a.csv", sheet))
    assert (result.returncode, result.stderr) == (0, "")
    again = run(
        "customers", "--no-built-in", "--scenarios", written(tmp_path / "a.yaml", result.stdout), "--csv", "-n", "50"
    )
    assert again.stdout == sheet
