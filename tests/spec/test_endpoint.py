import pytest

from .conftest import CONTRACT, ERRORS, GATEWAY_ERRORS, HEADERS, PATH, Client, Connect, Serve, assert_documented_error

EXAMPLE = {"customerId": "321116471234"}
LUIS = {"customer": {"fullName": "Luis Diaz Salinas", "customerSegment": "20", "birthdayTodayFlag": True}}
CREDENTIALS = ["client_id", "Authorization"]


@pytest.mark.parametrize("base", ["", CONTRACT["servers"][0]["url"]])
def test_the_documented_example_answers_as_documented(client: Client, base: str) -> None:
    for body in (EXAMPLE, {"cardNumber": "4969452123456110"}, {**EXAMPLE, "cardNumber": "4969452123456110"}):
        response = client.ask(body, base + PATH)
        assert (response.status_code, response.json()) == (200, LUIS)
        assert response.headers["uuid"] == HEADERS["uuid"]
        assert response.headers["x-sandbox-rule"] == "scenario_file"
        assert "documented-example.yaml:4" in response.headers["x-sandbox-reason"]


def test_a_prefix_is_served_beside_the_documented_paths(serve: Serve, connect: Connect) -> None:
    client = connect(serve("--prefix", "/mx-gcgapi/ext"))
    for path in (PATH, "/api" + PATH, "/mx-gcgapi/ext" + PATH, "/mx-gcgapi/ext/api" + PATH):
        assert client.ask(EXAMPLE, path).json() == LUIS
    assert_documented_error(client.ask(EXAMPLE, "/other" + PATH), "resourceNotFound", "path")


@pytest.mark.parametrize("uuid", ["a7d1e304-83a9-4413-af97-62615e57eae66807840", "x", "ñandú"])
def test_the_uuid_comes_back_as_it_was_sent(client: Client, uuid: str) -> None:
    response = client.ask({"customerId": "999900000404"}, uuid=uuid)
    assert response.json()["uuid"] == uuid
    assert response.headers.raw[[name for name, _ in response.headers.raw].index(b"uuid")][1] == uuid.encode()


@pytest.mark.parametrize("header", HEADERS)
def test_a_missing_or_empty_header_is_refused(client: Client, header: str) -> None:
    error = "unAuthorized" if header in CREDENTIALS else "invalidRequest"
    for value in (None, ""):
        assert_documented_error(client.ask(EXAMPLE, **{header: value}), error, header)


@pytest.mark.parametrize(
    ("header", "value", "error"),
    [
        ("Authorization", "Basic abc", "unAuthorized"),
        ("Authorization", "Bearer", "unAuthorized"),
        ("Accept", "text/html", "invalidRequest"),
        ("Content-Type", "text/plain", "invalidRequest"),
        ("countryCode", "MEX", "invalidRequest"),
        ("countryCode", "ZZ", "accessNotConfigured"),
        ("businessCode", "XYZ", "accessNotConfigured"),
        ("ChannelId", "FAX", "accessNotConfigured"),
    ],
)
def test_a_bad_header_is_refused(client: Client, header: str, value: str, error: str) -> None:
    assert_documented_error(client.ask(EXAMPLE, **{header: value}), error, header)


@pytest.mark.parametrize("accept", ["*/*", "application/*;q=0.5", "text/html, application/json", "APPLICATION/JSON"])
def test_every_accept_that_admits_json_is_accepted(client: Client, accept: str) -> None:
    assert client.ask(EXAMPLE, Accept=accept).status_code == 200


@pytest.mark.parametrize(
    ("body", "location"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'{"customerId": NaN}', "body"),
        (b'{"customerId": "1", "customerId": "2"}', "body"),
        (b"\xef\xbb\xbf{}", "body"),
        (b'{"customerId": "\xff"}', "body"),
        (b'{"customerId": "\\ud800"}', "body"),
        (b'{"a":' * 10_000, "body"),
        (b'{"a": ' + b"9" * 6_000 + b"}", "body"),
        (b"{}", "customerId"),
        (b'{"customerId": ""}', "customerId"),
        (b'{"cardNumber": ""}', "cardNumber"),
        (b'{"customerId": 321116471234}', "customerId"),
        (b'{"customerId": null}', "customerId"),
        (b'{"customerId": "321116471234\\n"}', "customerId"),
        ('{"customerId": "\u0663\u0662\u0661"}'.encode(), "customerId"),
        (b'{"customerId": "1234567890123"}', "customerId"),
        (b'{"cardNumber": "12345678901234567"}', "cardNumber"),
    ],
)
def test_a_bad_body_is_refused(client: Client, body: bytes, location: str) -> None:
    assert_documented_error(client.ask(body), "invalidRequest", location)


def test_breaches_answer_in_the_documented_order(client: Client) -> None:
    broken: dict[str, str | None] = {"Authorization": None, "uuid": None, "countryCode": "ZZ"}
    for error, cured in (
        ("unAuthorized", "Authorization"),
        ("invalidRequest", "uuid"),
        ("accessNotConfigured", "countryCode"),
    ):
        assert_documented_error(client.ask(b"", **broken), error, cured)
        del broken[cured]
    assert_documented_error(client.ask(b""), "invalidRequest", "body")


def test_a_missing_client_id_is_explained_by_nginx(client: Client) -> None:
    assert "underscores_in_headers" in client.ask(EXAMPLE, client_id=None).headers["x-sandbox-reason"]


def test_numbers_of_different_customers_disagree(client: Client) -> None:
    body = {**EXAMPLE, "cardNumber": "5000000000000101"}
    assert_documented_error(client.ask(body), "businessValidationFailed", "cardNumber")


