import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Client, Connect, Serve, Server, assert_documented_error, eventually

FILE = """
customerId:
  000123:
    customer: {fullName: NO, customerSegment: 07, birthday: never}
  "100000000017":
    cardNumber: "5500000000000012"
    customer: {fullName: Ana Soto, customerSegment: "30", birthday: 03-14}
  "100000000018":
    error:
      code: businessValidationFailed
      location: customerId
      details: "{{ request.customerId }} in {{ headers.countryCode }}"
  "100000000019":
    sequence:
      - {error: serverUnavailable, times: 2}
      - {customer: {fullName: Ana Soto}}
  "100000000020":
    error: {code: businessValidationFailed, details: "{{ headers['sid'] | default('none') }}"}
  "100000000021":
    times: 1
    error: resourceNotFound
  "3211*": {customer: {customerSegment: "short"}}
  "32119*": {customer: {customerSegment: "long"}}
  "321191111111": {customer: {customerSegment: "exact"}}
cardNumber:
  "5500000000000004": {error: resourceNotFound}
named:
  slow: {delay: 200ms, error: gatewayTimeout}
"""


@pytest.fixture(scope="module")
def client(serve_once: Serve, connect: Connect) -> Client:
    return connect(serve_once(scenarios=FILE))


def segment(client: Client, **body: str) -> str:
    return str(client.ask(body).json()["customer"]["customerSegment"])


def test_nothing_is_guessed(client: Client) -> None:
    customer = client.ask({"customerId": "000123"}).json()["customer"]
    assert customer == {"fullName": "NO", "customerSegment": "07", "birthdayTodayFlag": False}


@pytest.mark.parametrize(("day", "is_birthday"), [("2027-03-14", True), ("2027-03-15", False)])
def test_a_customer_is_found_by_both_numbers_and_has_a_birthday(client: Client, day: str, is_birthday: bool) -> None:
    for body in ({"customerId": "100000000017"}, {"cardNumber": "5500000000000012"}):
        customer = client.ask(body, X_Sandbox_Date=day).json()["customer"]
        assert customer == {"fullName": "Ana Soto", "customerSegment": "30", "birthdayTodayFlag": is_birthday}


def test_an_entry_is_silent_when_the_other_number_is_somebody_elses(client: Client) -> None:
    response = client.ask({"customerId": "100000000017", "cardNumber": "5500000000000013"})
    assert_documented_error(response, "businessValidationFailed", "cardNumber")


def test_texts_are_templates(client: Client) -> None:
    assert client.ask({"customerId": "100000000018"}).json()["details"] == "100000000018 in MX"
    assert client.ask({"customerId": "100000000020"}).json()["details"] == "none"
    assert client.ask({"customerId": "100000000020"}, sid="s1").json()["details"] == "s1"


def test_a_sequence_is_counted_for_each_client_id_and_stays_on_the_last(client: Client) -> None:
    for space in ("first", "second"):
        answers = [client.ask({"customerId": "100000000019"}, client_id=space).status_code for _ in range(4)]
        assert answers == [500, 500, 200, 200]


def test_an_entry_may_answer_a_number_of_times(client: Client) -> None:
    answers = [client.ask({"customerId": "100000000021"}) for _ in range(2)]
    assert [answer.headers["x-sandbox-rule"] for answer in answers] == ["scenario_file", "synthetic_customer"]


def test_exact_is_stronger_than_prefix_and_a_longer_prefix_than_a_shorter(client: Client) -> None:
    assert segment(client, customerId="321100000000") == "short"
    assert segment(client, customerId="321190000000") == "long"
    assert segment(client, customerId="321191111111") == "exact"


def test_a_prefix_stands_for_numbers_of_full_length(client: Client) -> None:
    assert_documented_error(client.ask({"customerId": "32110"}), "resourceNotFound", "customerId")


def test_a_named_scenario_is_reached_by_header(client: Client) -> None:
    response = client.ask({"customerId": "100000000017"}, X_Sandbox_Scenario="SLOW")
    assert response.status_code == 504
    assert response.elapsed.total_seconds() >= 0.2


def test_magic_values_are_there_beside_own_files(client: Client) -> None:
    assert_documented_error(client.ask({"customerId": "999900000404"}), "resourceNotFound", "customerId")


