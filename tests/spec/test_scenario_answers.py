"""What entries answer, in the finer points; the outline is in test_scenario_files."""

from pathlib import Path

import pytest

from .conftest import Client, Connect, Serve

FILE = """
customerId:
  "100000000001": {customer: {fullName: Ana, birthday: today}}
  "100000000002": {customer: {fullName: Ana, birthday: never}}
  "100000000003": {customer: {fullName: Ana, birthday: 02-29}}
  "100000000004": {customer: {fullName: Ana, birthday: 1999-12-31}}
  "100000000005": {customer: {customerSegment: "77"}}
  "100000000006": {customer: {fullName: "{{ request.customerId[-2:] }} on {{ today }} in {{ headers.countryCode }}"}}
  "100000000007":
    description: why it is so
    error: {code: serverUnavailable, type: warn, location: here, moreInfo: ask us}
  "100000000008":
    delay: 1m
    sequence:
      - {delay: 0s, error: tooManyRequests}
      - {delay: 150ms, customer: synthetic}
  "1000000001*":
    sequence: [{error: serverUnavailable}, {error: resourceNotFound}]
cardNumber:
  "5500000000000004": {customer: {fullName: "{{ request.cardNumber }}"}}
  "55*": {error: accessNotConfigured}
named:
  steps: {sequence: [{error: serverUnavailable}, {error: resourceNotFound}]}
"""


@pytest.fixture(scope="module")
def client(serve_once: Serve, connect: Connect) -> Client:
    return connect(serve_once(scenarios=FILE))


@pytest.mark.parametrize(
    ("number", "day", "is_birthday"),
    [
        ("1", "2027-06-01", True),
        ("2", "2027-06-01", False),
        ("3", "2028-02-29", True),
        ("3", "2028-02-28", False),
        ("3", "2027-02-28", True),
        ("3", "2027-03-01", False),
        ("4", "2027-12-31", True),
        ("4", "1998-12-31", True),
        ("4", "2027-12-30", False),
    ],
)
def test_a_birthday_falls_as_written(client: Client, number: str, day: str, is_birthday: bool) -> None:
    answer = client.ask({"customerId": f"10000000000{number}"}, X_Sandbox_Date=day).json()
    assert answer["customer"]["birthdayTodayFlag"] is is_birthday


def test_what_a_customer_leaves_out_is_made_up(client: Client) -> None:
    made_up = client.ask({"customerId": "100000000005"}).json()["customer"]
    found = client.control("GET", "/customers/100000000005").json()
    assert made_up["customerSegment"] == "77"
    assert made_up["fullName"] == found["fullName"] != ""


def test_a_template_knows_number_day_and_headers(client: Client) -> None:
    answer = client.ask({"customerId": "100000000006"}, X_Sandbox_Date="2027-06-01", countryCode="BR").json()
    assert answer["customer"]["fullName"] == "06 on 2027-06-01 in BR"


def test_a_template_sees_a_card_masked(client: Client) -> None:
    assert client.ask({"cardNumber": "5500000000000004"}).json()["customer"]["fullName"] == "550000******0004"


def test_an_error_may_have_other_fields_and_the_reason_says_where_and_why(client: Client) -> None:
    response = client.ask({"customerId": "100000000007"})
    body = response.json()
    assert response.status_code == 500
    assert [body[name] for name in ("type", "code", "location", "moreInfo")] == [
        "warn", "serverUnavailable", "here", "ask us"
    ]  # fmt: skip
    assert body["details"] == "The request failed due to an internal error/server unavailability"
    reason = response.headers["x-sandbox-reason"]
    line = FILE.splitlines().index('  "100000000007":') + 1
    assert reason.endswith(f"test.yaml:{line}: why it is so")


def test_each_step_of_a_sequence_may_have_its_own_delay(client: Client) -> None:
    first, second = (client.ask({"customerId": "100000000008"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (429, 200)
    assert first.elapsed.total_seconds() < 30
    assert 0.15 <= second.elapsed.total_seconds() < 30


def test_a_sequence_of_a_prefix_or_a_name_is_counted_for_each_number(client: Client) -> None:
    for number in ("100000000100", "100000000101"):
        assert [client.ask({"customerId": number}).status_code for _ in range(3)] == [500, 404, 404]
        named = [client.ask({"customerId": number}, X_Sandbox_Scenario="steps").status_code for _ in range(3)]
        assert named == [500, 404, 404]


def test_the_customer_id_is_asked_before_the_card_and_an_error_answers_whatever_the_other_number_is(
    client: Client,
) -> None:
    blocked = {"customerId": "100000000007", "cardNumber": "5500000000000004"}
    assert client.ask(blocked).status_code == 500
    assert client.ask({"customerId": "200000000000", "cardNumber": "5599999999999999"}).status_code == 403


def test_today_is_today_in_the_countrys_time_zone(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    # 26 hours apart: whatever the moment is, it is never the same day in both.
    world = 'segments: {"1": 1}\ncountries: {AA: {locale: en_US, timezone: Etc/GMT+12},'
    (tmp_path / "world.yaml").write_text(f"{world} BB: {{locale: en_US, timezone: Etc/GMT-14}}}}")
    (tmp_path / "today.yml").write_text('customerId: {"1": {customer: {fullName: "{{ today }}"}}}')
    client = connect(serve(scenarios=tmp_path))
    days = [client.ask({"customerId": "1"}, countryCode=code).json()["customer"]["fullName"] for code in ("AA", "BB")]
    assert days[0] < days[1]


def test_files_in_directories_below_are_read_and_hidden_ones_are_not(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    for name, code in (("deep/er/a.yml", "resourceNotFound"), (".hidden/b.yaml", "broken"), ("a.yaml~", "broken")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"customerId: {{'100000000001': {{error: {code}}}}}")
    assert connect(serve(scenarios=tmp_path)).ask({"customerId": "100000000001"}).status_code == 404


def test_one_file_may_stand_for_a_directory(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("customerId: {'100000000001': {error: resourceNotFound}}")
    (tmp_path / "other.yaml").write_text("customerId: {'100000000001': {error: serverUnavailable}}")
    assert connect(serve(scenarios=tmp_path / "one.yaml")).ask({"customerId": "100000000001"}).status_code == 404
