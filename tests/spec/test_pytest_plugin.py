"""The pytest plugin, as those who write tests see it: their files, and what pytest prints."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import ROOT

# What somebody's channel application does, in as few lines as it takes.
CHANNEL = """
import httpx2

PATH = "/api/v1/customers/segments/retrieve"

def ask(sandbox, **body):
    return httpx2.post(sandbox.url + PATH, json=body, headers=sandbox.headers, trust_env=False)

def ask_customer(sandbox, customer):
    return ask(sandbox, customerId=customer.customer_id)
"""


# Each test runs pytest, and most of those start a server.
pytestmark = pytest.mark.slow


# Other plugins of ours, which take longer to load than ours to do its work.
WITHOUT = [f"-pno:{name}" for name in ("cacheprovider", "schemathesis", "hypothesispytest", "faker")]


@pytest.fixture
def run(pytester: pytest.Pytester) -> "Run":
    pytester.makepyfile(channel=CHANNEL)
    return Run(pytester)


class Run:
    """Runs pytest on a file of tests, in a process of its own."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester

    def __call__(self, tests: str, *flags: str) -> pytest.RunResult:
        self._pytester.makepyfile(test_channel=f"from channel import *\nimport pytest\n{tests}")
        return self._pytester.runpytest_subprocess(*WITHOUT, *flags, timeout=120)

    def passes(self, tests: str, *flags: str) -> pytest.RunResult:
        result = self(tests, *flags)
        assert result.ret == 0, result.stdout.str()
        return result


def test_a_test_needs_no_line_of_set_up(run: Run) -> None:
    run.passes("""
def test_a_birthday(segment_sandbox):
    customer = segment_sandbox.customer(birthday="today", segment="20")
    answer = ask_customer(segment_sandbox, customer)
    assert answer.json()["customer"] == {
        "fullName": customer.full_name, "customerSegment": "20", "birthdayTodayFlag": True,
    }
    assert (customer.segment, customer.birthday) == ("20", "today")
    assert (len(customer.customer_id), len(customer.card_number)) == (12, 16)
    assert ask(segment_sandbox, cardNumber=customer.card_number).json() == answer.json()

def test_another(segment_sandbox):
    assert segment_sandbox.calls() == []
    assert ask(segment_sandbox, customerId="321116471234").status_code == 200
""")


def test_failures_delays_and_faults_are_placed_for_one_customer_or_for_everybody(run: Run) -> None:
    run.passes("""
def test_fail_twice_then_succeed(segment_sandbox):
    customer = segment_sandbox.customer()
    segment_sandbox.fail(customer, "serverUnavailable", times=2)
    assert [ask_customer(segment_sandbox, customer).status_code for n in range(3)] == [500, 500, 200]
    segment_sandbox.assert_called(status=500, exactly=2)

def test_a_customer_has_two_numbers(segment_sandbox):
    customer = segment_sandbox.customer()
    segment_sandbox.fail(customer, "resourceNotFound")
    assert ask(segment_sandbox, cardNumber=customer.card_number).status_code == 404

def test_by_number_by_card_by_prefix_and_by_status(segment_sandbox):
    segment_sandbox.fail("100000000301", 404)
    segment_sandbox.fail("4111111111111111", "businessValidationFailed")
    segment_sandbox.fail("2000*", 503)
    assert ask(segment_sandbox, customerId="100000000301").status_code == 404
    assert ask(segment_sandbox, cardNumber="4111111111111111").status_code == 422
    assert ask(segment_sandbox, customerId="200000000301").status_code == 503

def test_the_line_breaks(segment_sandbox):
    segment_sandbox.break_line("100000000301", "connectionReset", times=1)
    with pytest.raises(httpx2.ReadError):
        ask(segment_sandbox, customerId="100000000301")
    assert ask(segment_sandbox, customerId="100000000301").status_code == 200

def test_an_answer_is_late_and_otherwise_what_it_was(segment_sandbox):
    usual = ask(segment_sandbox, customerId="321116471234")
    segment_sandbox.slow("321116471234", "300ms")
    late = ask(segment_sandbox, customerId="321116471234")
    assert late.json() == usual.json()
    assert late.elapsed.total_seconds() > 0.29

def test_the_bank_is_down(segment_sandbox):
    segment_sandbox.everybody.fail("serverUnavailable")
    for number in ("000000000301", "999000000301", "321116471234"):
        assert ask(segment_sandbox, customerId=number).status_code == 500
    assert ask(segment_sandbox, cardNumber="4969452123456110").status_code == 500

def test_everybody_is_slow_and_every_line_breaks(segment_sandbox):
    segment_sandbox.everybody.slow("300ms", times=1)
    assert ask(segment_sandbox, customerId="100000000301").elapsed.total_seconds() > 0.29
    segment_sandbox.everybody.break_line("emptyResponse")
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(segment_sandbox, customerId="100000000301")
""")