def check(path: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sandbox", "check", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_check_warns_of_likely_slips_and_is_content(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# soon\n")
    (tmp_path / "b.yaml").write_text('customerId:\n  "123": {error: 422}\n')
    result = check(tmp_path)
    first, second = result.stderr.splitlines()
    assert first == f"warning: {tmp_path}/a.yaml:1:1: has nothing but comments in it"
    assert second.startswith(f"warning: {tmp_path}/b.yaml:2:3: customerId.123: has not full length")
    assert result.returncode == 0
    assert result.stdout.startswith("2 files and what ships, ")
    assert result.stdout.endswith(" scenarios, no mistake\n")


def test_check_names_the_mistakes_behind_a_duplicate_key_and_behind_what_is_no_yaml(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("customerId:\n  '1': {error: 404, error: 405}\n  '2': {error: [}\n  '3': {eror: x}\n")
    result = check(file)
    assert [line.split(": ")[0] for line in result.stdout.splitlines()] == [
        f"{file}:{place}" for place in ("2:21", "2:21", "3:17", "4:9")
    ]
    assert (result.returncode, result.stderr) == (1, "4 mistakes in the scenario files\n")


SHARED = """
customerId:
  "100000000017": &ana
    customer: &customer {fullName: Ana Soto, customerSegment: "30"}
  "100000000018": *ana
  "100000000019":
    <<: *ana
    delay: 10ms
  "100000000020":
    sequence: [{error: 503}, {customer: {<<: *customer, fullName: Eva Soto}}]
"""


def test_entries_may_share_what_they_have_in_common(serve: Serve, connect: Connect) -> None:
    client = connect(serve(scenarios=SHARED))
    answers = [client.ask({"customerId": f"1000000000{n}"}) for n in (17, 18, 19, 20, 20)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 503, 200]
    names = [answer.json()["customer"]["fullName"] for answer in answers if answer.status_code == 200]
    assert names == ["Ana Soto", "Ana Soto", "Ana Soto", "Eva Soto"]


def entry(segment: str) -> str:
    return f'customerId: {{"100000000017": {{customer: {{customerSegment: "{segment}"}}}}}}\n'


def test_a_saved_file_counts_within_a_second_and_a_broken_one_changes_nothing(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(entry("a"))
    server = serve(scenarios=tmp_path)
    client = connect(server)

    def is_segment(wanted: str) -> bool:
        return segment(client, customerId="100000000017") == wanted

    def health() -> dict[str, object]:
        found: dict[str, object] = client.control("GET", "/health").json()
        return found

    # The first change may come before the watching has begun, and is read when it has.
    assert is_segment("a")
    eventually(lambda: file.write_text(entry("b")) > 0 and is_segment("b"))
    file.write_text(entry("c"))
    assert eventually(lambda: is_segment("c")) < 1

    file.write_text(entry("d").replace("customerSegment", "customerSegmnt"))
    eventually(lambda: health()["status"] == "degraded")
    assert is_segment("c")
    assert "test.yaml" in str(health()["lastReload"])
    eventually(lambda: "did you mean customerSegment?" in server.log)

    replacement = tmp_path / "new.tmp"
    replacement.write_text(entry("e"))
    replacement.rename(file)
    eventually(lambda: is_segment("e") and health()["status"] == "ok")

    (tmp_path / "more.yaml").write_text('customerId: {"100000000018": {error: resourceNotFound}}')
    eventually(lambda: client.ask({"customerId": "100000000018"}).status_code == 404)
    (tmp_path / "more.yaml").unlink()
    eventually(lambda: client.ask({"customerId": "100000000018"}).status_code == 200)


def test_a_mounted_set_that_is_swapped_by_a_link_is_read(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    for name in ("..1", "..2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "test.yaml").write_text(entry(name.strip(".")))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "test.yaml").symlink_to("..data/test.yaml")
    client = connect(serve(scenarios=tmp_path))
    assert segment(client, customerId="100000000017") == "1"
    (tmp_path / "..next").symlink_to("..2")
    os.replace(tmp_path / "..next", tmp_path / "..data")  # noqa: PTH105 - the same call as Kubernetes
    eventually(lambda: segment(client, customerId="100000000017") == "2")


def test_a_customer_without_a_card_is_found_by_the_synthetic_one(
    server: Server, client: Client, connect: Connect
) -> None:
    as_it_ships = connect(server)

    def card(number: str) -> str:
        return str(as_it_ships.control("GET", f"/customers/{number}").json()["cardNumber"])

    assert segment(client, cardNumber=card("321191111111")) == "exact"
    assert client.ask({"cardNumber": card("100000000018")}).json()["details"] == "100000000018 in MX"
