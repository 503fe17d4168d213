"""The journal: searched, awaited, bounded, masked and streamed."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Queue

import httpx2
import pytest

from sandbox.runtime import Sandbox
from sandbox.server.server import Server as InProcess
from sandbox.settings import Settings
from sandbox.state.journal import MAX_TEXT
from tests.spec.conftest import PATH, Serve, Server, eventually

from .conftest import NUMBER, Caller, Join, assert_problem

CARD = "4969452123456110"
END = b"\r\n0\r\n\r\n"  # the last chunk: a clean end
SECRET = "abcdef-0123456789-secret"


def ids(caller: Caller, **parameters: str | int) -> list[int]:
    return [exchange["id"] for exchange in caller.exchanges(**parameters)]


def test_a_call_is_there_for_the_very_next_request(tester: Caller) -> None:
    for _ in range(200):
        reply = tester.call()
        newest = tester.exchanges(limit=1)[0]
        assert newest["id"] == int(reply.headers["x-sandbox-exchange"])
        assert newest["reply"] == reply.text


def test_the_newest_comes_first_and_the_count_tells_of_all(tester: Caller) -> None:
    calls = [int(tester.call().headers["x-sandbox-exchange"]) for _ in range(5)]
    assert ids(tester) == calls[::-1]
    page = tester.get("/exchanges", limit=2)
    assert page["count"] == 5
    assert [exchange["id"] for exchange in page["exchanges"]] == calls[:-3:-1]


def test_an_exchange_says_what_was_asked_and_what_was_decided(tester: Caller) -> None:
    reply = tester.call(
        "100000000103", uuid="one-of-a-kind", X_Sandbox_Delay="10ms", X_Sandbox_Fault="wrongContentType"
    )
    found = tester.get(f"/exchanges/{reply.headers['x-sandbox-exchange']}")
    assert found == tester.exchanges()[0]
    expected = {
        "space": tester.space,
        "method": "POST",
        "path": PATH,
        "customerId": "100000000103",
        "cardNumber": None,
        "status": 200,
        "rule": "scenario_file",
        "code": None,
        "delay": 0.01,
        "fault": "wrongContentType",
        "violations": [],
        "reason": reply.headers["x-sandbox-reason"],
        "reply": reply.text,
    }
    assert {name: found[name] for name in expected} == expected
    assert json.loads(found["body"]) == {"customerId": "100000000103"}
    assert found["headers"]["uuid"] == "one-of-a-kind"
    assert found["scenario"].startswith("scenarios/branch-demo.yaml:")


def test_an_exchange_lists_all_violations(tester: Caller) -> None:
    tester.call(ChannelId=None, countryCode="XX")
    locations = [violation["location"] for violation in tester.exchanges()[0]["violations"]]
    assert {"ChannelId", "countryCode"} <= set(locations)


def test_calls_that_are_none_of_the_apis_are_there_too(tester: Caller) -> None:
    assert tester.http.get(PATH, headers={"client_id": tester.space}).status_code == 405
    newest = tester.exchanges()[0]
    assert (newest["rule"], newest["method"], newest["status"]) == ("http", "GET", 405)


def test_every_filter_finds_the_calls_that_it_means_and_no_other(tester: Caller) -> None:
    tester.call("100000000103", uuid="first")
    tester.call("999900000404", uuid="second")
    tester.ask({"cardNumber": "9990142921876840"}, "/api" + PATH, uuid="third")
    tester.ask({"cardNumber": CARD}, uuid=CARD, X_Sandbox_Fault="wrongContentType")
    tester.call(Authorization=None, uuid="fifth")
    tester.http.get(PATH, headers={"client_id": tester.space, "uuid": "sixth"})
    exchanges = tester.exchanges()
    assert len(exchanges) == 6
    for exchange in exchanges:
        found_by = {name: exchange[name] for name in ("method", "path", "status", "rule")}
        found_by |= {name: exchange[name] for name in ("code", "fault", "scenario", "customerId") if exchange[name]}
        for name, value in found_by.items():
            expected = [each["id"] for each in exchanges if each[name] == value]
            assert ids(tester, **{name: value}) == expected, name
    last_but_two = exchanges[2]["id"]
    assert ids(tester, cardNumber=CARD) == ids(tester, uuid=CARD) == [last_but_two]
    assert ids(tester, cardNumber="9990142921876840") == [exchanges[3]["id"]]
    assert ids(tester, uuid="fifth") == [exchanges[1]["id"]]
    assert ids(tester, cardNumber="4969452123456111") == []
    assert ids(tester, status=200, rule="scenario_file", customerId="100000000103") == [exchanges[5]["id"]]


def test_the_moment_that_a_call_shows_finds_it(tester: Caller) -> None:
    tester.ask({"customerId": "100000000301"})
    (exchange,) = tester.exchanges()
    assert ids(tester, since=exchange["at"]) == ids(tester, until=exchange["at"]) == [exchange["id"]]


def test_since_and_until_are_moments(tester: Caller) -> None:
    moments = ["2000"]
    for _ in range(3):
        eventually(lambda: tester.call().is_success and tester.exchanges(limit=1)[0]["at"] > moments[-1])
        moments.append(tester.exchanges(limit=1)[0]["at"])
    middle = moments[2]
    later, earlier = ids(tester, since=middle), ids(tester, until=middle)
    for exchange in tester.exchanges():
        if exchange["at"] != middle:  # which has milliseconds only
            found = exchange["id"] in later, exchange["id"] in earlier
            assert found == (exchange["at"] > middle, exchange["at"] < middle)
    assert ids(tester, since="2999-01-01") == ids(tester, until="2000-01-01") == []
    assert len(ids(tester, since="2000-01-01", until="2999-01-01")) == len(tester.exchanges())
    assert ids(tester, since="2999-01-01T00:00:00Z") == ids(tester, until="2000-01-01T00:00:00+02:00") == []


@pytest.mark.parametrize(
    "query",
    ["colour=red", "since=yesterday", "until=2028-01-32", "limit=many", "limit=-1", "wait=x", "wait=1&timeout=soon"],
)
def test_a_question_that_can_not_be_understood_is_a_problem(tester: Caller, query: str) -> None:
    assert_problem(tester.steer("GET", f"/exchanges?{query}"), 400)


def test_an_exchange_that_is_not_there_is_a_problem(tester: Caller, other: Caller) -> None:
    other_call = other.call().headers["x-sandbox-exchange"]
    assert_problem(tester.steer("GET", "/exchanges/999999999"), 404)
    assert_problem(tester.steer("GET", f"/exchanges/{other_call}"), 404)
    assert_problem(tester.steer("GET", "/exchanges/last"), 400)


def test_one_can_wait_for_the_nth_match(tester: Caller, other: Caller) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(tester.get, "/exchanges", wait=3, timeout="20s", status=404)
        called = 0
        while not waiting.done():
            other.call("999900000404")
            tester.call("999900000404" if called % 2 else NUMBER)
            called += 1
        found = waiting.result()
    assert found["count"] >= 3
    assert {exchange["status"] for exchange in found["exchanges"]} == {404}
    assert {exchange["space"] for exchange in found["exchanges"]} == {tester.space}


def test_waiting_for_what_has_come_takes_no_time(tester: Caller) -> None:
    tester.call()
    reply = tester.steer("GET", "/exchanges", params={"wait": 1, "timeout": "20s"})
    assert reply.json()["count"] == 1
    assert reply.elapsed.total_seconds() < 5


def test_waiting_ends_in_time_and_says_how_many_came(tester: Caller) -> None:
    tester.call()
    reply = tester.steer("GET", "/exchanges", params={"wait": 2, "timeout": "200ms"})
    assert_problem(reply, 408, "1 of 2")
    assert reply.json()["count"] == 1
    assert reply.elapsed.total_seconds() >= 0.2


def test_a_journal_keeps_as_many_as_it_is_told(serve: Serve, join: Join) -> None:
    tester = join(serve("--journal-size", "7"))
    calls = [int(tester.call().headers["x-sandbox-exchange"]) for _ in range(20)]
    assert ids(tester) == calls[: 20 - 7 - 1 : -1]
    assert tester.get("/exchanges")["count"] == 7
    assert_problem(tester.steer("GET", f"/exchanges/{calls[0]}"), 404)


def test_a_journal_can_be_cleared_and_nothing_else_with_it(tester: Caller, other: Caller) -> None:
    tester.override(NUMBER, {"error": "resourceNotFound"})
    for caller in (tester, other):
        caller.call()
    assert tester.steer("DELETE", "/exchanges").status_code == 204
    assert (len(ids(tester)), len(ids(other))) == (0, 1)
    assert tester.call().status_code == 404


def test_the_space_for_all_has_the_calls_of_all(everybody: Caller, tester: Caller, other: Caller) -> None:
    calls = [int(caller.call().headers["x-sandbox-exchange"]) for caller in (tester, other, tester)]
    assert ids(everybody, limit=3) == calls[::-1]


def test_no_card_number_and_no_credential_is_shown_anywhere(tester: Caller) -> None:
    details = {"error": {"code": "resourceNotFound", "details": f"card {CARD} of {{{{ request.cardNumber }}}}"}}
    tester.override("9990000000000017", details, "cardNumber")
    tester.ask({"cardNumber": CARD}, Authorization=f"Bearer {SECRET}", sid=CARD)
    tester.ask({"cardNumber": "9990000000000017"}, Authorization=SECRET, uuid=f"uuid-{CARD}")
    tester.ask({"cardNumber": CARD, "more": [f"x{CARD}y"]}, f"/nowhere/{CARD}", Accept=CARD)
    tester.ask(f'{{"cardNumber": "{CARD}'.encode())
    tester.call(X_Sandbox_Scenario=CARD, Authorization=f"Basic {SECRET}")
    tester.call(Cookie=f"session={SECRET}", Proxy_Authorization=f"Bearer {SECRET}")
    shown = [
        tester.steer("GET", "/exchanges").text,
        tester.steer("GET").text,
        tester.steer("GET", "/coverage").text,
        tester.steer("POST", "/verify", json={"match": {"cardNumber": CARD}, "exactly": 99}).text,
        tester.steer("GET", "/exchanges", params={"cardNumber": CARD, "wait": 99, "timeout": "1ms"}).text,
    ]
    assert "496945******6110" in shown[0]
    assert [text for text in shown if CARD in text or SECRET in text or "9990000000000017" in text] == []


@pytest.mark.parametrize(
    "name", ["token", "id_token", "code", "assertion", "code_verifier", "api_key", "secret", "jwt"]
)
def test_no_body_and_no_query_shows_a_credential(tester: Caller, name: str) -> None:
    path = "/api/v1/oauth/token"
    tester.http.post(path, params={name: SECRET})
    tester.http.post(path, data={name: SECRET, "scope": "/api/v1"})
    tester.http.post(path, json={name: SECRET})
    tester.ask({name: SECRET, "customerId": NUMBER})
    shown = tester.control("GET", "/spaces/*/exchanges", params={"limit": 4}).text
    assert SECRET not in shown
    assert NUMBER in shown
    assert "scope=%2Fapi%2Fv1" in shown


def test_the_name_of_a_documented_error_is_no_secret(tester: Caller) -> None:
    tester.call("999900000404")
    assert json.loads(tester.exchanges()[0]["reply"])["code"] == "resourceNotFound"


def test_a_card_number_as_client_id_is_masked_in_the_name_of_its_space(server: Server, join: Join) -> None:
    card, like_it = join(server, CARD), join(server, CARD[:8] + "9999" + CARD[-4:])
    card.call()
    (space,) = {exchange["space"] for exchange in card.exchanges()}
    assert space.startswith("496945******6110~")
    assert join(server, space).exchanges() == card.exchanges()
    assert like_it.exchanges() == []
    texts = [card.control("GET", path).text for path in ("/spaces", "/spaces/{space}", "/spaces/{space}/coverage")]
    texts += [card.http.get(path, headers={"accept": "text/html"}).text for path in ("/console/live", "/console/time")]
    assert [text for text in (*texts, server.log) if CARD in text] == []


def test_a_card_number_in_json_escapes_is_masked_too(tester: Caller) -> None:
    escaped = "".join(digit if place % 2 else f"\\u003{digit}" for place, digit in enumerate(CARD))
    assert tester.ask(f'{{"cardNumber": "{escaped}"}}'.encode()).status_code == 200
    (exchange,) = tester.exchanges(cardNumber=CARD)
    assert escaped not in exchange["body"]


@pytest.mark.parametrize("cut", range(1, len(CARD)))
def test_what_is_cut_off_leaves_no_piece_of_a_card_number(tester: Caller, cut: int) -> None:
    start = '{"filler": "'
    body = start + "x" * (MAX_TEXT - len(start) - cut) + CARD + '"}'
    tester.ask(body.encode())
    assert CARD[:7] not in tester.exchanges()[0]["body"]


def test_an_exchange_is_found_by_the_full_card_number(tester: Caller) -> None:
    tester.ask({"cardNumber": CARD})
    tester.ask({"cardNumber": "4969452123456111"})
    found = tester.exchanges(cardNumber=CARD)
    assert [exchange["cardNumber"] for exchange in found] == ["496945******6110"]
    assert_problem(tester.steer("GET", "/exchanges", params={"cardNumber": "496945******6110"}), 400, "digits")


class Stream:
    """Server-sent events, read line by line."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def __iter__(self) -> Iterator[tuple[int, dict[str, object]]]:
        number, kind = 0, ""
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "id":
                number = int(value)
            elif field == "event":
                kind = value
            elif field == "data":
                assert kind == "exchange"
                yield number, json.loads(value)


