"""Testers in parallel on one sandbox, with wishes that contradict each other; and a sandbox that is called for long."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import chain
from pathlib import Path
from threading import Barrier
from typing import Any, NamedTuple

import pytest

from tests.spec.conftest import HEADERS, PATH, Serve, Server

from .conftest import NUMBER

TESTERS = 8
ROUNDS = 50
CALLS_A_ROUND = 50  # of each tester: 20,000 in all
JOURNAL = 1_000
FLAKY = "100000000201"  # the recipe that fails twice and then works


class Reply(NamedTuple):
    status: int
    exchange: int
    body: Any


class Line:
    """A connection that stays open, with less between the test and the wire than a real client has."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    def send(self, method: str, path: str, wish: object = None, **headers: str) -> Reply:
        body = None if wish is None else json.dumps(wish)
        self._connection.request(method, path, body, {"Content-Type": "application/json", **headers})
        response = self._connection.getresponse()
        text = response.read()
        number = int(response.headers.get("x-sandbox-exchange", 0))
        return Reply(response.status, number, json.loads(text) if text else None)

    def call(self, client_id: str, number: str) -> Reply:
        return self.send("POST", PATH, {"customerId": number}, **{**HEADERS, "client_id": client_id})


@contextmanager
def line(server: Server) -> Iterator[Line]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        yield Line(connection)
    finally:
        connection.close()


@pytest.mark.slow
def test_testers_with_conflicting_wishes_never_see_each_other_and_lose_no_call(serve: Serve) -> None:
    server = serve("--no-access-log", "--journal-size", str(JOURNAL))
    together = Barrier(TESTERS)

    def work(tester: int) -> list[int]:
        name, mine = f"parallel-{tester}", f"/_sandbox/spaces/parallel-{tester}"
        calls: list[int] = []

        def statuses(number: str, count: int) -> list[int]:
            replies = [connection.call(name, number) for _ in range(count)]
            calls.extend(reply.exchange for reply in replies)
            return [reply.status for reply in replies]

        with line(server) as connection:
            for turn in range(ROUNDS):
                together.wait(30)
                failures = (tester + turn) % 5 + 1
                segment, day = f"{tester}{turn:02}", f"{(tester * 3 + turn) % 28 + 1:02}"
                customer = {"fullName": name, "customerSegment": segment, "birthday": f"03-{day}"}
                wishes = {
                    f"{mine}/overrides/customerId/{NUMBER}": {"customer": customer},
                    f"{mine}/overrides/customerId/100000000302": {"error": "serverUnavailable", "times": failures},
                    f"{mine}/clock": {"now": f"2028-03-{day}T12:00:00-06:00"},
                }
                for path, wish in wishes.items():
                    assert connection.send("PUT", path, wish).status == 200
                expected = {"fullName": name, "customerSegment": segment, "birthdayTodayFlag": True}
                for _ in range(CALLS_A_ROUND - 11):
                    reply = connection.call(name, NUMBER)
                    calls.append(reply.exchange)
                    assert (reply.status, reply.body) == (200, {"customer": expected})
                assert statuses("100000000302", 7) == [500] * failures + [200] * (7 - failures)
                assert statuses(FLAKY, 4) == ([500, 500, 200, 200] if turn == 0 else [200] * 4)
                assert connection.send("DELETE", f"{mine}/overrides").status == 204
            kept = connection.send("GET", f"{mine}/exchanges?limit={JOURNAL}").body["exchanges"]
        assert [exchange["id"] for exchange in kept] == calls[: -JOURNAL - 1 : -1]
        assert {exchange["space"] for exchange in kept} == {name}
        return calls

    with ThreadPoolExecutor(TESTERS) as pool:
        calls = list(chain.from_iterable(pool.map(work, range(TESTERS))))
    assert sorted(calls) == list(range(1, TESTERS * ROUNDS * CALLS_A_ROUND + 1))
    assert "Traceback" not in server.log


def kilobytes(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.slow
def test_a_long_run_with_full_journals_and_ever_new_spaces_takes_no_more_memory(serve: Serve) -> None:
    server = serve("--no-access-log", "--no-watch", "--journal-size", "50", "--max-spaces", "20")
    with line(server) as connection:

        def run(spaces: range) -> None:
            for space in spaces:
                path = f"/_sandbox/spaces/long-{space}/overrides/customerId/{NUMBER}"
                assert connection.send("PUT", path, {"error": "serverUnavailable", "times": 30}).status == 200
                for call in range(60):
                    number = NUMBER if call % 2 else f"{space:06}{call:06}"
                    assert connection.call(f"long-{space}", number).status == (500 if call % 2 else 200)

        run(range(60))
        before = kilobytes(server)
        run(range(60, 240))
        assert kilobytes(server) - before < 3_000
        assert len(connection.send("GET", "/_sandbox/spaces").body) == 21
