"""The control API: one running sandbox, steered and questioned."""

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from .conftest import ERRORS, HEADERS, Client, Connect, Serve, Server, assert_documented_error

LUIS = {"customerId": "321116471234"}
OVERRIDE = "/spaces/{space}/overrides/customerId/321116471234"


def assert_problem(response: httpx2.Response, status: int, *hints: str) -> None:
    body = response.json()
    assert (response.status_code, body["status"]) == (status, status)
    assert response.headers["content-type"].startswith("application/problem+json")
    for hint in hints:
        assert hint in body["detail"]


def birthday(client: Client, **headers: str) -> bool:
    """Tell whether Ana Soto, born on 14 March, has a birthday."""
    flag: bool = client.ask({"customerId": "100000000103"}, **headers).json()["customer"]["birthdayTodayFlag"]
    return flag


def test_an_override_beats_the_file_until_it_is_used_up_or_taken_away(client: Client) -> None:
    client.control("PUT", OVERRIDE, json={"error": "serverUnavailable", "times": 2})
    rules = [client.ask(LUIS).headers["x-sandbox-rule"] for _ in range(3)]
    assert rules == ["override", "override", "scenario_file"]
    client.control("PUT", OVERRIDE, json={"error": "serverUnavailable", "times": 1})
    assert client.ask(LUIS).headers["x-sandbox-rule"] == "override"
    client.control("PUT", OVERRIDE, json={"error": "resourceNotFound"})
    assert_documented_error(client.ask(LUIS), "resourceNotFound", "customerId")
    assert client.control("DELETE", OVERRIDE).status_code == 204
    assert client.ask(LUIS).status_code == 200
    assert_problem(client.control("DELETE", OVERRIDE), 404)


def test_an_override_expires(client: Client) -> None:
    assert client.control("PUT", OVERRIDE, json={"error": "resourceNotFound", "expires": "300ms"}).json()["expiresAt"]
    assert client.ask(LUIS).status_code == 404
    deadline = time.monotonic() + 5
    while client.ask(LUIS).status_code == 404:
        assert time.monotonic() < deadline
    assert client.control("GET", "/spaces/{space}/overrides").json() == []


