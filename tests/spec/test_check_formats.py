"""`check` for programs and pipelines: the same findings in every form, and exit codes."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from .test_command_line import run

WRONG = "customerId:\n  '1': {error: 404}\n  '2': {eror: '100%'}\n  '3': {error: nonsense}\n"
FORMS = ["text", "json", "github", "junit"]


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    (tmp_path / "a,b.yaml").write_text(WRONG, "utf-8")
    return tmp_path


@pytest.fixture
def right(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text("customerId: {'123': {error: 404}}\n", "utf-8")
    (tmp_path / "compose.yaml").write_text("services: {}\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("form", FORMS)
def test_exit_codes_are_the_same_in_every_form(right: Path, form: str) -> None:
    assert run("check", "--format", form, str(right)).returncode == 0
    (right / "b.yaml").write_text(WRONG, "utf-8")
    assert run("check", "--format", form, str(right)).returncode == 1
    assert run("check", "--format", "xml", str(right)).returncode == 2


def test_json_has_every_mistake_with_its_place(wrong: Path) -> None:
    found = json.loads(run("check", str(wrong), "--format", "json").stdout)
    assert (found["ok"], found["scenarios"], found["layers"], found["warnings"]) == (False, 0, [], [])
    assert [(each["line"], each["column"]) for each in found["mistakes"]] == [(3, 9), (4, 9)]
    assert found["mistakes"][0]["file"] == f"{wrong}/a,b.yaml"
    assert "did you mean error?" in found["mistakes"][0]["message"]


def test_json_of_a_good_set_has_layers_warnings_and_notes(right: Path) -> None:
    found = json.loads(run("check", str(right), "--format", "json").stdout)
    assert (found["ok"], found["mistakes"], len(found["warnings"]), len(found["notes"])) == (True, [], 1, 1)
    assert found["layers"][1] == {"name": str(right), "files": [f"{right}/a.yaml"]}
    assert [each["file"] for each in found["notes"]] == [f"{right}/compose.yaml"]
    assert found["scenarios"] > 1


def test_github_gets_an_annotation_for_each_finding(wrong: Path, tmp_path: Path) -> None:
    lines = run("check", str(wrong), "--format", "github").stdout.splitlines()
    assert len(lines) == 2
    # What ends a property is escaped.
    assert lines[0].startswith(f"::error file={wrong}/a%2Cb.yaml,line=3,col=9::customerId.2.eror: 'eror' is not known")


def test_github_shows_warnings_and_notices(right: Path) -> None:
    lines = run("check", str(right), "--format", "github").stdout.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::warning", "::notice"]


def test_junit_has_a_case_for_each_file_and_a_failure_for_each_that_is_wrong(wrong: Path) -> None:
    (wrong / "b.yaml").write_text("named: {}\n", "utf-8")
    (suite,) = ET.fromstring(run("check", str(wrong), "--format", "junit").stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    (failure,) = suite.iter("failure")
    assert failure.get("message") == "2 mistakes"
    assert failure.text
    assert failure.text.count("\n") == 1


def test_junit_of_a_good_set_has_no_failure(right: Path) -> None:
    (suite,) = ET.fromstring(run("check", str(right), "--format", "junit").stdout)
    assert suite.get("failures") == "0"
    assert int(suite.get("tests") or 0) == len(list(suite.iter("testcase"))) > 1
    assert "warning: " in "".join(suite.itertext())
