"""Layers: several --scenarios, what ships below them, and what is said of what hides what."""

import json
import os
from pathlib import Path

from .conftest import Connect, Serve, eventually
from .test_command_line import run

LUIS, FLAKY, MINE = "321116471234", "100000000201", "100000000001"
BASE = f"""
customerId:
  "{MINE}": {{customer: {{fullName: Ana Soto, customerSegment: "30", birthday: never}}}}
  "100000000002": {{error: businessValidationFailed}}
"""
TEAM = f"""
customerId:
  "{MINE}": {{error: resourceNotFound}}
"""


def layer(directory: Path, content: str) -> str:
    directory.mkdir()
    (directory / "a.yaml").write_text(content, "utf-8")
    return str(directory)


def test_later_layers_win_and_what_ships_lies_below_all(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    base, team = layer(tmp_path / "base", BASE), layer(tmp_path / "team", TEAM)
    client = connect(serve("--scenarios", base, "--scenarios", team))
    asked = {number: client.ask({"customerId": number}).status_code for number in (MINE, "100000000002", LUIS, FLAKY)}
    assert list(asked.values()) == [404, 422, 200, 500]
    health = client.control("GET", "/health").json()
    assert health["scenarios"]["layers"] == ["scenarios", base, team]
    assert health["lastReload"]["notes"] == [
        {"file": f"{team}/a.yaml", "line": 3, "message": f"customerId.{MINE}: hides {base}/a.yaml:3"}
    ]


def test_a_variable_names_layers_as_a_path_does(tmp_path: Path) -> None:
    base, team = layer(tmp_path / "base", BASE), layer(tmp_path / "team", TEAM)
    result = run("ask", "--customer-id", MINE, SANDBOX_SCENARIOS=os.pathsep.join([base, team]))
    assert result.stdout.startswith("HTTP/1.1 404")
    assert run("ask", "--customer-id", MINE, SANDBOX_SCENARIOS=base).stdout.startswith("HTTP/1.1 200")


def test_what_ships_can_be_left_out_and_magic_values_stay(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    client = connect(serve("--no-built-in", "--scenarios", layer(tmp_path / "base", BASE)))
    assert client.ask({"customerId": LUIS}).headers["x-sandbox-rule"] == "synthetic_customer"
    assert client.ask({"customerId": FLAKY}).headers["x-sandbox-rule"] == "synthetic_customer"
    assert client.ask({"customerId": "999900000404"}).status_code == 404
    assert client.ask({"customerId": MINE}, X_Sandbox_Scenario="flaky").status_code == 400
    assert "1 file and the shipped magic values, " in run("check", "--no-built-in", str(tmp_path / "base")).stdout


def test_saving_a_file_of_any_layer_counts_within_a_second(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    base, team = layer(tmp_path / "base", BASE), layer(tmp_path / "team", TEAM)
    client = connect(serve("--scenarios", base, "--scenarios", team))
    for directory, content, expected in ((team, "named: {}", 200), (base, TEAM, 404)):
        (Path(directory) / "a.yaml").write_text(content, "utf-8")
        eventually(lambda expected=expected: client.ask({"customerId": MINE}).status_code == expected)  # type: ignore[misc]


def test_check_says_what_hides_what_and_what_was_left_alone(tmp_path: Path) -> None:
    own = layer(tmp_path / "own", f"customerId: {{'{LUIS}': {{error: 404}}}}\n")
    (Path(own) / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    result = run("check", own)
    assert result.returncode == 0
    assert result.stdout.startswith("1 file and what ships, ")
    assert result.stderr.splitlines() == [
        f"note: {own}/a.yaml:1:1: customerId.{LUIS}: hides scenarios/documented-example.yaml:4",
        f"note: {own}/compose.yaml:1:1: is no scenario file, having none of customerId, cardNumber, named, companion;"
        " it was left alone",
    ]


def test_customers_of_ones_own_files_come_before_those_that_ship(tmp_path: Path) -> None:
    found = json.loads(run("customers", "--scenarios", layer(tmp_path / "base", BASE), "-n", "2", "--json").stdout)
    assert [each["customerId"] for each in found] == [MINE, "100000000101"]