def test_time_stands_still_and_travels_and_tokens_expire(run: Run) -> None:
    run.passes("""
def test_leap_day(segment_sandbox):
    segment_sandbox.freeze("2028-02-29")
    customer = segment_sandbox.customer(birthday="02-29")
    assert ask_customer(segment_sandbox, customer).json()["customer"]["birthdayTodayFlag"]
    segment_sandbox.advance("1d")
    assert not ask_customer(segment_sandbox, customer).json()["customer"]["birthdayTodayFlag"]

@pytest.mark.segment_sandbox(profile="tokens,uuid")
def test_a_token_expires(segment_sandbox):
    assert ask(segment_sandbox, customerId="321116471234").status_code == 401
    token = segment_sandbox.login()
    assert segment_sandbox.headers["Authorization"] == f"Bearer {token}"
    assert ask(segment_sandbox, customerId="321116471234").status_code == 200
    segment_sandbox.advance("31m")
    assert ask(segment_sandbox, customerId="321116471234").status_code == 401
    segment_sandbox.login()
    assert ask(segment_sandbox, customerId="321116471234").status_code == 200
""")


def test_calls_are_listed_in_their_order_and_verified(run: Run) -> None:
    run.passes("""
def test_calls(segment_sandbox):
    ask(segment_sandbox, customerId="321116471234")
    ask(segment_sandbox, customerId="999900000404")
    assert [call["status"] for call in segment_sandbox.calls()] == [200, 404]
    assert [call["customerId"] for call in segment_sandbox.calls(status=404)] == ["999900000404"]
    assert len({call["headers"]["uuid"] for call in segment_sandbox.calls()}) == 2
    segment_sandbox.assert_called(customerId="999900000404", status=404, exactly=1)
    segment_sandbox.assert_called(atMost=2)
    segment_sandbox.assert_only(operation="retrieve-customer-segment", exactly=2)
    segment_sandbox.assert_only(atLeast=1)
    segment_sandbox.assert_called(headers={"ChannelId": "IVR"}, body={"customerId": "321116471234"}, exactly=1)

def test_calls_to_come(segment_sandbox):
    from threading import Timer
    Timer(0.2, ask, [segment_sandbox], {"customerId": "321116471234"}).start()
    segment_sandbox.assert_called(customerId="321116471234", timeout="30s")
""")


def test_a_failing_assertion_shows_the_calls_that_came_closest_first_with_the_difference(run: Run) -> None:
    result = run("""
def test_calls(segment_sandbox):
    ask(segment_sandbox, customerId="100000000999")
    ask(segment_sandbox, customerId="999900000404")
    ask(segment_sandbox, customerId="100000000301")
    segment_sandbox.assert_called(customerId="100000000301", status=500, exactly=2)
""")
    result.assert_outcomes(failed=1)
    path = "/api/v1/customers/segments/retrieve"
    result.stdout.re_match_lines(
        [
            r"E +AssertionError: expected exactly 2 of customerId=100000000301, status=500; found 0 in 3 calls.*",
            "E +the calls that came, closest first:",
            rf"E +call \d+: POST {path} customerId 100000000301 -> 200 by synthetic_customer",
            "E +status: expected 500, found 200",
            rf"E +call \d+: POST {path} customerId 100000000999 -> 200 by synthetic_customer",
            "E +customerId: expected 100000000301, found 100000000999",
            "E +status: expected 500, found 200",
            rf"E +call \d+: POST {path} customerId 999900000404 -> 404 by scenario_file",
        ],
        consecutive=True,
    )
    # The test's own line is the last of the trace; ours are not in it.
    assert "expectations.py" not in result.stdout.str()


def test_a_failing_assertion_without_calls_says_so_and_masks_what_it_looked_for(run: Run) -> None:
    result = run("""
def test_calls(segment_sandbox):
    segment_sandbox.assert_called(cardNumber="4111" + "1111" * 3)
""")
    result.stdout.fnmatch_lines(
        ["E *expected at least 1 of cardNumber=411111******1111; found 0 in 0 calls", "E *no call came"]
    )
    assert "4111111111111111" not in result.stdout.str()