def test_an_override_may_be_yaml_and_its_snapshot_is_a_scenario_file(client: Client, tmp_path: Path) -> None:
    entry = "sequence: [{error: serverUnavailable, times: 2}, {customer: {fullName: Zoë, customerSegment: 07}}]"
    path = "/spaces/{space}/overrides/cardNumber/5500*"
    client.control("PUT", path, content=entry.encode(), headers={"content-type": "application/yaml"})
    client.control("PUT", OVERRIDE, json={"cardNumber": "4969452123456110", "customer": "synthetic", "expires": "1m"})
    answers = [client.ask({"cardNumber": "5500000000000004"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [500, 500, 200]
    assert answers[2].json()["customer"]["customerSegment"] == "07"
    snapshot = client.control("GET", "/spaces/{space}/overrides", headers={"accept": "application/yaml"})
    (tmp_path / "tried.yaml").write_bytes(snapshot.content)
    command = [sys.executable, "-m", "sandbox", "check", str(tmp_path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_an_override_for_all_holds_where_a_space_says_nothing(serve: Serve, connect: Connect) -> None:
    server = serve()
    one, other = connect(server), connect(server)
    one.control("PUT", OVERRIDE.replace("{space}", "*"), json={"error": "resourceNotFound"})
    one.control("PUT", OVERRIDE, json={"error": "serverUnavailable"})
    assert [one.ask(LUIS).status_code, other.ask(LUIS).status_code] == [500, 404]
    one.control("POST", "/reset")
    assert [one.ask(LUIS).status_code, other.ask(LUIS).status_code] == [200, 200]


@pytest.mark.parametrize(
    ("path", "entry", "hint"),
    [
        (OVERRIDE, {"eror": "x"}, "did you mean error?"),
        (OVERRIDE, {"error": "resourceNotFoud"}, "did you mean resourceNotFound?"),
        (OVERRIDE, {"error": "resourceNotFound", "customer": "synthetic"}, "exactly one of"),
        (OVERRIDE, {"customer": {"customerSegment": 20}}, "in quotes"),
        (OVERRIDE, {"customer": {"birthday": "02-30"}}, "a day that exists"),
        (OVERRIDE, {"error": "resourceNotFound", "expires": "soon"}, "a duration"),
        (OVERRIDE, [], "expected"),
        (OVERRIDE, "x", "expected"),
        ("/spaces/{space}/overrides/customerId/32x", {"customer": "synthetic"}, "1 to 12 digits"),
        (
            "/spaces/{space}/overrides/named/x",
            {"customer": "synthetic"},
            "customerId, cardNumber, companion",
        ),
        ("/spaces/{space}/overrides/customerId/999900000404", {"customer": "synthetic"}, "the sandbox's own"),
        (OVERRIDE, {"cardNumber": "9999000000000404", "customer": "synthetic"}, "the sandbox's own"),
    ],
)
def test_a_wrong_override_is_a_problem_and_changes_nothing(client: Client, path: str, entry: object, hint: str) -> None:
    assert_problem(client.control("PUT", path, json=entry), 400, hint)
    assert client.ask(LUIS).status_code == 200


@pytest.mark.parametrize("body", [b'"\\ud800"', b'{"error": "x", "error": "y"}', b"{", b"\xff", b"[" * 5_000])
def test_a_body_that_is_not_json_is_a_problem(client: Client, body: bytes) -> None:
    for method, path in (("PUT", OVERRIDE), ("PUT", "/spaces/{space}/clock"), ("POST", "/explain")):
        assert_problem(client.control(method, path, content=body), 400, "the body ")


def test_a_clock_freezes_travels_and_is_released(client: Client) -> None:
    clock = "/spaces/{space}/clock"
    client.control("PUT", clock, json={"now": "2028-03-14T00:30:00-06:00"})
    assert birthday(client)
    client.control("PUT", clock, json={"advance": "-PT1H"})
    assert not birthday(client)
    client.control("PUT", clock, json={"advance": "P1D"})
    assert birthday(client)
    shown = client.control("GET", clock).json()
    assert (shown["now"], shown["ticking"]) == ("2028-03-15T05:30:00.000Z", False)
    assert (shown["today"]["MX"], shown["today"]["ES"]) == ("2028-03-14", "2028-03-15")
    client.control("PUT", clock, json={"now": "2028-03-14T00:30:00-06:00", "ticking": True})
    assert client.control("GET", clock).json()["ticking"]
    assert client.control("DELETE", clock).json()["setBy"] == "machine"


def test_a_clock_belongs_to_its_space(client: Client) -> None:
    client.control("PUT", "/spaces/{space}/clock", json={"now": "2028-03-14T12:00:00Z"})
    assert birthday(client)
    assert not birthday(client, client_id="somebody-else", X_Sandbox_Date="2027-01-01")
    timestamp = client.ask({"customerId": "1"}).json()["timestamp"]
    assert timestamp == "2028-03-14T12:00:00.000Z"


@pytest.mark.parametrize(
    "wish",
    [{}, [], "x", {"nwo": "x"}, {"now": "x"}, {"now": "2028-03-14"}, {"now": "2028-03-14T12:00:00"}, {"now": 5},
     {"advance": ""}, {"advance": "P"}, {"advance": "P1DT"}, {"advance": "P1Y"}, {"advance": "P999999D"},
     {"advance": "P1D", "now": "2028-03-14T12:00:00Z"}, {"now": "2028-03-14T12:00:00Z", "ticking": []},
     {"now": "2028-03-14T12:00:00Z", "ticking": 1}],
)  # fmt: skip
def test_a_wrong_clock_is_a_problem(client: Client, wish: object) -> None:
    assert_problem(
        client.control("PUT", "/spaces/{space}/clock", json=wish), 400, "expected" if wish != {"nwo": "x"} else ""
    )


def journal(client: Client, **query: Any) -> list[dict[str, Any]]:
    found = client.control("GET", "/spaces/{space}/exchanges", params=query).json()
    exchanges: list[dict[str, Any]] = found["exchanges"]
    return exchanges


def test_a_call_is_in_the_journal_for_the_very_next_request(client: Client) -> None:
    for number in range(50):
        answer = client.ask(LUIS, uuid=f"call {number}")
        newest = journal(client, limit=1)[0]
        assert (str(newest["id"]), newest["status"]) == (answer.headers["x-sandbox-exchange"], 200)
    assert len(journal(client)) == 50


def test_the_journal_masks_what_is_secret_and_finds_it_all_the_same(client: Client) -> None:
    card, token = "9990845930481187", "secret-token-abcdefghij"
    client.ask({"cardNumber": card}, Authorization=f"Bearer {token}", sid=f"x{card}y")
    client.ask({"cardNumber": "9990415946346015"})
    shown = json.dumps(client.control("GET", "/spaces/{space}/exchanges").json())
    assert card not in shown
    assert token not in shown
    assert "999084******1187" in shown
    assert len(journal(client, cardNumber=card)) == 1
    assert journal(client, cardNumber="9990845930481188") == []


@pytest.mark.parametrize("client_id", ["ñandú by hand", "x" * 300, "a b*?"])
def test_a_space_is_addressed_by_the_client_id_that_was_sent(server: Server, connect: Connect, client_id: str) -> None:
    client = connect(server)
    space = quote(client_id, safe="")
    client.control("PUT", OVERRIDE.replace("{space}", space), json={"error": "resourceNotFound"})
    assert client.ask(LUIS, client_id=client_id).status_code == 404
    assert client.control("GET", f"/spaces/{space}/exchanges").json()["count"] == 1


@pytest.mark.parametrize(
    ("place", "text"),
    [("X-Api-Key", "abcdefghijklmnopqrstuvwxyz"), ("sid", "Bearer abcdefghijklmnop"), ("uuid", "4111-1111-1111-1111"),
     ("ChannelId", "Bearer abcdefghijklmnop"), ("X-4111111111111111", "x"), ("Authorization", "Bearer abcdef")],
)  # fmt: skip
def test_no_secret_is_kept_wherever_it_stands(client: Client, place: str, text: str) -> None:
    client.ask(LUIS, **{place: text})
    client.ask(b'{"cardNumber": "' + rb"\u0034\u0031" + b'11111111111111"}')
    shown = json.dumps(journal(client)).lower()
    for secret in ("abcdefghij", 'abcdef"', "4111-1111-1111-1111", "4111111111111111", "\\u0034"):
        assert secret not in shown


def test_the_journal_is_filtered_and_cleared(client: Client) -> None:
    client.ask(LUIS, uuid="u1")
    client.ask({"customerId": "999900000404"}, uuid="u2")
    client.http.get("/v1/customers/segments/retrieve", headers={"client_id": client.space})
    for query, count in (
        ({"status": 404}, 1),
        ({"code": "resourceNotFound"}, 1),
        ({"rule": "scenario_file"}, 2),
        ({"rule": "http", "method": "GET"}, 1),
        ({"customerId": LUIS["customerId"]}, 1),
        ({"uuid": "u2"}, 1),
        ({"since": "2000-01-01T00:00:00Z"}, 3),
        ({"until": "2000-01-01T00:00:00Z"}, 0),
    ):
        assert len(journal(client, **query)) == count, query
    assert_problem(client.control("GET", "/spaces/{space}/exchanges?sttus=1"), 400, "status")
    client.control("DELETE", "/spaces/{space}/exchanges")
    assert journal(client) == []


def test_a_journal_is_bounded(serve: Serve, connect: Connect) -> None:
    client = connect(serve("--journal-size", "5"))
    for number in range(8):
        client.ask(LUIS, uuid=str(number))
    assert [exchange["headers"]["uuid"] for exchange in journal(client)] == ["7", "6", "5", "4", "3"]


def test_one_can_wait_for_the_nth_call(client: Client) -> None:
    waiting = "/spaces/{space}/exchanges?wait=2&timeout=10s"
    with ThreadPoolExecutor() as pool:
        waiter = pool.submit(lambda: client.control("GET", waiting))
        client.ask(LUIS)
        client.ask(LUIS)
        assert waiter.result().json()["count"] == 2
    assert_problem(client.control("GET", "/spaces/{space}/exchanges?wait=3&timeout=50ms"), 408, "2 of 3")


def test_the_journal_is_streamed_and_resumed(client: Client) -> None:
    first = client.ask(LUIS).headers["x-sandbox-exchange"]
    client.ask(LUIS)
    path = f"/_sandbox/spaces/{client.space}/exchanges/stream"
    with client.http.stream("GET", path, headers={"last-event-id": first}) as stream:
        lines = stream.iter_lines()
        events = (json.loads(line[6:]) for line in lines if line.startswith("data: "))
        assert next(events)["id"] == int(first) + 1
        threading.Thread(target=client.ask, args=({"customerId": "999900000404"},)).start()
        assert next(events)["status"] == 404


def test_an_open_stream_does_not_hold_up_the_end(serve: Serve, connect: Connect) -> None:
    server = serve()
    client = connect(server)
    with client.http.stream("GET", "/_sandbox/spaces/*/exchanges/stream") as stream:
        assert next(stream.iter_lines()).startswith("retry")
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 2


def verify(client: Client, **wish: object) -> dict[str, object]:
    answer: dict[str, object] = client.control("POST", "/spaces/{space}/verify", json=wish).json()
    return answer


def test_verification_says_yes_or_what_came_closest(client: Client) -> None:
    client.ask({"customerId": "999900000500"})
    client.ask(LUIS)
    assert verify(client, match={"status": 200})["verified"]
    assert verify(client, match=LUIS, exactly=1)["verified"]
    assert verify(client, match={"status": 404}, exactly=0)["verified"]
    assert verify(client, match={}, atMost=2)["verified"]
    assert verify(client, inOrder=[{"status": 500}, {"status": 200}])["verified"]
    no = verify(client, match={"status": 200, "rule": "override"}, atLeast=1)
    assert not no["verified"]
    assert "rule: expected override, found scenario_file" in str(no["message"])
    assert "not after those before it" in str(verify(client, inOrder=[{"status": 200}, {"status": 500}])["message"])


@pytest.mark.parametrize(
    "wish",
    [{"match": {"rule": "nope"}}, {"match": {"code": "resourceNotfound"}}, {"match": {"status": "abc"}},
     {"match": {"status": [200]}}, {"match": {"code": None}}, {"match": {"x": 1}}, {"match": []}, {"exactly": -1},
     {"exactly": 1, "atMost": 2}, {"inOrder": []}, {"y": 1}],
)  # fmt: skip
def test_a_wrong_expectation_is_a_problem(client: Client, wish: dict[str, object]) -> None:
    assert_problem(client.control("POST", "/spaces/{space}/verify", json=wish), 400)


def test_coverage_says_what_was_exercised_and_what_the_caller_could_do_better(client: Client) -> None:
    client.ask({"customerId": "999900000404"})
    client.ask({"customerId": "999900000404"}, channel_id="IVR")
    client.ask({"cardNumber": "4111111111111111"}, uuid="another")
    coverage = client.control("GET", "/spaces/{space}/coverage").json()
    assert coverage["errors"]["resourceNotFound"] == 2
    assert set(coverage["neverSeen"]["errors"]) == set(ERRORS) - {"resourceNotFound"}
    found = {finding["finding"] for finding in coverage["findings"]}
    assert found == {"uuid reused", "optional header missing", "header spelt otherwise", "real card number"}


def test_explain_says_which_rule_answers_and_which_it_beats_without_counting(client: Client) -> None:
    flaky = {"customerId": "100000000201"}
    headers = {**HEADERS, "client_id": client.space}
    for _ in range(3):
        explained = client.control("POST", "/explain", json={"headers": headers, "body": flaky}).json()
        assert (explained["rule"], explained["status"]) == ("scenario_file", 500)
        assert "recipes.yaml" in explained["scenario"]
        assert "synthetic_customer" in [rule["rule"] for rule in explained["beats"]]
    assert client.ask(flaky).status_code == 500
    assert len(journal(client)) == 1


def test_a_fresh_customer_is_never_handed_out_twice(client: Client) -> None:
    wish = {"birthday": "today", "segment": "40", "country": "BR"}
    found = [client.control("POST", "/customers", json=wish).json() for _ in range(5)]
    assert len({customer["customerId"] for customer in found}) == 5
    for customer in found:
        answer = client.ask({"customerId": customer["customerId"]}, countryCode="BR").json()["customer"]
        assert (answer["customerSegment"], answer["birthdayTodayFlag"]) == ("40", True)
    assert_problem(client.control("POST", "/customers", json={"segment": "99"}), 400, "10, 20, 30, 40")


def test_a_space_is_reset(client: Client) -> None:
    client.control("PUT", OVERRIDE, json={"error": "resourceNotFound"})
    client.control("PUT", "/spaces/{space}/clock", json={"now": "2028-03-14T12:00:00Z"})
    client.ask({"customerId": "100000000201"})
    client.control("DELETE", "/spaces/{space}")
    assert client.ask(LUIS).status_code == 200
    assert client.ask({"customerId": "100000000201"}).headers["x-sandbox-reason"].count("call 1") == 1
    summary = client.control("GET", "/spaces/{space}").json()
    assert (summary["exchanges"], summary["overrides"], summary["clock"]["setBy"]) == (2, 0, "machine")


def test_spaces_are_bounded_and_forget_themselves(serve: Serve, connect: Connect) -> None:
    client = connect(serve("--most-spaces", "3", "--space-idle", "200ms"))

    def spaces() -> list[str]:
        return [space["space"] for space in client.control("GET", "/spaces").json()]

    for name in "abcde":
        client.ask(LUIS, client_id=name)
    assert spaces() == ["*", "c", "d", "e"]
    deadline = time.monotonic() + 5
    while spaces() != ["*"]:
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"host": "evil.example"}, "Host"),
        ({"origin": "https://evil.example"}, "Origin"),
        ({"origin": "null"}, "Origin"),
        ({"origin": "http://["}, "Origin"),
    ],
)
def test_no_web_page_steers_a_sandbox_on_loopback(client: Client, headers: dict[str, str], detail: str) -> None:
    assert_problem(client.control("POST", "/reset", headers=headers), 403, detail)
    assert client.control("GET", "/health", headers=headers).status_code == 200


def test_beyond_loopback_a_token_is_wanted(serve: Serve, connect: Connect) -> None:
    server = serve("--host", "0.0.0.0")
    client = connect(server)
    token = server.greeting.partition("control token: ")[2].split()[0]
    assert_problem(client.control("GET", "/spaces"), 401, "token")
    assert_problem(client.control("GET", "/spaces", headers={"authorization": "Bearer x"}), 401)
    assert client.control("GET", "/spaces", headers={"authorization": f"Bearer {token}"}).status_code == 200
    assert client.control("GET", "/health").status_code == 200
    assert client.ask(LUIS).status_code == 200
    assert token not in server.log


def test_the_control_api_can_be_taken_away(serve: Serve, connect: Connect) -> None:
    client = connect(serve("--control", "off"))
    assert_problem(client.control("GET", "/spaces"), 404)
    assert client.control("GET", "/health").status_code == 200


@pytest.mark.parametrize(("setting", "status"), [("allow", 200), ("warn", 200), ("refuse", 400)])
def test_a_card_that_looks_real_is_warned_of_or_refused(
    serve: Serve, connect: Connect, setting: str, status: int
) -> None:
    response = connect(serve("--real-cards", setting)).ask({"cardNumber": "4111111111111111"})
    assert response.status_code == status
    assert ("x-sandbox-warning" in response.headers) == (setting != "allow")
