"""The Python client: what the control API offers, to wait for and to await, and problems in its own words."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import AsyncClient, Client, ClientError, Page, Problem, Unreachable

from .conftest import Connect, Serve, Server

NUMBER = "100000000301"


class Awaited:
    """An `AsyncClient` whose methods are waited for, so that one test is for both."""

    def __init__(self, client: AsyncClient, run: Callable[..., Any]) -> None:
        self._client = client
        self._run = run

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return (lambda *values, **named: self._run(found(*values, **named))) if callable(found) else found


@pytest.fixture(params=["to wait for", "to await"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Make clients, of the one kind and of the other; they are closed at the end."""
    clients: list[Any] = []
    with asyncio.Runner() as runner:

        def make(*values: Any, **named: Any) -> Any:
            is_sync = request.param == "to wait for"
            made = Client(*values, **named) if is_sync else Awaited(AsyncClient(*values, **named), runner.run)
            clients.append(made)
            return made

        yield make
        for client in clients:
            client.close()


@pytest.fixture
def client(make: Callable[..., Any], server: Server, connect: Connect) -> Any:
    """A client of the server as it ships, in a space of its own."""
    return make(server.url, connect(server).space)


def test_health_errors_and_document_are_told(client: Any) -> None:
    assert client.show_health()["status"] == "ok"
    assert "serverUnavailable" in {error.get("code") for error in client.list_errors()}
    assert client.describe()["openapi"].startswith("3.")


def test_customers_are_found_page_by_page_made_and_shown(client: Any) -> None:
    first = client.find_customers(segment="20", count=2)
    assert isinstance(first, Page)
    second = client.find_customers(segment="20", count=2, after=first.after)
    assert {each["customerSegment"] for each in first + second} == {"20"}
    assert not {each["customerId"] for each in first} & {each["customerId"] for each in second}
    made = client.make_customer(birthday="today", segment="20")
    assert made["birthdayTodayFlag"]
    assert client.show_customer(made["customerId"])["fullName"] == made["fullName"]


def test_the_last_page_says_that_there_is_none_behind_it(client: Any) -> None:
    assert client.find_customers(birthday="never", count=1000).after is None


def test_overrides_come_and_go(client: Any, server: Server, connect: Connect) -> None:
    placed = client.place_override("customerId", NUMBER, {"error": "serverUnavailable", "times": 1})
    assert placed["entry"] == {"error": "serverUnavailable", "times": 1}
    assert client.place_override("customerId", "1000*", "error: resourceNotFound")["customerId"] == "1000*"
    assert [each["customerId"] for each in client.list_overrides()] == [NUMBER, "1000*"]
    assert "times: 1" in client.list_overrides_as_yaml()
    assert connect(server, client.space).ask({"customerId": NUMBER}).status_code == 500
    assert client.show_override("customerId", "1000*")["entry"] == {"error": "resourceNotFound"}
    assert client.remove_override("customerId", "1000*") is None
    client.clear_overrides()
    assert client.list_overrides() == []


def test_clock_and_profile_are_set_and_released(client: Any) -> None:
    assert client.set_clock(now="2028-02-29T09:00:00-06:00", ticking=False)["today"]["MX"] == "2028-02-29"
    assert client.set_clock(advance="P1D")["now"] == client.show_clock()["now"]
    assert client.release_clock()["setBy"] == "machine"
    assert client.set_profile(profile="strict", live_texts=True)["liveTexts"]
    assert client.show_profile()["profile"] == "strict"
    assert client.release_profile()["setBy"] == "settings"


def test_the_journal_is_searched_verified_and_summed_up(client: Any, server: Server, connect: Connect) -> None:
    caller = connect(server, client.space)
    for number in (NUMBER, "999900000404"):
        caller.ask({"customerId": number})
    found = client.list_exchanges({"status": 404}, limit=1, wait=1, timeout="5s")
    assert (found["count"], found["exchanges"][0]["customerId"]) == (1, "999900000404")
    assert client.show_exchange(found["exchanges"][0]["id"]) == found["exchanges"][0]
    assert client.verify(match={"customerId": NUMBER}, exactly=1)["verified"] is True
    assert client.verify(in_order=[{"status": 404}, {"status": 200}])["verified"] is False
    assert client.coverage()["errors"]["resourceNotFound"] == 1
    client.clear_exchanges()
    assert client.list_exchanges()["count"] == 0


def test_credentials_are_issued(client: Any) -> None:
    assert client.issue_token("branch-app", lifetime="0s")["expires_in"] == 0
    session = client.begin_session("branch-app")
    assert client.show_session(session["sid"])["key"] == session["key"]


def test_a_dry_run_asks_in_the_space_of_the_client(client: Any) -> None:
    client.place_override("customerId", NUMBER, {"error": "serverUnavailable"})
    assert client.explain(body={"customerId": NUMBER})["rule"] == "override"
    assert client.explain(body={"customerId": NUMBER}, space="somebody-else")["rule"] == "synthetic_customer"


