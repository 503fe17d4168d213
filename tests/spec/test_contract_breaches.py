from uuid import UUID

import httpx2
import pytest

from .conftest import CONTRACT, HEADERS, PATH, Client, assert_documented_error

LUIS = {"customerId": "321116471234"}
CREDENTIALS = {"client_id", "Authorization"}
# RFC 9110, 5.3: these may come in several lines, which together are one list.
LISTS = ["Accept", "Accept-Language"]


def ask_twice(client: Client, header: str, value: str) -> httpx2.Response:
    """Ask with a header in two lines, whatever it is."""
    headers = [*HEADERS.items(), (header, value)]
    if header not in HEADERS:
        headers.append((header, value))
    return client.http.send(httpx2.Request("POST", client.http.base_url.join(PATH), headers=headers, json=LUIS))


def ask_twice_otherwise(client: Client, header: str, value: str) -> httpx2.Response:
    """Ask with a header in two lines of different values."""
    headers = [(name, sent) for name, sent in HEADERS.items() if name != header]
    headers += [(header, HEADERS.get(header, "x")), (header, value)]
    return client.http.send(httpx2.Request("POST", client.http.base_url.join(PATH), headers=headers, json=LUIS))


@pytest.mark.parametrize("header", [name for name in CONTRACT["components"]["parameters"] if name not in LISTS])
def test_a_header_that_comes_with_two_values_is_refused(client: Client, header: str) -> None:
    error = "unAuthorized" if header in CREDENTIALS else "invalidRequest"
    assert_documented_error(ask_twice_otherwise(client, header, f"{HEADERS.get(header, 'x')}x"), error, header)


@pytest.mark.parametrize("header", CONTRACT["components"]["parameters"])
def test_a_header_that_comes_twice_with_one_value_is_one_header(client: Client, header: str) -> None:
    assert ask_twice(client, header, HEADERS.get(header, "x")).status_code == 200


@pytest.mark.parametrize("header", LISTS)
def test_a_list_may_come_in_two_lines(client: Client, header: str) -> None:
    assert ask_twice(client, header, "text/html, es").status_code == 200


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_header_names_are_compared_without_their_case(client: Client, spelling: type[str]) -> None:
    headers = {spelling(name): value for name, value in HEADERS.items()}
    request = httpx2.Request("POST", client.http.base_url.join(PATH), headers=headers, json=LUIS)
    assert client.http.send(request).status_code == 200


def test_the_reason_names_every_breach_and_quotes_no_secret(client: Client) -> None:
    response = client.ask(
        {"cardNumber": "49694521234561109"}, client_id=None, Authorization="Basic c2VjcmV0", uuid="", countryCode="ZZ"
    )
    assert_documented_error(response, "unAuthorized", "client_id")
    reason = response.headers["x-sandbox-reason"]
    assert "4 more: Authorization, uuid, countryCode, cardNumber" in reason
    assert "c2VjcmV0" not in reason + client.ask(LUIS, Authorization="Basic c2VjcmV0").headers["x-sandbox-reason"]


def test_an_error_has_a_fresh_uuid_where_none_came(client: Client) -> None:
    first, second = (UUID(client.ask(LUIS, uuid=None).json()["uuid"]) for _ in range(2))
    assert first != second


@pytest.mark.parametrize("more", [{}, {"extra": [1.5, None]}, {"cardNumber": "", "CardNumber": 1}])
def test_what_the_contract_does_not_forbid_is_allowed(client: Client, more: dict[str, object]) -> None:
    content_type = "Application/JSON; charset=UTF-8"
    assert client.ask({**LUIS, **more}, Content_Type=content_type).status_code == 200