def test_a_failing_assertion_about_a_moment_says_when_the_call_came(run: Run) -> None:
    result = run("""
def test_calls(segment_sandbox):
    ask(segment_sandbox, customerId="321116471234")
    segment_sandbox.assert_called(since="2900-01-01T00:00:00Z")

def test_days(segment_sandbox):
    ask(segment_sandbox, customerId="321116471234")
    segment_sandbox.assert_called(since="2900-01-01")
""")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E *since: expected 2900-01-01T00:00:00Z, found *Z", "E *the calls that came*"])


def test_another_call_than_the_expected_is_named(run: Run) -> None:
    result = run("""
def test_calls(segment_sandbox):
    ask(segment_sandbox, customerId="321116471234")
    ask(segment_sandbox, customerId="999900000404")
    segment_sandbox.assert_only(customerId="321116471234", exactly=1)
""")
    result.stdout.re_match_lines(
        [".* and no other call.*", r"E +call \d+: .* 999900000404 -> 404.*", ".*found 999900000404"]
    )


def test_what_is_not_known_any_more_is_no_proof(run: Run) -> None:
    result = run("""
from sandbox.client import Client

def test_calls(segment_sandbox, monkeypatch):
    # A journal that has forgotten calls takes a thousand of them.
    unknown = {"verified": None, "count": 1, "message": "not known: 3 calls are forgotten"}
    monkeypatch.setattr(Client, "verify", lambda *values, **named: unknown)
    segment_sandbox.assert_called(exactly=1)
""")
    result.stdout.fnmatch_lines(["E *AssertionError: not known: 3 calls are forgotten"])


def test_headers_and_bodies_that_differ_are_shown(run: Run) -> None:
    result = run("""
def test_calls(segment_sandbox):
    ask(segment_sandbox, customerId="321116471234")
    segment_sandbox.assert_called(headers={"ChannelId": "ATM"}, body={"customerId": "100000000301"})
""")
    result.stdout.fnmatch_lines(
        [
            "E *headers.ChannelId: expected ATM, found IVR",
            "E *body.customerId: expected 100000000301, found 321116471234",
        ]
    )


def test_words_that_verify_does_not_know_are_named(run: Run) -> None:
    result = run("""
def test_calls(segment_sandbox):
    segment_sandbox.assert_called(colour="red")

def test_a_customer(segment_sandbox):
    segment_sandbox.fail("100000000301", "nonsense")
""")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E *Problem: 400 Bad Request: *colour*", "E *Problem: 400 Bad Request: *nonsense*"])


def test_what_was_placed_must_be_met_unless_the_test_says_otherwise(run: Run) -> None:
    result = run("""
def test_a_failure_that_never_happens(segment_sandbox):
    segment_sandbox.fail("100000000301", "serverUnavailable")
    assert ask(segment_sandbox, customerId="100000000302").status_code == 200

@pytest.mark.segment_sandbox(verify=False)
def test_another(segment_sandbox):
    segment_sandbox.everybody.fail("serverUnavailable")

def test_that_fails_by_itself(segment_sandbox):
    segment_sandbox.fail("100000000301", "serverUnavailable")
    assert 1 == 2
""")
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(
        ["no call met fail('100000000301', 'serverUnavailable'); the calls that came: 200 by synthetic_customer.*"]
    )
    # Its summary may repeat the line.
    assert result.stdout.str().partition("short test summary info")[0].count("no call met fail(") == 1


def test_nothing_is_left_of_a_test_for_the_next_one(run: Run) -> None:
    run.passes("""
left = []

@pytest.mark.parametrize("n", range(2))
def test_everything(segment_sandbox, n):
    left.append(segment_sandbox)
    segment_sandbox.everybody.fail("serverUnavailable")
    segment_sandbox.freeze("2028-02-29")
    assert ask(segment_sandbox, customerId="321116471234").status_code == 500

def test_nothing(segment_sandbox, segment_sandbox_server):
    assert len({each.client_id for each in [*left, segment_sandbox]}) == 3
    assert {each.url for each in [*left, segment_sandbox]} == {segment_sandbox_server.url}
    for each in left:
        assert ask(each, customerId="321116471234").status_code == 200
        space = httpx2.get(f"{each.url}/_sandbox/spaces/{each.client_id}").json()
        assert (space["overrides"], space["clock"]["setBy"]) == (0, "machine")
""")


