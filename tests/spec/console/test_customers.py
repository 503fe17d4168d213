"""Customers: cards of everybody, found by property, page by page, with and without script."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.console.pages import MAX_LOOKED_AT, PAGE_SIZE
from tests.spec.conftest import Client, Connect, Serve, Server

from .conftest import Visit, Visitor

MARKUP = "<img src=x onerror=alert(1)>"
FILE = f"""
customerId:
  "100000000016":
    cardNumber: "5500000000000012"
    description: {MARKUP!r}
    customer: {{fullName: {MARKUP!r}, customerSegment: "<b>", birthday: today}}
"""


def names(page: Page) -> list[str]:
    return page.locator("#customers h3").all_inner_texts()


def found(client: Client, **query: Any) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = client.control("GET", "/customers", params=query).json()
    return answer


def test_each_card_has_name_segment_birthday_and_both_numbers_and_says_where_it_is_from(
    visitor: Visitor, client: Client
) -> None:
    page = visitor.open("/console/customers")
    cards = page.locator("#customers > li").all_inner_texts()
    people = found(client, count=PAGE_SIZE)
    assert len(cards) == len(people) == PAGE_SIZE
    for text, customer in zip(cards, people, strict=True):
        shown = [customer["fullName"], f"Segment {customer['customerSegment']}", customer["scenario"] or "made up"]
        shown += [number for number in (customer["customerId"], customer["cardNumber"]) if number]
        assert [part for part in shown if part not in text] == []
        assert ("Birthday today" in text) == customer["birthdayTodayFlag"]


def test_people_are_found_by_birthday_segment_and_country_by_keyboard_alone(visitor: Visitor, client: Client) -> None:
    page = visitor.open("/console/customers")
    page.get_by_label("Birthday").fill("today")
    page.get_by_label("Segment").fill("20")
    page.get_by_label("Country").select_option("BR")
    page.get_by_label("Segment").press("Enter")
    page.wait_for_url("**birthday=today**")
    expected = found(client, birthday="today", segment="20", country="BR", count=PAGE_SIZE)
    assert names(page) == [customer["fullName"] for customer in expected]
    assert "with a birthday today in segment 20" in page.get_by_role("heading", level=2).inner_text()


@pytest.mark.parametrize("number", ["321116471234", "4969452123456110"])
def test_one_customer_is_found_by_either_number(visitor: Visitor, number: str) -> None:
    page = visitor.open("/console/customers")
    page.get_by_label("One customer by number").fill(number)
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**number=**")
    assert names(page) == ["Luis Diaz Salinas"]


def test_people_are_found_by_a_part_of_their_name_without_accents(visitor: Visitor) -> None:
    page = visitor.open("/console/customers")
    page.get_by_label("Name").fill("nunez")
    page.get_by_label("Name").press("Enter")
    page.wait_for_url("**name=nunez**")
    found = names(page)
    assert "Guadalupe Núñez Cárdenas" in found
    assert [name for name in found if "Núñez" not in name] == []
    assert "named nunez" in page.get_by_role("heading", level=2).inner_text()


def test_the_heading_tells_a_page_of_many_from_all_there_are(visitor: Visitor) -> None:
    heading = visitor.open("/console/customers").get_by_role("heading", level=2)
    assert heading.inner_text() == f"{PAGE_SIZE} customers, and more behind them"
    visitor.open("/console/customers?number=321116471234")
    assert heading.inner_text() == "1 customer"


def test_the_pages_are_one_order_without_gaps_and_work_without_script(visit: Visit, client: Client) -> None:
    page = visit(java_script_enabled=False).page
    url = client.http.base_url.join("/console/customers?segment=20")
    page.goto(str(url))
    seen = names(page)
    for _ in range(3):
        page.get_by_role("link", name="Next page").click()
        seen += names(page)
    expected = found(client, segment="20", count=4 * PAGE_SIZE)
    assert seen == [customer["fullName"] for customer in expected]
    page.get_by_role("link", name="First page").click()
    assert names(page) == seen[:PAGE_SIZE]


def test_a_number_is_copied_by_a_button_and_a_customer_is_called_by_a_link(visit: Visit) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.open("/console/customers?number=4969452123456110")
    page.get_by_role("button", name="Copy cardNumber 4969452123456110").press("Enter")
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "4969452123456110"
    page.get_by_role("link", name="Call about Luis Diaz Salinas").press("Enter")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer .status")).to_have_text("200")


def test_today_is_what_the_spaces_clock_says(visitor: Visitor, caller: Client) -> None:
    caller.control("PUT", "/spaces/{space}/clock", json={"now": "2028-03-14T12:00:00-06:00"})
    page = visitor.open(f"/console/customers?birthday=today&space={visitor.space}")
    assert "Ana Soto" in names(page)
    assert "Ana Soto" not in names(visitor.open("/console/customers?birthday=today"))


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("birthday=tomorrow", "today, never, or a day that exists"),
        ("country=ZZ", "expected one of MX"),
        ("number=12x", "digits"),
        ("number=1", "no customer's"),
        ("after=-1", "expected a number"),
        ("after=<b>", "'<b>'"),
    ],
)
def test_a_wrong_question_is_answered_on_the_page(visitor: Visitor, query: str, hint: str) -> None:
    visitor.may_fail.add("/console/customers")
    page = visitor.open(f"/console/customers?{query}")
    assert hint in page.get_by_role("alert").inner_text()


def test_nobody_like_that_says_what_to_do_next(visitor: Visitor) -> None:
    assert "write such a customer into a scenario file" in visitor.open("/console/customers?segment=99").content()
    page = visitor.open("/console/customers?birthday=02-29&segment=40")
    assert "there are more" in page.content()
    assert page.get_by_role("link", name="Keep looking").is_visible()


def test_a_name_full_of_markup_stays_text(serve: Serve, visit: Visit) -> None:
    page = visit(serve(scenarios=FILE)).open("/console/customers?segment=<b>")
    assert names(page) == [MARKUP]
    assert page.locator("img[src=x]").count() == 0


# Many


@pytest.fixture(scope="module")
def crowd(serve_once: Serve, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with 20,000 people written down, of whom the last alone celebrates on 29 February."""
    directory = tmp_path_factory.mktemp("crowd")
    lines = [
        f'  "2{n:011}": {{customer: {{fullName: Customer {n}, customerSegment: "10", birthday: 03-14}}}}'
        for n in range(20_000)
    ]
    lines[-1] = lines[-1].replace("03-14", "02-29")
    (directory / "crowd.yaml").write_text("customerId:\n" + "\n".join(lines) + "\n")
    return serve_once("--no-watch", scenarios=directory)


def test_among_many_a_rare_property_is_found_at_once_and_the_last_page_is_as_near_as_the_first(
    crowd: Server, visit: Visit
) -> None:
    visitor = visit(crowd)
    assert "Customer 19999" in names(visitor.open("/console/customers?birthday=02-29"))
    assert names(visitor.open("/console/customers?after=19990"))[:10] == [
        f"Customer {n}" for n in range(19_990, 20_000)
    ]


def test_the_control_api_pages_by_the_link_header(crowd: Server, connect: Connect) -> None:
    client = connect(crowd)
    answer = client.control("GET", "/customers?count=7&segment=10")
    seen = answer.json()
    for _ in range(3):
        following = re.fullmatch(r'</_sandbox(/customers\?[^>]+)>; rel="next"', answer.headers["link"])
        assert following
        answer = client.control("GET", following[1])
        seen += answer.json()
    assert [customer["fullName"] for customer in seen] == [f"Customer {n}" for n in range(28)]
    assert "link" not in client.control("GET", "/customers?segment=99").headers
    assert MAX_LOOKED_AT < 20_000
