"""Every operation of a running sandbox answers what its document says: status, content type, headers and body."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import httpx2
import pytest
import yaml

from tests.spec.conftest import Serve, Server

from .conftest import NUMBER, Caller, Join
from .document import OPERATIONS, followed, validator

TOKEN = "open-sesame-1234567890"
Call: TypeAlias = Callable[[Caller], httpx2.Response]

GUARDED = [name for name, (_, _, operation) in OPERATIONS.items() if operation.get("security") != []]
DOCUMENTED = {(name, status) for name, (_, _, operation) in OPERATIONS.items() for status in operation["responses"]}


def path_of(caller: Caller, name: str, **values: str) -> str:
    places = {
        "space": caller.space,
        "section": "customerId",
        "pattern": NUMBER,
        "identity": NUMBER,
        "id": "1",
        "sid": "x",
    }
    return OPERATIONS[name][1].format(**{**places, **values})


def call(caller: Caller, name: str, /, json: Any = None, **more: Any) -> httpx2.Response:
    values = more.pop("values", {})
    return caller.control(OPERATIONS[name][0], path_of(caller, name, **values), json=json, **more)


def placed(caller: Caller, name: str, section: str = "customerId", pattern: str = NUMBER) -> httpx2.Response:
    values = {"section": section, "pattern": pattern}
    entry = {"error": "serverUnavailable", "expires": "1h"}
    first = call(caller, "placeOverride", entry, values=values)
    return first if name == "placeOverride" else call(caller, name, values=values)


def verified(caller: Caller, wish: object) -> httpx2.Response:
    caller.call()
    return call(caller, "verify", wish)


def shown_exchange(caller: Caller) -> httpx2.Response:
    number = caller.call(countryCode="XX", X_Sandbox_Fault="wrongContentType").headers["x-sandbox-exchange"]
    return call(caller, "showExchange", values={"id": number})


def shown_session(caller: Caller) -> httpx2.Response:
    sid = call(caller, "beginSession", {"client_id": caller.space}).json()["sid"]
    return call(caller, "showSession", values={"sid": sid})


def after_a_call(name: str, **more: Any) -> Call:
    def make(caller: Caller) -> httpx2.Response:
        caller.call()
        caller.call(ChannelId=None, X_Sandbox_Scenario="404")
        return call(caller, name, **more)

    return make


def plainly(name: str, json: Any = None, **more: Any) -> Call:
    return lambda caller: call(caller, name, json, **more)


ANSWERS: list[tuple[str, str, Call]] = [
    ("showHealth", "200", plainly("showHealth")),
    ("describe", "200", plainly("describe")),
    ("listErrors", "200", plainly("listErrors")),
    ("findCustomers", "200", plainly("findCustomers", params={"count": 30})),
    ("findCustomers", "200", plainly("findCustomers", params={"birthday": "never"})),
    ("makeCustomer", "201", plainly("makeCustomer", {"segment": "20"})),
    ("showCustomer", "200", plainly("showCustomer")),
    ("showCustomer", "404", plainly("showCustomer", values={"identity": "1"})),
    ("listSpaces", "200", after_a_call("listSpaces")),
    ("showSpace", "200", after_a_call("showSpace")),
    ("showSpace", "404", plainly("showSpace")),
    ("resetSpace", "204", plainly("resetSpace")),
    ("listOverrides", "200", lambda caller: placed(caller, "listOverrides")),
    ("replaceOverrides", "200", plainly("replaceOverrides", {"named": {"busy": {"error": "serverUnavailable"}}})),
    ("clearOverrides", "204", lambda caller: placed(caller, "clearOverrides")),
    ("showOverride", "200", lambda caller: placed(caller, "showOverride", "cardNumber", "9990000000000017")),
    ("showOverride", "404", plainly("showOverride")),
    ("placeOverride", "200", lambda caller: placed(caller, "placeOverride", "companion", "token")),
    ("removeOverride", "204", lambda caller: placed(caller, "removeOverride")),
    ("removeOverride", "404", plainly("removeOverride")),
    ("showClock", "200", plainly("showClock")),
    ("setClock", "200", plainly("setClock", {"now": "2028-02-29T09:00:00-06:00"})),
    ("releaseClock", "200", plainly("releaseClock")),
    ("showProfile", "200", plainly("showProfile")),
    ("setProfile", "200", plainly("setProfile", {"profile": "strict", "liveTexts": True})),
    ("releaseProfile", "200", plainly("releaseProfile")),
    ("listExchanges", "200", after_a_call("listExchanges", params={"status": 404, "wait": 1})),
    ("listExchanges", "408", plainly("listExchanges", params={"wait": 1, "timeout": "10ms"})),
    ("clearExchanges", "204", plainly("clearExchanges")),
    ("showExchange", "200", shown_exchange),
    ("showExchange", "404", plainly("showExchange", values={"id": "999999999"})),
    ("verify", "200", lambda caller: verified(caller, {})),
    ("verify", "200", lambda caller: verified(caller, {"match": {"status": 404}, "exactly": 1})),
    ("verify", "200", lambda caller: verified(caller, {"inOrder": [{"status": 200}]})),
    ("verify", "200", lambda caller: verified(caller, {"inOrder": [{"status": 404}]})),
    ("coverage", "200", after_a_call("coverage")),
    ("issueToken", "201", plainly("issueToken", {"client_id": "app", "lifetime": "0s"})),
    ("beginSession", "201", plainly("beginSession", {"client_id": "app"})),
    ("showSession", "200", shown_session),
    ("showSession", "404", plainly("showSession")),
    ("explain", "200", plainly("explain", {"body": {"customerId": NUMBER}})),
    ("explain", "200", plainly("explain", {"headers": {"client_id": "app"}})),
    ("reload", "200", plainly("reload")),
    ("reset", "204", plainly("reset")),
]  # fmt: skip


def assert_documented(name: str, response: httpx2.Response, status: str) -> None:
    """Hold a whole answer against the document."""
    assert str(response.status_code) == status, response.text
    documented = followed(OPERATIONS[name][2]["responses"][status])
    content = documented.get("content", {})
    if not content:
        assert (response.content, response.headers.get("content-type")) == (b"", None)
        return
    media_type = response.headers["content-type"].partition(";")[0]
    assert media_type in content
    body = yaml.safe_load(response.text) if media_type == "application/yaml" else response.json()
    validator(content[media_type]["schema"]).validate(body)
    for header, about in documented.get("headers", {}).items():
        if header in response.headers:
            validator(followed(about)["schema"]).validate(response.headers[header])


@pytest.fixture(scope="module")
def alone(serve_once: Serve) -> Server:
    """A server that these tests may reset."""
    return serve_once()


@pytest.fixture(scope="module")
def guarded(serve_once: Serve) -> Server:
    """A server that wants a token."""
    return serve_once("--control-token", TOKEN)


@pytest.fixture
def asker(alone: Server, join: Join) -> Caller:
    return join(alone)


@pytest.mark.parametrize(
    ("name", "status", "make"), ANSWERS, ids=[f"{name}-{n}" for n, (name, *_) in enumerate(ANSWERS)]
)
def test_an_operation_answers_what_its_document_says(asker: Caller, name: str, status: str, make: Call) -> None:
    assert_documented(name, make(asker), status)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_unknown_parameter_is_a_documented_problem_everywhere(asker: Caller, name: str) -> None:
    asker.call()
    refused = call(asker, name, {}, params={"colour": "red"})
    assert_documented(name, refused, "400")
    assert {"path": "colour"}.items() <= refused.json()["mistakes"][0].items()


@pytest.mark.parametrize("name", GUARDED)
def test_without_the_token_an_operation_answers_a_documented_problem(guarded: Server, join: Join, name: str) -> None:
    refused = call(join(guarded), name)
    assert_documented(name, refused, "401")
    assert "www-authenticate" in refused.headers


@pytest.mark.parametrize("name", GUARDED)
def test_a_foreign_web_page_gets_a_documented_problem(asker: Caller, name: str) -> None:
    assert_documented(name, call(asker, name, headers={"Origin": "http://evil.example"}), "403")


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in GUARDED])
def test_an_open_operation_wants_no_token(guarded: Server, join: Join, name: str) -> None:
    assert_documented(name, call(join(guarded), name), "200")


def test_overrides_as_a_file_are_documented(asker: Caller) -> None:
    placed(asker, "placeOverride")
    file = call(asker, "listOverrides", headers={"Accept": "application/yaml"})
    assert file.headers["content-type"].startswith("application/yaml")
    assert_documented("listOverrides", file, "200")


def test_the_events_of_a_stream_are_exchanges(asker: Caller) -> None:
    asker.call()
    content = OPERATIONS["streamExchanges"][2]["responses"]["200"]["content"]
    path = "/_sandbox" + path_of(asker, "streamExchanges")
    with asker.http.stream("GET", path, headers={"Last-Event-ID": "0"}) as stream:
        assert stream.headers["content-type"].partition(";")[0] in content
        data = next(line for line in stream.iter_lines() if line.startswith("data: "))
    validator({"$ref": "#/components/schemas/Exchange"}).validate(yaml.safe_load(data.removeprefix("data: ")))


def test_every_documented_status_of_every_operation_is_met_here() -> None:
    def met() -> Iterator[tuple[str, str]]:
        yield from ((name, status) for name, status, _ in ANSWERS)
        yield ("streamExchanges", "200")
        yield from ((name, "400") for name in OPERATIONS)
        yield from ((name, status) for name in GUARDED for status in ("401", "403"))

    assert set(met()) == DOCUMENTED
