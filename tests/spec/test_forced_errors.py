from collections.abc import Mapping

import httpx2
import pytest

from .conftest import ERRORS, GATEWAY_ERRORS, Client, Connect, Serve, assert_documented_error

ALL_ERRORS = {**ERRORS, **GATEWAY_ERRORS}
SOMEBODY = {"customerId": "100000000000"}
NUMBERS = {name: f"10000000{status:04}" for name, (status, _) in ALL_ERRORS.items()}
FILE = "customerId:\n" + "".join(f'  "{NUMBERS[name]}": {{error: {name}}}\n' for name in ALL_ERRORS)
FILE += "named:\n" + "".join(f"  my-{name}: {{error: {name}}}\n" for name in ALL_ERRORS)
FILE += "  slow: {delay: 1m, error: gatewayTimeout}\n"
# How an honest request earns the errors that it can earn.
HONEST: Mapping[str, tuple[dict[str, str], dict[str, str | None]]] = {
    "invalidRequest": ({}, {}),
    "unAuthorized": (SOMEBODY, {"Authorization": None}),
    "accessNotConfigured": (SOMEBODY, {"countryCode": "ZZ"}),
    "resourceNotFound": ({"customerId": "1"}, {}),
    "businessValidationFailed": ({**SOMEBODY, "cardNumber": "4969452123456110"}, {}),
}
# What the recipes name.
SHIPPED_NAMES = {"slow-gateway", "flaky", "birthday"}


@pytest.fixture(scope="module")
def client(serve_once: Serve, connect: Connect) -> Client:
    return connect(serve_once(scenarios=FILE))


def essence(response: httpx2.Response, *besides: str) -> tuple[int, dict[str, str], dict[str, str]]:
    """Return all of an answer that does not change with the moment or with who decided."""
    changing = {"date", "content-length", "x-sandbox-rule", "x-sandbox-reason", "x-sandbox-exchange"}
    headers = {name: value for name, value in response.headers.items() if name not in changing}
    body = {name: value for name, value in response.json().items() if name not in {"timestamp", *besides}}
    return response.status_code, headers, body


@pytest.mark.parametrize("name", ALL_ERRORS)
def test_an_error_is_the_same_in_whatever_way_it_was_asked_for(client: Client, name: str) -> None:
    status, _ = ALL_ERRORS[name]
    answers = [
        client.ask(SOMEBODY, X_Sandbox_Scenario=name),
        client.ask(SOMEBODY, X_Sandbox_Scenario=str(status)),
        client.ask(SOMEBODY, X_Sandbox_Scenario=f"my-{name}"),
        client.ask(SOMEBODY, Prefer=f'code="{status}"'),
        client.ask({"customerId": f"999900000{status}"}),
        client.ask({"customerId": NUMBERS[name]}),
    ]
    assert answers[0].status_code == status
    assert [essence(answer) for answer in answers] == [essence(answers[0])] * len(answers)


@pytest.mark.parametrize("name", HONEST)
def test_a_forced_error_differs_from_an_honest_one_in_nothing_but_who_decided(client: Client, name: str) -> None:
    body, headers = HONEST[name]
    honest, forced = client.ask(body, **headers), client.ask(SOMEBODY, X_Sandbox_Scenario=name)
    assert (honest.headers["x-sandbox-rule"] == "forced", forced.headers["x-sandbox-rule"]) == (False, "forced")
    assert set(honest.json()) == set(forced.json())
    assert essence(honest, "location") == essence(forced, "location")


def test_an_unknown_name_lists_all_that_can_be_asked_for(client: Client) -> None:
    response = client.ask(SOMEBODY, X_Sandbox_Scenario="nope")
    assert_documented_error(response, "invalidRequest", "X-Sandbox-Scenario")
    listed = response.headers["x-sandbox-reason"].partition("there are ")[2].split(", ")
    assert set(listed) == {*ALL_ERRORS, *(f"my-{name}" for name in ALL_ERRORS), "slow", *SHIPPED_NAMES}


def test_a_directive_is_stronger_than_the_scenario_it_steers(client: Client) -> None:
    response = client.ask(SOMEBODY, X_Sandbox_Scenario="slow", X_Sandbox_Delay="10ms", Prefer="code=404")
    assert response.status_code == 504
    assert response.elapsed.total_seconds() < 30


def ask_with(client: Client, *lines: tuple[str, str]) -> httpx2.Response:
    """Ask with header lines, several of which may have one name."""
    request = client.ask(SOMEBODY).request
    headers = [*request.headers.multi_items(), *lines]
    return client.http.send(httpx2.Request("POST", request.url, headers=headers, content=request.content))


@pytest.mark.parametrize("header", ["X-Sandbox-Scenario", "X-Sandbox-Delay", "X-Sandbox-Date", "X-Sandbox-Fault"])
def test_a_directive_that_comes_with_two_values_is_refused(client: Client, header: str) -> None:
    values = {
        "X-Sandbox-Scenario": ("404", "422"),
        "X-Sandbox-Delay": ("1ms", "2ms"),
        "X-Sandbox-Date": ("2027-02-28", "2027-03-01"),
        "X-Sandbox-Fault": ("x", "y"),
    }[header]
    assert_documented_error(ask_with(client, *((header, value) for value in values)), "invalidRequest", header)


def test_a_directive_that_comes_twice_with_one_value_counts_once(client: Client) -> None:
    assert_documented_error(ask_with(client, *[("X-Sandbox-Scenario", "404")] * 2), "resourceNotFound", "customerId")


def test_prefer_may_come_in_several_lines(client: Client) -> None:
    assert_documented_error(
        ask_with(client, ("Prefer", "respond-async"), ("Prefer", "code=404")), "resourceNotFound", "customerId"
    )


def test_prefer_without_a_code_is_none_of_our_business(client: Client) -> None:
    assert client.ask(SOMEBODY, Prefer="respond-async, wait=10, return=minimal").status_code == 200


def test_the_catalogue_says_how_to_have_every_error(client: Client) -> None:
    catalogue = client.control("GET", "/errors").json()
    assert {error.get("code") or error["gateway"] for error in catalogue} == set(ALL_ERRORS)
    for error in catalogue:
        asked = [dict([header.split(": ")]) for header in error["headers"]]
        answers = [
            client.ask(SOMEBODY, **{name.replace("-", "_"): value for name, value in each.items()}) for each in asked
        ]
        answers += [client.ask({kind: error[kind]}) for kind in ("customerId", "cardNumber")]
        assert {answer.status_code for answer in answers} == {error["status"]}