def test_a_short_number_is_nobodys(client: Client) -> None:
    assert_documented_error(client.ask({"customerId": "12345"}), "resourceNotFound", "customerId")
    assert_documented_error(client.ask({"cardNumber": "12345"}), "resourceNotFound", "cardNumber")


@pytest.mark.parametrize("kind", ["customerId", "cardNumber"])
@pytest.mark.parametrize("code", ERRORS)
def test_every_documented_error_is_had_in_every_way_with_the_fields_of_an_honest_one(
    client: Client, code: str, kind: str
) -> None:
    status = ERRORS[code][0]
    identity = {"customerId": "100000000000"} if kind == "customerId" else {"cardNumber": "5555000000000000"}
    magic = f"{'99990000':0<{9 if kind == 'customerId' else 13}}{status}"
    usual = {"unAuthorized": "Authorization", "accessNotConfigured": "countryCode", "serverUnavailable": None}
    ways = [
        client.ask(identity, X_Sandbox_Scenario=code),
        client.ask(identity, X_Sandbox_Scenario=code.upper()),
        client.ask(identity, X_Sandbox_Scenario=str(status)),
        client.ask(identity, Prefer=f"wait=1, code={status}"),
        client.ask({kind: magic}),
    ]
    for response in ways:
        assert_documented_error(response, code, usual.get(code, kind))


@pytest.mark.parametrize("name", GATEWAY_ERRORS)
def test_every_gateway_error_is_had_by_name_and_by_number(client: Client, name: str) -> None:
    status, value = GATEWAY_ERRORS[name]
    for response in (
        client.ask(EXAMPLE, X_Sandbox_Scenario=name),
        client.ask(EXAMPLE, X_Sandbox_Scenario=str(status)),
        client.ask({"customerId": f"999900000{status}"}),
        client.ask({"cardNumber": f"9999000000000{status}"}),
    ):
        assert (response.status_code, response.json()) == (status, value)
        assert int(response.headers["retry-after"]) > 0


def test_a_forced_error_wins_over_everything_and_says_what_else_is_wrong(client: Client) -> None:
    response = client.ask(b"", client_id=None, X_Sandbox_Scenario="resourceNotFound")
    assert response.status_code == 404
    assert "client_id, body" in response.headers["x-sandbox-reason"]


@pytest.mark.parametrize(
    ("header", "value", "hint"),
    [
        ("X-Sandbox-Scenario", "resourceNotFoud", "resourceNotFound"),
        ("X-Sandbox-Scenario", "", "resourceNotFound"),
        ("Prefer", "code=418", "resourceNotFound"),
        ("X-Sandbox-Delay", "2", "800ms"),
        ("X-Sandbox-Delay", "-1s", "800ms"),
        ("X-Sandbox-Delay", "61m", "at most 1 hour"),
        ("X-Sandbox-Date", "2027-02-30", "YYYY-MM-DD"),
        ("X-Sandbox-Date", "20270228", "YYYY-MM-DD"),
        ("X-Sandbox-Fault", "connectionRest", "did you mean connectionReset?"),
        ("X-Sandbox-Senario", "404", "did you mean X-Sandbox-Scenario?"),
    ],
)
def test_a_directive_that_is_not_understood_is_refused(client: Client, header: str, value: str, hint: str) -> None:
    response = client.ask(EXAMPLE, **{header: value})
    assert_documented_error(response, "invalidRequest", header)
    assert hint in response.headers["x-sandbox-reason"]


def test_an_undefined_magic_value_lists_the_defined_ones(client: Client) -> None:
    response = client.ask({"customerId": "999900000418"})
    assert_documented_error(response, "invalidRequest", "customerId")
    assert "404" in response.headers["x-sandbox-reason"]


@pytest.mark.parametrize("number", ["999911000020", "9999110000000020"])
def test_a_made_up_customer_is_what_the_number_says(client: Client, number: str) -> None:
    kind = "customerId" if len(number) == 12 else "cardNumber"
    customer = client.ask({kind: number}).json()["customer"]
    assert (customer["customerSegment"], customer["birthdayTodayFlag"]) == ("20", True)
    quiet = client.ask({kind: number.replace("99991100", "99991000")}).json()["customer"]
    assert (quiet["customerSegment"], quiet["birthdayTodayFlag"]) == ("20", False)


def test_a_delay_is_waited_for(client: Client) -> None:
    assert client.ask(EXAMPLE, X_Sandbox_Delay="300ms").elapsed.total_seconds() >= 0.3
    assert client.ask({"customerId": "999920000001"}).elapsed.total_seconds() >= 1


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [("es", "es"), ("es-MX,en;q=0.5", "es"), ("en;q=0.4, es;q=0.6", "es"), ("fr", "en"), ("*", "en"), ("es;q=0", "en")],
)
def test_the_language_of_an_error_is_chosen(client: Client, accept_language: str, language: str) -> None:
    response = client.ask({"customerId": "999900000404"}, Accept_Language=accept_language)
    assert response.headers["content-language"] == language
    examples = CONTRACT["paths"][PATH]["post"]["responses"]["404"]["content"]["application/json"]["examples"]
    example = examples["resourceNotFound"]
    texts = example["x-es"] if language == "es" else example["value"]
    assert response.json()["details"] == texts["details"]
    assert response.json()["moreInfo"] == texts["moreInfo"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_another_method_is_not_allowed(client: Client, method: str) -> None:
    response = client.http.request(method, PATH)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert method == "HEAD" or response.json()["code"] == "invalidRequest"
