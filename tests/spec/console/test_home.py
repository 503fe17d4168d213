"""Home: what this is, how it is, and a call to copy."""

import shlex
import subprocess
from pathlib import Path

from tests.spec.conftest import Client, Connect, Serve

from .conftest import Visit, Visitor


def test_the_curl_is_copied_by_a_button_and_works_when_pasted(visit: Visit) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.open("/")
    button = page.get_by_role("button", name="Copy the call")
    button.press("Enter")
    page.get_by_text("Copied").wait_for()
    pasted = page.evaluate("navigator.clipboard.readText()")
    command = shlex.split(pasted.replace("\\\n", " "))
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Luis Diaz Salinas" in answer


def test_what_is_wrong_with_the_last_save_is_shown_with_file_and_line(
    serve: Serve, connect: Connect, visit: Visit, tmp_path: Path
) -> None:
    server = serve("--no-watch", scenarios=tmp_path)
    (tmp_path / "<b>demo.yaml").write_text('customerId:\n  "1": {eror: "<i>"}\n')
    connect(server).control("POST", "/reload")
    page = visit(server).open("/")
    notice = page.get_by_role("region", name="The last save has 1 mistake")
    assert f"{tmp_path}/<b>demo.yaml:2" in notice.inner_text()
    assert "did you mean error?" in notice.inner_text()
    assert page.get_by_text("degraded", exact=True).is_visible()


def test_health_tells_how_many_scenarios_there_are(visitor: Visitor, client: Client) -> None:
    scenarios = client.control("GET", "/health").json()["scenarios"]
    card = visitor.open("/").get_by_role("region", name="How it is").inner_text()
    assert f"{scenarios['entries']} in {len(scenarios['files'])} files" in card


def test_the_day_in_each_country_is_that_of_the_space_and_a_frozen_clock_says_so(
    visitor: Visitor, caller: Client
) -> None:
    clock = caller.control("PUT", "/spaces/{space}/clock", json={"now": "2028-02-29T23:30:00-06:00"}).json()
    card = visitor.open(f"/?space={visitor.space}").get_by_role("region", name="Today").inner_text()
    assert "Time is frozen in this space at 2028-03-01 05:30:00 UTC" in card
    for country, day in clock["today"].items():
        assert f"{country}\n{day}" in card
    assert "it ticks" in visitor.open("/").get_by_role("region", name="Today").inner_text()


def test_the_whole_catalogue_is_seen_at_a_glance(visitor: Visitor, client: Client) -> None:
    lines = visitor.open("/").get_by_role("region", name="Every error").get_by_role("listitem").all_inner_texts()
    errors = client.control("GET", "/errors").json()
    assert [line.split() for line in lines] == [
        [str(error["status"]), error.get("code") or error["gateway"]] for error in errors
    ]
