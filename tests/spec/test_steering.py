"""The commands that steer a running sandbox, as somebody at a shell has them."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from sandbox.cli import main

from .conftest import Client, Connect, Serve, Server

LUIS = "321116471234"


class Said(NamedTuple):
    code: int
    out: str
    err: str


Steer = Callable[..., Said]


@pytest.fixture
def steer(client: Client, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Steer:
    """Run a command in the space of the client, as its environment says."""
    monkeypatch.setenv("SANDBOX_URL", server.url)
    monkeypatch.setenv("SANDBOX_CLIENT_ID", client.space)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["segment-sandbox", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Said(end.value.code, captured.out, captured.err)

    return run


def loads(said: Said) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_an_override_is_placed_listed_saved_and_removed(steer: Steer, client: Client, tmp_path: Path) -> None:
    where = f"in the space {client.space}"
    placed = steer("override", "set", LUIS, "--error", "serverUnavailable", "--times", "2")
    assert placed == (0, f"placed {where}: customerId {LUIS}: error serverUnavailable, times 2\n", "")
    assert [client.ask({"customerId": LUIS}).status_code for _ in range(3)] == [500, 500, 200]
    assert loads(steer("override", "list", "--json"))[0]["left"] == 0
    assert steer("override", "list").out.splitlines()[1].startswith(f"customerId {LUIS}")
    saved = tmp_path / "new" / "tried.yaml"
    assert steer("snapshot", "-o", str(saved)).out == ""
    assert yaml.safe_load(saved.read_bytes())["customerId"] == {LUIS: {"error": "serverUnavailable", "times": 2}}
    assert steer("override", "remove", LUIS).code == 0
    assert steer("override", "list").out == f"no override {where}\n"
    again = steer("override", "remove", LUIS)
    assert (again.code, again.err) == (
        1,
        f"segment-sandbox: there is no override for customerId {LUIS} in {client.space}\n",
    )


@pytest.mark.parametrize(
    ("words", "where", "entry"),
    [
        ([LUIS, "--fault", "connectionReset"], "customerId", {"fault": "connectionReset"}),
        (["32*", "--error", "503", "--delay", "1s"], "customerId", {"error": "503", "delay": "1s"}),
        (["32*", "--card", "--synthetic"], "cardNumber", {"customer": "synthetic"}),
        (
            ["4969452123456110", "--customer-segment", "40", "--birthday", "today", "--name", "Ana"],
            "cardNumber",
            {"customer": {"fullName": "Ana", "customerSegment": "40", "birthday": "today"}},
        ),
        (["token", "--delay", "200ms", "--expires", "10m"], "companion", {"delay": "200ms", "expires": "10m"}),
    ],
)
def test_an_override_is_said_in_words(steer: Steer, words: list[str], where: str, entry: dict[str, Any]) -> None:
    placed = loads(steer("override", "set", *words, "--json"))
    assert placed[where] == words[0]
    assert placed["entry"] == entry
    assert steer("override", "clear").code == 0


def test_an_override_is_read_from_a_file(steer: Steer, tmp_path: Path) -> None:
    file = tmp_path / "entry.yaml"
    file.write_text("sequence: [{error: 503, times: 2}, {customer: synthetic}]")
    placed = loads(steer("override", "set", LUIS, "--file", str(file), "--json"))
    assert len(placed["entry"]["sequence"]) == 2
    both = steer("override", "set", LUIS, "--file", str(file), "--error", "404")
    assert (both.code, "leave the other options out" in both.err) == (2, True)


def test_a_card_number_is_never_written_whole(steer: Steer) -> None:
    card = "4111111111111111"
    said = steer("override", "set", card, "--error", "404").out + steer("override", "list").out
    said += steer("override", "remove", card).out
    assert card not in said
    assert said.count("411111******1111") == 3


def test_the_clock_is_set_advanced_and_released(steer: Steer, client: Client) -> None:
    assert "MX 2028-02-29" in steer("clock", "set", "2028-02-29").out
    assert "standing still, set by: space" in steer("clock", "show").out
    assert "MX 2028-03-01" in steer("clock", "advance", "P1D").out
    assert "MX 2028-02-16" in steer("clock", "advance", "-P2W").out
    assert loads(steer("clock", "set", "2028-02-29", "--ticking", "--json"))["ticking"] is True
    assert "set by: machine" in steer("clock", "release").out


def test_the_profile_is_set_and_released(steer: Steer) -> None:
    assert steer("profile", "set", "strict", "--live-texts").out.startswith("strict: checks clients, tokens, uuid, sid")
    assert loads(steer("profile", "show", "--json"))["liveTexts"] is True
    assert steer("profile", "release").out.startswith("lenient")


def test_calls_are_shown_verified_and_covered(steer: Steer, client: Client) -> None:
    client.ask({"customerId": LUIS})
    client.ask({"customerId": "999900000404"})
    first, second = steer("calls").out.splitlines()
    assert f"retrieve-customer-segment {LUIS} 200" in first
    assert " 404 " in second
    assert [call["status"] for call in loads(steer("calls", "--status", "404", "--json"))] == [404]
    assert steer("verify", "--customer-id", LUIS, "--exactly", "1").code == 0
    missed = steer("verify", "--status", "500", "--json")
    assert (missed.code, json.loads(missed.out)["verified"]) == (1, False)
    assert "resourceNotFound" in steer("coverage").out
    assert loads(steer("coverage", "--json"))["errors"]["resourceNotFound"] == 1


def test_calls_are_followed_as_they_come(client: Client, server: Server) -> None:
    client.ask({"customerId": LUIS})
    command = [sys.executable, "-m", "sandbox", "calls", "--follow", "--json", "--url", server.url]
    with subprocess.Popen([*command, "--space", client.space], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["customerId"] == LUIS
        client.ask({"customerId": "999900000404"})
        assert select.select([process.stdout], [], [], 20)[0]
        assert json.loads(process.stdout.readline())["status"] == 404
        process.terminate()


def test_spaces_are_listed_and_reset(steer: Steer, client: Client) -> None:
    client.ask({"customerId": LUIS})
    assert any(row.startswith(client.space) for row in steer("spaces").out.splitlines())
    assert steer("reset").out == f"the space {client.space} is as started\n"
    assert loads(steer("calls", "--json")) == []
    undecided = steer("reset", "--space", "*")
    assert (undecided.code, "--everything" in undecided.err) == (2, True)


def test_everything_is_reset_and_files_are_read_again(steer: Steer, serve: Serve, connect: Connect) -> None:
    server = serve(scenarios='customerId: {"100000000017": {error: 404}}')
    client = connect(server)
    client.ask({"customerId": LUIS})
    assert steer("reset", "--everything", "--url", server.url).code == 0
    assert client.control("GET", "/spaces/*/exchanges").json()["count"] == 0
    assert "no mistake" in steer("reload", "--url", server.url).out


def test_mistakes_of_a_reload_are_printed(steer: Steer, serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text('customerId: {"100000000017": {error: 404}}')
    server = serve("--no-watch", scenarios=tmp_path)
    (tmp_path / "own.yaml").write_text('customerId: {"100000000017": {eror: 404}}')
    found = steer("reload", "--url", server.url)
    assert found.code == 1
    assert "own.yaml:1" in found.out
    assert "did you mean" in found.out


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["calls", "--url", "http://127.0.0.1:1"], 1, "is the sandbox running"),
        (["calls", "--url", "127.0.0.1:8080"], 2, "expected one such as http://127.0.0.1:8080"),
        (["calls", "--cacert", __file__], 2, "holds no certificate"),
        (["override", "set", LUIS], 2, "say what shall be answered"),
        (["override", "set", LUIS, "--delay", "1s"], 2, "say what shall be answered"),
        (["override", "set", LUIS, "--error", "serverUnavailabel"], 2, "did you mean serverUnavailable"),
        (["override", "set", "nobody", "--error", "404"], 2, "nobody"),
        (["override", "set", LUIS, "--file", "/nowhere"], 1, "/nowhere: No such file"),
        (["clock", "set", "soon"], 2, "found 'soon'"),
        (["profile", "set", "strickt"], 2, "did you mean strict"),
        (["profile", "set"], 2, "such as strict"),
        (["calls", "--code", "nope"], 2, "code: found 'nope'"),
        (["completion", "tcsh"], 2, "'bash', 'zsh', 'fish'"),
    ],
)
def test_what_can_not_be_done_is_one_line(steer: Steer, arguments: list[str], code: int, hint: str) -> None:
    said = steer(*arguments)
    assert (said.code, said.out, said.err.count("\n")) == (code, "", 1), said
    assert hint in said.err


def test_a_control_token_is_asked_for_and_used(steer: Steer, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(SANDBOX_CONTROL_TOKEN="let-me-in-please")
    monkeypatch.setenv("SANDBOX_URL", server.url)
    refused = steer("spaces")
    assert (refused.code, "--token or SANDBOX_CONTROL_TOKEN" in refused.err) == (1, True)
    monkeypatch.setenv("SANDBOX_CONTROL_TOKEN", "let-me-in-please")
    assert steer("spaces").code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(steer: Steer, shell: str) -> None:
    assert f"_SEGMENT_SANDBOX_COMPLETE={shell}_complete" in steer("completion", shell).out


def test_commands_are_completed() -> None:
    asked = {"_SEGMENT_SANDBOX_COMPLETE": "bash_complete", "COMP_WORDS": "segment-sandbox overr", "COMP_CWORD": "1"}
    command = [str(Path(sys.executable).parent / "segment-sandbox")]
    result = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert result.stdout == "plain,override\n"
