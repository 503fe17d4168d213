"""Spaces appear, are listed, and are reset to as-started."""

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.spec.conftest import Serve, eventually

from .conftest import NUMBER, Caller, Join, assert_problem

FLAKY = "100000000201"  # the recipe that fails twice and then works


def change_everything(caller: Caller) -> None:
    caller.override(NUMBER, {"error": "resourceNotFound"})
    caller.put("/clock", {"now": "2028-03-14T09:00:00Z"})
    caller.call()
    assert [caller.call(FLAKY).status_code for _ in range(3)] == [500, 500, 200]


def assert_as_started(caller: Caller) -> None:
    assert caller.get("/overrides") == []
    assert caller.get("/clock")["setBy"] == "machine"
    assert caller.exchanges() == []
    assert caller.get("/coverage")["findings"] == []
    assert set(caller.get("/coverage")["errors"].values()) == {0}
    assert [caller.call(FLAKY).status_code for _ in range(3)] == [500, 500, 200]
    assert caller.call().status_code == 200


def test_a_reset_makes_a_space_as_started_and_no_other(tester: Caller, other: Caller) -> None:
    change_everything(tester)
    change_everything(other)
    assert tester.steer("DELETE").status_code == 204
    assert_as_started(tester)
    assert len(other.get("/overrides")) == 1
    assert other.get("/clock")["setBy"] == "space"
    assert other.get("/exchanges")["count"] == 4
    assert other.call(FLAKY).status_code == 200


def test_an_override_used_up_before_the_reset_is_new_behind_it(tester: Caller) -> None:
    for _ in range(2):
        tester.override(NUMBER, {"error": "serverUnavailable", "times": 1})
        assert [tester.call().status_code for _ in range(2)] == [500, 200]
        tester.steer("DELETE")


def test_resetting_everything_resets_every_space_and_the_one_for_all(serve: Serve, join: Join) -> None:
    server = serve()
    everybody, *callers = join(server, "*"), join(server), join(server)
    everybody.put("/clock", {"now": "2028-03-14T09:00:00Z"})
    everybody.override("100000000302", {"error": "resourceNotFound"})
    for caller in callers:
        change_everything(caller)
    assert everybody.control("POST", "/reset").status_code == 204
    assert [space["space"] for space in everybody.control("GET", "/spaces").json()] == ["*"]
    for caller in callers:
        assert_as_started(caller)
        assert caller.call("100000000302").status_code == 200


def test_a_space_that_was_never_used_can_be_reset(tester: Caller) -> None:
    assert tester.steer("DELETE").status_code == 204


def test_a_space_appears_with_its_first_call_and_tells_what_it_holds(tester: Caller) -> None:
    assert_problem(tester.steer("GET"), 404, tester.space)
    change_everything(tester)
    summary = tester.get()
    assert (summary["space"], summary["exchanges"], summary["overrides"]) == (tester.space, 4, 1)
    assert summary["clock"] == tester.get("/clock")
    assert summary in tester.control("GET", "/spaces").json()


@pytest.mark.parametrize(
    "client_id",
    [
        "name with spaces",
        "ñandú",
        "a%b",
        "a%2Fb",
        "?#&=+",
        ".hidden",
        "team/app",
        "/",
        "a/clock",
        "x" * 100,
        "x" * 101,
        "x" * 500,
    ],
)
def test_any_client_id_is_a_space(tester: Caller, client_id: str) -> None:
    path = f"/_sandbox/spaces/{quote(client_id, safe='')}"
    tester.ask({"customerId": NUMBER}, client_id=client_id)
    summary = tester.http.get(path).json()
    assert (summary.get("space", "")[:60], summary.get("exchanges")) == (client_id[:60], 1)


def test_a_client_id_of_a_star_is_not_the_space_for_all(serve: Serve, join: Join) -> None:
    server = serve()
    caller = join(server, "*")
    caller.call()
    spaces = {space["space"]: space["exchanges"] for space in caller.control("GET", "/spaces").json()}
    assert spaces == {"*": 0, "client_id *": 1}


def test_spaces_are_bounded_and_forget_themselves(serve: Serve, join: Join) -> None:
    caller = join(serve("--max-spaces", "3", "--space-idle", "500ms"))

    def spaces() -> list[str]:
        return [space["space"] for space in caller.control("GET", "/spaces").json()]

    for name in "abcde":
        caller.call(client_id=name)
    assert spaces() == ["*", "c", "d", "e"]
    eventually(lambda: spaces() == ["*"])


def test_a_call_without_a_client_id_belongs_to_the_anonymous(tester: Caller) -> None:
    number = tester.call(client_id=None).headers["x-sandbox-exchange"]
    assert tester.control("GET", f"/spaces/anonymous/exchanges/{number}").json()["status"] == 401


def test_files_can_be_read_again_and_a_broken_set_is_not_used(serve: Serve, join: Join, tmp_path: Path) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(f"customerId: {{'{NUMBER}': {{error: resourceNotFound}}}}")
    tester = join(serve("--no-watch", scenarios=tmp_path))
    tester.override("100000000302", {"error": "accessNotConfigured"})
    assert tester.call().status_code == 404
    file.write_text(f"customerId: {{'{NUMBER}': {{error: businessValidationFailed}}}}")
    assert tester.call().status_code == 404
    assert tester.control("POST", "/reload").json()["ok"] is True
    assert tester.call().status_code == 422
    file.write_text(f"customerId: {{'{NUMBER}': {{eror: resourceNotFound}}}}")
    reload = tester.control("POST", "/reload").json()
    assert reload["ok"] is False
    assert "eror" in reload["mistakes"][0]["message"]
    assert [tester.call(number).status_code for number in (NUMBER, "100000000302")] == [422, 403]