def test_all_workers_share_one_server_and_no_space(run: Run, pytester: pytest.Pytester) -> None:
    run.passes(
        """
import os, pathlib

@pytest.mark.parametrize("n", range(6))
def test_a_part(segment_sandbox, n):
    segment_sandbox.everybody.fail("serverUnavailable", times=1)
    assert ask(segment_sandbox, customerId="100000000301").status_code == 500
    assert len(segment_sandbox.calls()) == 1
    line = f"{os.environ['PYTEST_XDIST_WORKER']} {segment_sandbox.url} {segment_sandbox.client_id}"
    pathlib.Path(f"seen-{n}").write_text(line)
""",
        "-n2",
    )
    seen = [path.read_text().split() for path in sorted(pytester.path.glob("seen-*"))]
    workers, urls, client_ids = (set(column) for column in zip(*seen, strict=True))
    assert (len(workers), len(urls), len(client_ids)) == (2, 1, 6)
    assert_nobody_listens(urls.pop())


def test_the_server_ends_with_the_run_even_where_that_is_killed(run: Run, pytester: pytest.Pytester) -> None:
    result = run("""
import os, pathlib, signal

def test_that_dies(segment_sandbox):
    pathlib.Path("url").write_text(segment_sandbox.url)
    os.kill(os.getpid(), signal.SIGKILL)
""")
    assert result.ret == -signal.SIGKILL
    assert_nobody_listens((pytester.path / "url").read_text())


def assert_nobody_listens(url: str) -> None:
    """Wait until a server has ended."""
    host, port = url.removeprefix("http://").split(":")
    deadline = time.monotonic() + 15
    while True:
        with socket.socket() as trial:
            if trial.connect_ex((host, int(port))):
                return
        assert time.monotonic() < deadline, "the server goes on"
        time.sleep(0.05)


SCENARIOS = """
customerId:
  "100000000777":
    customer: {fullName: Ana Torres, customerSegment: "20", birthday: today}
"""


def test_scenario_directories_are_those_of_the_marker(run: Run, pytester: pytest.Pytester) -> None:
    pytester.mkdir("scenarios")
    (pytester.path / "scenarios" / "ours.yaml").write_text(SCENARIOS)
    run.passes("""
pytestmark = pytest.mark.segment_sandbox(scenarios="scenarios")

def test_ours(segment_sandbox):
    assert ask(segment_sandbox, customerId="100000000777").json()["customer"]["fullName"] == "Ana Torres"

@pytest.mark.segment_sandbox(profile="uuid")
def test_the_closest_marker_counts_for_each_word(segment_sandbox, segment_sandbox_in_process):
    assert ask(segment_sandbox, customerId="100000000777").json()["customer"]["fullName"] == "Ana Torres"
    with httpx2.Client(transport=segment_sandbox_in_process.transport) as client:
        url = segment_sandbox_in_process.url + PATH
        answer = client.post(url, json={"customerId": "100000000777"}, headers=segment_sandbox_in_process.headers)
    assert answer.json()["customer"]["fullName"] == "Ana Torres"

@pytest.mark.segment_sandbox(scenarios=[])
def test_those_that_ship(segment_sandbox, segment_sandbox_server):
    assert segment_sandbox.url == segment_sandbox_server.url
    assert ask(segment_sandbox, customerId="100000000777").json()["customer"]["fullName"] != "Ana Torres"
""")


@pytest.mark.parametrize("fixture", ["segment_sandbox", "segment_sandbox_in_process"])
def test_scenario_files_with_mistakes_stop_the_test_with_all_of_them(
    run: Run, pytester: pytest.Pytester, fixture: str
) -> None:
    pytester.mkdir("broken")
    (pytester.path / "broken" / "ours.yaml").write_text(SCENARIOS.replace("customer:", "custmer:"))
    result = run(f"""
@pytest.mark.segment_sandbox(scenarios="broken")
def test_ours({fixture}):
    pass
""")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ours.yaml:4:*custmer*"])


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ('scenarios="nowhere"', "segment_sandbox: scenarios: there is no */nowhere"),
        ('"scenarios"', "segment_sandbox: found 'scenarios', expected scenarios, profile, verify with ="),
        ('colour="red"', "segment_sandbox: found colour, expected scenarios, profile, verify with ="),
        ('profile="stric"', "segment_sandbox: 400 Bad Request: *did you mean strict*"),
        ('profile="strict"', "*lets registered clients in only*say profile='tokens,uuid,sid'"),
    ],
)
def test_a_marker_that_says_nothing_possible_is_explained(run: Run, marker: str, message: str) -> None:
    result = run(f"""
@pytest.mark.segment_sandbox({marker})
def test_ours(segment_sandbox):
    pass
""")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{message}*"])


