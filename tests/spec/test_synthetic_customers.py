from pathlib import Path

from .conftest import Client, Connect, Serve, assert_documented_error

WORLD = """
seed: {seed}
unknown: {unknown}
segments: {{"10": 1}}
birthdays: {{everyDay: 0}}
countries:
  MX: {{locale: es_MX, timezone: America/Mexico_City}}
  US: {{locale: en_US, timezone: America/New_York}}
"""


def test_a_customer_stays_the_same_by_id_by_card_and_after_a_restart(
    client: Client, serve: Serve, connect: Connect
) -> None:
    restarted = connect(serve())
    for found in client.control("GET", "/customers", params={"count": 3, "segment": "40"}).json():
        by_id = client.ask({"customerId": found["customerId"]}).json()
        if found["scenario"] is None:
            assert client.ask({"cardNumber": found["cardNumber"]}).json() == by_id
        expected = {name: found[name] for name in ("fullName", "customerSegment", "birthdayTodayFlag")}
        assert by_id == {"customer": expected}
        assert restarted.ask({"customerId": found["customerId"]}).json() == by_id


def test_the_country_makes_the_customer(client: Client) -> None:
    names = {client.ask({"customerId": "100000000000"}, countryCode=country).text for country in ("MX", "US", "BR")}
    assert len(names) == 3


def test_a_world_may_say_that_nobody_else_exists(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    client = connect(serve(scenarios=_world(tmp_path, seed="x", unknown="notFound")))
    assert_documented_error(client.ask({"customerId": "100000000000"}), "resourceNotFound", "customerId")


def test_a_birthday_moves_with_the_day(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    client = connect(serve(scenarios=_world(tmp_path, seed="x", unknown="synthesize")))
    leapling = client.control("GET", "/customers", params={"birthday": "02-29", "count": 1}).json()[0]
    days = ["2027-02-28", "2027-03-01", "2028-02-28", "2028-02-29", "2028-03-01"]
    flags = [
        client.ask({"customerId": leapling["customerId"]}, X_Sandbox_Date=day).json()["customer"]["birthdayTodayFlag"]
        for day in days
    ]
    assert flags == [True, False, False, True, False]


def _world(directory: Path, **terms: str) -> Path:
    (directory / "world.yaml").write_text(WORLD.format(**terms))
    return directory
