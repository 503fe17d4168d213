"""`--gateway-in-contract`: what generators read has the gateway's answers; what the bank answers stays the same."""

import openapi_spec_validator
import pytest
import yaml

from .conftest import CONTRACT, GATEWAY_ERRORS, PATH, Client, Connect, Serve

STATUSES = {str(status) for status, _ in GATEWAY_ERRORS.values()}


@pytest.fixture
def asked(serve_once: Serve, connect: Connect) -> Client:
    return connect(serve_once("--gateway-in-contract"))


def test_both_documents_have_the_answers_of_the_gateway_beside_those_of_the_bank(asked: Client) -> None:
    served = asked.http.get("/openapi.json").json()
    responses = served["paths"][PATH]["post"]["responses"]
    assert set(responses) == {*CONTRACT["paths"][PATH]["post"]["responses"], *STATUSES}
    openapi_spec_validator.validate(served)
    assert yaml.safe_load(asked.http.get("/openapi.yaml").content) == served


def test_an_answer_of_the_gateway_has_its_shape_example_and_retry_after(asked: Client) -> None:
    served = asked.http.get("/openapi.json").json()
    for name, (status, value) in GATEWAY_ERRORS.items():
        reference = served["paths"][PATH]["post"]["responses"][str(status)]["$ref"]
        response = served["components"]["responses"][reference.rpartition("/")[2]]
        assert response["content"]["application/json"]["examples"][name]["value"] == value
        assert "Retry-After" in response["headers"]


def test_the_contract_as_it_is_stays_the_default(client: Client) -> None:
    assert client.http.get("/openapi.json").json() == CONTRACT


@pytest.mark.parametrize("name", GATEWAY_ERRORS)
def test_the_gateway_answers_the_same_whether_documented_or_not(asked: Client, client: Client, name: str) -> None:
    answers = [each.ask({"customerId": "321116471234"}, X_Sandbox_Scenario=name) for each in (asked, client)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [GATEWAY_ERRORS[name]] * 2


def test_the_gateway_stays_outside_of_what_coverage_wants_seen(asked: Client) -> None:
    asked.ask({"customerId": "321116471234"})
    never_seen = asked.control("GET", "/spaces/{space}/coverage").json()["neverSeen"]["errors"]
    assert set(never_seen).isdisjoint(GATEWAY_ERRORS)