def test_spaces_are_listed_shown_and_reset(client: Any) -> None:
    client.set_profile(profile="strict")
    assert client.space in {each["space"] for each in client.list_spaces()}
    assert client.show_space()["profile"]["profile"] == "strict"
    client.reset_space()
    assert client.show_space()["profile"]["profile"] == "lenient"


def test_files_are_read_again_and_everything_is_reset(make: Callable[..., Any], serve: Serve) -> None:
    client = make(serve().url)
    client.set_profile(profile="strict")
    assert client.reload()["ok"]
    client.reset()
    assert client.show_profile()["profile"] == "lenient"


def test_without_a_space_that_for_all_is_meant(make: Callable[..., Any], serve: Serve) -> None:
    client = make(serve().url)
    client.place_override("customerId", NUMBER, {"error": "serverUnavailable"})
    assert client.list_overrides(space="*") == client.list_overrides()


@pytest.mark.parametrize("space", ["team/app", "a/b/c", "/", "..", ".", "a%2Fb", "ñandú", "?#&=+ %", "a/clock", "x;y"])
def test_a_space_may_have_any_name(make: Callable[..., Any], server: Server, connect: Connect, space: str) -> None:
    client = make(server.url, space)
    client.place_override("customerId", NUMBER, {"error": "serverUnavailable"})
    answer = connect(server, space).ask({"customerId": NUMBER})
    assert answer.status_code == 500
    assert client.show_space()["space"] == space
    client.reset_space()


def test_a_problem_says_what_the_sandbox_says_with_all_mistakes(client: Any) -> None:
    with pytest.raises(Problem) as caught:
        client.place_override("customerId", NUMBER, {"eror": "serverUnavailable", "delay": "soon"})
    problem = caught.value
    assert (problem.status, problem.title) == (400, "Bad Request")
    assert str(problem) == f"400 Bad Request: {problem.detail}"
    assert {mistake.path for mistake in problem.mistakes} == {"eror", "delay"}
    assert all(mistake.message in str(problem) for mistake in problem.mistakes)


def test_a_wait_in_vain_is_a_problem_that_counts_what_came(client: Any) -> None:
    with pytest.raises(Problem, match="0 of 2 came within 0 s") as caught:
        client.list_exchanges(wait=2, timeout="0s")
    assert (caught.value.status, caught.value.count) == (408, 0)


def test_a_sandbox_that_wants_its_token_gets_it(make: Callable[..., Any], serve: Serve) -> None:
    url = serve("--control-token", "open sesame").url
    assert make(url, token="open sesame").list_spaces()
    with pytest.raises(Problem, match="401 Unauthorized"):
        make(url).list_spaces()


def test_a_certificate_of_ones_own_is_trusted(make: Callable[..., Any], serve: Serve, tmp_path: Path) -> None:
    url = serve("--tls", "--tls-directory", str(tmp_path)).url
    trust = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    assert make(url, verify=trust).show_health()["status"] == "ok"
    with pytest.raises(Unreachable, match="certificate"):
        make(url).show_health()


def test_where_nobody_listens_the_client_says_so(make: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable, match=f"{url}: nobody answers there"):
            make(url).show_health()


def test_what_is_no_sandbox_is_named(make: Callable[..., Any], server: Server) -> None:
    # A path of the bank's side: it answers in the bank's shape.
    with pytest.raises(ClientError, match="answered 404 with application/json; is this a sandbox"):
        make(f"{server.url}/api/v1/customers").show_health()


@pytest.mark.parametrize("url", ["localhost:8080", "", "ftp://localhost", "http://"])
def test_what_is_no_url_is_refused_at_once(make: Callable[..., Any], url: str) -> None:
    with pytest.raises(ValueError, match="expected one such as http"):
        make(url)


def test_an_empty_name_is_refused_before_it_is_sent(client: Any) -> None:
    with pytest.raises(ValueError, match="pattern: found an empty text"):
        client.show_override("customerId", "")


def test_exchanges_are_streamed_as_they_happen(server: Server, connect: Connect) -> None:
    caller = connect(server)
    with Client(server.url, caller.space) as client, client.stream_exchanges({"status": 404}) as streaming:
        for number in (NUMBER, "999900000404"):
            caller.ask({"customerId": number})
        first = next(streaming)
    assert first["customerId"] == "999900000404"
    with Client(server.url, caller.space) as client, client.stream_exchanges(last_event_id=0) as streaming:
        assert next(streaming)["customerId"] == NUMBER


def test_exchanges_are_streamed_to_be_awaited(server: Server, connect: Connect) -> None:
    caller = connect(server)

    async def first() -> Any:
        async with AsyncClient(server.url, caller.space) as client:
            async with client.stream_exchanges({"status": 404}) as exchanges:
                await asyncio.to_thread(caller.ask, {"customerId": "999900000404"})
                return await anext(exchanges)

    assert asyncio.run(first())["customerId"] == "999900000404"


def test_a_stream_that_is_refused_is_a_problem(server: Server) -> None:
    with (
        Client(server.url, "nobody") as client,
        pytest.raises(Problem, match="code: found 'nonsense'"),
        client.stream_exchanges({"code": "nonsense"}),
    ):
        pass
