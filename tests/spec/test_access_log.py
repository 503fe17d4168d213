import re

import pytest

from .conftest import HEADERS, PATH, Connect, Serve, Server

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO (?P<method>[A-Z]+|-) (?P<path>\S+) (?P<status>\d{3}|fault \w+) (?P<rule>\w+) (?P<space>\S+) "
    r"(?P<who>-|(customerId|cardNumber) [*\d]+(, cardNumber [*\d]+)?) \d+\.\d ms"
)
CARD, CUSTOMER, TOKEN = "5105105105105100", "123456789012", "a-token-that-nobody-may-read"


@pytest.fixture
def quiet(serve: Serve) -> Server:
    """A server of its own, whose log holds nothing else."""
    return serve()


def calls(server: Server) -> list[dict[str, str]]:
    """Stop the server, and return the lines about calls; anything else in the log is a failure."""
    server.stop()
    matches = [LINE.fullmatch(line) for line in server.log.splitlines()]
    assert all(matches), server.log
    return [match.groupdict() for match in matches if match]


def test_a_line_says_what_was_called_and_who_decided_with_masked_numbers(quiet: Server, connect: Connect) -> None:
    client = connect(quiet)
    client.ask({"customerId": CUSTOMER})
    client.ask({"cardNumber": CARD}, X_Sandbox_Scenario="404")
    client.ask({"customerId": CUSTOMER, "cardNumber": CARD})
    client.ask(b"")
    client.http.get(PATH)
    assert [(call["method"], call["status"], call["rule"], call["who"]) for call in calls(quiet)] == [
        ("POST", "200", "synthetic_customer", "customerId ********9012"),
        ("POST", "404", "forced", "cardNumber 510510******5100"),
        ("POST", "422", "identities_disagree", "customerId ********9012, cardNumber 510510******5100"),
        ("POST", "400", "contract_breach", "-"),
        ("GET", "405", "http", "-"),
    ]


def test_a_path_is_one_word_on_one_line(quiet: Server, connect: Connect) -> None:
    paths = ["/a%0d%0a2027-01-01T00:00:00.000Z%20INFO%20forged", "/%1b[2J", "/a%20b", "/%c3%b1", f"/{CARD}"]
    for path in paths:
        connect(quiet).http.get(path)
    written = [call["path"] for call in calls(quiet)]
    assert len(written) == len(paths)
    assert all(path.isprintable() and CARD not in path for path in written)


def test_no_secret_is_written_anywhere(serve: Serve, connect: Connect) -> None:
    server = serve(scenarios=f"customerId: {{'{CUSTOMER}': {{description: {CARD}, error: resourceNotFound}}}}")
    client = connect(server)
    secret = {"Authorization": f"Bearer {TOKEN}"}
    for body in ({"cardNumber": CARD}, {"customerId": CUSTOMER}, {"cardNumber": CARD + "1"}, {"cardNumber": int(CARD)}):
        for headers in ({}, {"uuid": None}, {"X_Sandbox_Scenario": "500"}, {"X_Sandbox_Scenario": CARD}, {"sid": CARD}):
            client.ask(body, **secret, **headers)
    for name in HEADERS:
        client.ask({"cardNumber": CARD}, **{**secret, name: CARD})
        client.ask({"cardNumber": CARD}, **{name: f"Bearer {TOKEN}"})
    client.ask({"cardNumber": CARD}, f"{PATH}/{CARD}?token={TOKEN}", **secret)
    client.control("GET", f"/customers/{CARD}")
    server.stop()
    assert server.process.stdout
    written = server.greeting + server.process.stdout.read() + server.log
    assert [secret for secret in (CARD, CUSTOMER, TOKEN) if secret in written] == []


def test_the_log_can_be_turned_off(serve: Serve, connect: Connect) -> None:
    server = serve("--no-access-log")
    connect(server).ask({"customerId": CUSTOMER})
    server.stop()
    assert server.log == ""