@contextmanager
def stream(caller: Caller, last: int | None = None, **parameters: str | int) -> Iterator[Iterator[tuple[int, object]]]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    path = f"/_sandbox/spaces/{caller.space}/exchanges/stream"
    with caller.http.stream("GET", path, params=parameters, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield iter(Stream(response))


def test_calls_are_streamed_as_they_come(tester: Caller, other: Caller) -> None:
    with stream(tester) as events:
        for _ in range(3):
            other.call()
            reply = tester.call()
            number, exchange = next(events)
            assert number == int(reply.headers["x-sandbox-exchange"])
            assert exchange == tester.get(f"/exchanges/{number}")


def test_a_stream_has_filters(tester: Caller) -> None:
    with stream(tester, status=404) as events:
        tester.call()
        missing = tester.call("999900000404").headers["x-sandbox-exchange"]
        assert next(events)[0] == int(missing)


def test_a_stream_resumes_behind_the_last_event(tester: Caller) -> None:
    calls = [int(tester.call().headers["x-sandbox-exchange"]) for _ in range(4)]
    with stream(tester, last=calls[1]) as events:
        live = int(tester.call().headers["x-sandbox-exchange"])
        assert [next(events)[0] for _ in range(3)] == [*calls[2:], live]


def test_a_stream_for_all_has_the_calls_of_all(everybody: Caller, tester: Caller, other: Caller) -> None:
    with stream(everybody) as events:
        calls = [int(caller.call().headers["x-sandbox-exchange"]) for caller in (tester, other)]
        assert [next(events)[0] for _ in calls] == calls


def test_a_stream_masks_too(tester: Caller) -> None:
    with stream(tester) as events:
        tester.ask({"cardNumber": CARD}, Authorization=f"Bearer {SECRET}")
        shown = json.dumps(next(events)[1])
    assert "496945******6110" in shown
    assert CARD not in shown
    assert SECRET not in shown


def send(url: str, path: str, buffer: int | None = None) -> socket.socket:
    """Ask the control API for something, and leave the answer on the wire."""
    host, port = httpx2.URL(url).host, httpx2.URL(url).port
    assert port
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(20)
    connection.connect((host, port))
    connection.sendall(f"GET /_sandbox/spaces/{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return connection


def open_stream(url: str, space: str, buffer: int | None = None) -> socket.socket:
    connection = send(url, f"{space}/exchanges/stream", buffer)
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def rest(connection: socket.socket) -> bytes:
    """Read to the end."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.slow
def test_a_slow_reader_is_dropped_and_delays_nobody(tester: Caller) -> None:
    url = str(tester.http.base_url)
    long = "x" * 2000
    with open_stream(url, tester.space, buffer=4096) as connection:
        for _ in range(3000):
            assert tester.ask({"customerId": NUMBER, "filler": long}, sid=long).status_code == 200
        assert not rest(connection).endswith(END)


def test_the_end_comes_at_once_with_a_stream_and_a_wait_open(serve: Serve, join: Join) -> None:
    server = serve("--grace", "60")
    tester = join(server)
    with (
        open_stream(server.url, tester.space) as events,
        send(server.url, f"{tester.space}/exchanges?wait=99&timeout=60s") as waiting,
    ):
        for _ in range(3):  # answered behind what was sent before
            tester.call()
        assert server.stop() == 0
        assert rest(events).endswith(END)
        assert rest(waiting).startswith(b"HTTP/1.1 408")


def test_a_server_in_a_thread_ends_at_once_with_a_stream_open() -> None:
    urls: Queue[list[str]] = Queue()
    server = InProcess(Sandbox(Settings(port=0, watch=False, grace=60)), urls.put)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        connection = open_stream(urls.get(timeout=10)[0], "threaded")
    finally:
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()
    with connection:
        assert rest(connection).endswith(END)