def test_the_marker_is_known_where_markers_are_strict(run: Run) -> None:
    result = run("def test_nothing(): pass", "--strict-markers", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.segment_sandbox(scenarios=..., profile=..., verify=True): *"])


def test_in_process_the_same_words_steer_clients_that_wait_and_that_await(run: Run) -> None:
    run.passes("""
import asyncio

@pytest.fixture
def sandbox(segment_sandbox_in_process):
    return segment_sandbox_in_process

def test_that_waits(sandbox):
    with httpx2.Client(base_url=sandbox.url, transport=sandbox.transport) as client:
        customer = sandbox.customer(segment="30")
        sandbox.fail(customer, "serverUnavailable", times=1)
        body = {"customerId": customer.customer_id}
        asked = [client.post(PATH, json=body, headers=sandbox.headers) for n in range(2)]
    assert [answer.status_code for answer in asked] == [500, 200]
    sandbox.assert_only(customerId=customer.customer_id, exactly=2)

def test_that_awaits(sandbox):
    async def ask():
        async with httpx2.AsyncClient(base_url=sandbox.url, transport=sandbox.transport) as client:
            return await asyncio.gather(
                *(client.post(PATH, json={"customerId": "321116471234"}, headers=sandbox.headers) for n in range(5))
            )
    assert [answer.status_code for answer in asyncio.run(ask())] == [200] * 5
    sandbox.assert_called(exactly=5)

def test_any_other_asgi_client(sandbox):
    async def ask():
        transport = httpx2.ASGITransport(app=sandbox.app)
        async with httpx2.AsyncClient(base_url=sandbox.url, transport=transport) as client:
            return await client.post(PATH, json={"customerId": "321116471234"}, headers=sandbox.headers)
    for n in range(2):
        assert asyncio.run(ask()).status_code == 200
    sandbox.assert_called(exactly=2)

FAULTS = {"connectionReset": httpx2.RemoteProtocolError, "closeMidBody": httpx2.RemoteProtocolError}

@pytest.mark.parametrize(("fault", "error"), FAULTS.items())
def test_faults(sandbox, fault, error):
    sandbox.break_line("100000000301", fault)
    with httpx2.Client(base_url=sandbox.url, transport=sandbox.transport) as client, pytest.raises(error):
        client.post(PATH, json={"customerId": "100000000301"}, headers=sandbox.headers)

def test_a_client_that_waits_no_longer(sandbox):
    sandbox.slow("100000000301", "30s")
    with httpx2.Client(base_url=sandbox.url, transport=sandbox.transport, timeout=0.1) as client:
        with pytest.raises(httpx2.ReadTimeout):
            client.post(PATH, json={"customerId": "100000000301"}, headers=sandbox.headers)

def test_a_client_that_awaits_no_longer(sandbox):
    sandbox.slow("100000000301", "30s")
    async def ask():
        async with httpx2.AsyncClient(base_url=sandbox.url, transport=sandbox.transport, timeout=0.1) as client:
            await client.post(PATH, json={"customerId": "100000000301"}, headers=sandbox.headers)
    with pytest.raises(httpx2.ReadTimeout):
        asyncio.run(ask())
""")


def test_the_environment_of_a_run_changes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_CONTROL", "off")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    run.passes("""
def test_ours(segment_sandbox):
    assert ask(segment_sandbox, customerId="321116471234").status_code == 200
""")


def test_the_plugin_costs_those_who_do_not_use_it_next_to_nothing() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import sandbox.pytest_plugin; print(*set(sys.modules) - before)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"httpx2", "starlette", "uvicorn", "faker", "yaml"} & set(result.stdout.split())


EXAMPLE = ROOT / "examples" / "pytest"


def test_the_example_application_passes_its_own_tests() -> None:
    command = [sys.executable, "-B", "-m", "pytest", *WITHOUT]
    result = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"\b1\d passed", result.stdout), result.stdout


def test_the_tests_of_the_example_application_are_typed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "greeting.py", "tests"]
    result = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
