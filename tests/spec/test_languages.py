import pytest

from .conftest import ERRORS, OPERATION, PATH, Client, Connect, Serve

SOMEBODY = {"customerId": "100000000000"}
EXAMPLES = {
    name: example
    for response in OPERATION["responses"].values()
    for name, example in response["content"]["application/json"]["examples"].items()
    if name in ERRORS
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_error_speaks_both_languages_and_differs_in_nothing_else(client: Client, name: str) -> None:
    english, spanish = (
        client.ask(SOMEBODY, X_Sandbox_Scenario=name, Accept_Language=language) for language in ("en", "es")
    )
    assert [answer.headers["content-language"] for answer in (english, spanish)] == ["en", "es"]
    documented = EXAMPLES[name]["value"]
    texts = EXAMPLES[name]["x-es"]
    assert set(texts) == {"details", "moreInfo"} & set(documented)
    changed = {"timestamp": spanish.json()["timestamp"], **texts}
    assert spanish.json() == {**english.json(), **changed}
    assert all(english.json()[field] == documented[field] != texts[field] for field in texts)


@pytest.mark.parametrize(("method", "path"), [("POST", "/nowhere"), ("GET", PATH)])
def test_a_call_that_is_none_of_the_apis_is_refused_in_the_callers_language(
    client: Client, method: str, path: str
) -> None:
    response = client.http.request(method, path, headers={"accept-language": "es-419"})
    assert response.headers["content-language"] == "es"
    assert response.json()["details"] == EXAMPLES[response.json()["code"]]["x-es"]["details"]


def test_a_scenarios_own_text_is_the_same_in_every_language(serve: Serve, connect: Connect) -> None:
    own = "customerId: {'1': {error: {code: accessNotConfigured, details: Ours}}}"
    answer = connect(serve(scenarios=own)).ask({"customerId": "1"}, Accept_Language="es").json()
    assert (answer["details"], answer["moreInfo"]) == ("Ours", EXAMPLES["accessNotConfigured"]["x-es"]["moreInfo"])


def test_a_customer_has_no_language(client: Client) -> None:
    assert "content-language" not in client.ask(SOMEBODY, Accept_Language="es").headers
