"""The reference: everything that the documents say is on a page, under an address of its own."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.spec.conftest import CONTRACT, ERRORS, OPERATION, ROOT, Client, Serve, Server

from .conftest import DESKTOP, PHONE, THEMES, Visit, Visitor, serious_issues

ANCHOR = OPERATION["operationId"]
BOOKS = ("/docs", "/docs/companions", "/docs/scenarios", "/docs/control")
SCHEMAS = {
    kind: json.loads((ROOT / "sandbox" / "documents" / f"{kind}.schema.json").read_bytes())
    for kind in ("scenario", "world")
}
PARTS = [(kind, name) for kind, schema in SCHEMAS.items() for name in ("", *schema.get("$defs", {}))]
# In a contract, an error's texts stand beside it in other languages.
TEXTS = [
    text
    for response in OPERATION["responses"].values()
    for example in response["content"]["application/json"]["examples"].values()
    for texts in (example["value"], example.get("x-es", {}))
    for text in texts.values()
    if isinstance(text, str)
]


@pytest.mark.parametrize("path", BOOKS[1:])
def test_a_book_has_no_serious_issue_in_either_theme_at_either_size(visit: Visit, path: str) -> None:
    for theme in THEMES:
        visitor = visit(color_scheme=theme)
        for size in (DESKTOP, PHONE):
            visitor.page.set_viewport_size(size)
            page = visitor.open(path)
            assert serious_issues(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("path", BOOKS)
def test_each_line_of_the_contents_leads_somewhere_and_no_address_is_there_twice(client: Client, path: str) -> None:
    text = client.http.get(path).text
    addresses = re.findall(r'\sid="([^"]+)"', text)
    assert len(addresses) == len(set(addresses))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(addresses)


def test_every_header_field_and_status_has_a_place(visitor: Visitor) -> None:
    page = visitor.open("/docs")
    fields = CONTRACT["components"]["schemas"]
    wanted = {
        **{f"parameter-{name}": each["description"] for name, each in CONTRACT["components"]["parameters"].items()},
        **{
            f"body-{name}": each["description"]
            for name, each in fields["RetrieveCustomerSegmentRequest"]["properties"].items()
        },
        **{f"200-customer.{name}": each["description"] for name, each in fields["Customer"]["properties"].items()},
        **{f"400-{name}": each["description"] for name, each in fields["ErrorResponse"]["properties"].items()},
        **{status: response["description"] for status, response in OPERATION["responses"].items()},
    }
    for name, description in wanted.items():
        assert description in page.locator(f"[id='{ANCHOR}-{name}']").inner_text(), name
    assert "required" in page.locator(f"[id='{ANCHOR}-parameter-client_id']").inner_text()
    assert "required" not in page.locator(f"[id='{ANCHOR}-parameter-sid']").inner_text()


def test_every_text_of_every_error_is_there_in_both_languages(visitor: Visitor) -> None:
    answers = visitor.open("/docs").locator("main").inner_text()
    assert [text for text in TEXTS if text not in answers] == []


def test_every_way_to_an_error_stands_beside_it_and_its_call_gets_it(visitor: Visitor, client: Client) -> None:
    page = visitor.open("/docs")
    for entry in client.control("GET", "/errors").json():
        name = entry.get("code") or entry["gateway"]
        anchor = f"{ANCHOR if name in ERRORS else 'gateway'}-{name}"
        section = page.locator("section.told").filter(has=page.locator(f"#{anchor}"))
        told = section.inner_text()
        for way in (entry["customerId"], entry["cardNumber"], *entry["headers"], entry["yaml"]):
            assert way in told
        section.locator("summary").press("Enter")
        status_line = _pasted(page.locator(f"#{anchor}-call").inner_text()).partition("\n")[0]
        assert str(entry["status"]) in status_line.split()


def test_every_example_of_a_request_is_a_call_that_works_when_pasted(visitor: Visitor) -> None:
    page = visitor.open("/docs")
    for name in OPERATION["requestBody"]["content"]["application/json"]["examples"]:
        assert "Luis Diaz Salinas" in _pasted(page.locator(f"#{ANCHOR}-call-{name}").inner_text())


def test_every_part_of_a_schema_is_told_with_all_its_fields_patterns_and_choices(visitor: Visitor) -> None:
    page = visitor.open("/docs/scenarios")
    for kind, name in PARTS:
        schema = SCHEMAS[kind]["$defs"][name] if name else SCHEMAS[kind]
        section = page.locator("section").filter(has=page.locator(f"[id='{kind}-{name}']"))
        told = section.inner_text().lower()
        for each in _own(schema):
            wanted = (*each.get("properties", ()), each.get("pattern"), *each.get("enum", ()), each.get("description"))
            assert [text for text in wanted if text is not None and text.lower() not in told] == []


def test_each_example_stands_in_the_file_and_line_that_it_names(client: Client) -> None:
    text = client.http.get("/docs/scenarios").text
    places = re.findall(r"<code>([\w-]+\.yaml):(\d+)</code>", text)
    assert places
    files = {path.name: path for directory in ("scenarios", "sandbox/starter") for path in (ROOT / directory).iterdir()}
    for name, line in places:
        assert files[name].read_text("utf-8").splitlines()[int(line) - 1].strip()
    assert "flaky, fails twice and then works" in text


def test_every_operation_of_the_control_api_is_told(visitor: Visitor, client: Client) -> None:
    page = visitor.open("/docs/control")
    told = page.locator(".endpoint").all_inner_texts()
    document = client.http.get("/_sandbox/openapi.json").json()
    assert [line.split() for line in told] == [
        [method.upper(), "/_sandbox" + path]
        for path, item in document["paths"].items()
        for method in ("get", "put", "post", "patch", "delete")
        if method in item
    ]


def test_an_error_of_many_calls_is_told_once_and_each_call_leads_to_it(visitor: Visitor) -> None:
    page = visitor.open("/docs/control")
    for status, text in (("400", "did you mean profile?"), ("401", "the control API wants the token")):
        expect(page.locator("section.told").filter(has=page.locator(f"#shared-{status}"))).to_contain_text(text)
        assert page.get_by_text(text).count() == 1
    assert page.locator("a[href='#shared-403']").count() > 20


def test_without_a_control_api_the_reference_stays_and_does_not_speak_of_it(serve_once: Serve, visit: Visit) -> None:
    server: Server = serve_once("--control", "off")
    visitor = visit(server)
    for path in BOOKS[:2]:
        page = visitor.open(path)
        assert page.get_by_role("link", name="Control API", exact=True).count() == 0
    assert "resourceNotFound" in visitor.open("/docs").locator("main").inner_text()


def _pasted(call: str) -> str:
    command = shlex.split(call.replace("\\\n", " "))
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _own(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Go through a schema and what is written inside of it, but not through what it refers to."""
    yield schema
    for key, each in schema.items():
        if key == "properties":
            for field in each.values():
                yield from _own(field)
        elif key in {"then", "else", "items", "additionalProperties", "propertyNames"} and isinstance(each, dict):
            yield from _own(each)


def test_the_companions_are_told_with_their_spellings_and_a_call_that_works(visitor: Visitor) -> None:
    page = visitor.open("/docs/companions")
    for spelling in ("/gcb/api/security/e2eKey", "/gcb/api/clientCredentials/oauth2/token/{countryCode}/gcb"):
        expect(page.get_by_text(spelling)).to_be_visible()
    # What the companions borrow from the contract is written out.
    expect(page.locator("#e2eKey-parameter-uuid")).to_contain_text("128 bit UUID")
    call = page.locator("#token-call-clientCredentials").inner_text()
    answer = subprocess.run(call, shell=True, capture_output=True, text=True, check=True).stdout
    assert answer.startswith("HTTP/1.1 200")
    assert '"access_token":"AAIk' in answer
