"""The guide: the documents of docs/ as pages beside the reference, and as Markdown for programs that read."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import expect

from tests.spec.conftest import ROOT, Client, Connect, Serve

from .conftest import DESKTOP, PHONE, THEMES, Visitor, serious_issues

FILES = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
every_document = pytest.mark.parametrize("name", FILES)


@every_document
def test_a_page_has_no_serious_issue_in_either_theme_on_a_desk_and_on_a_phone(visitor: Visitor, name: str) -> None:
    for theme, size in zip(THEMES, (DESKTOP, PHONE), strict=True):
        visitor.page.emulate_media(color_scheme=theme)
        visitor.page.set_viewport_size(size)
        page = visitor.open(f"/docs/{name}")
        assert serious_issues(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_every_document_is_in_the_navigation_and_its_page_has_its_headings(visitor: Visitor) -> None:
    shelf = visitor.open("/docs").get_by_role("navigation", name="Guide")
    hrefs = [str(link.get_attribute("href")) for link in shelf.get_by_role("link").all()]
    assert sorted(hrefs) == [f"/docs/{name}" for name in FILES]
    for name, text in FILES.items():
        page = visitor.open(f"/docs/{name}")
        current = page.get_by_role("navigation", name="Guide").locator("[aria-current=page]")
        expect(page.get_by_role("heading", level=1)).to_have_text(current.inner_text())
        below = re.findall(
            r"^## (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE
        )
        contents = page.get_by_role("navigation", name="On this page").get_by_role("link")
        assert contents.all_inner_texts() == below


def test_every_link_of_every_page_leads_to_something_that_is_there(client: Client) -> None:
    pages: dict[str, str] = {}
    for name in FILES:
        path = f"/docs/{name}"
        for href in re.findall(r'href="([^"]+)"', client.http.get(path).text):
            parts = urlsplit(urljoin(path, href.replace("&amp;", "&")))
            if parts.netloc:
                assert parts.scheme == "https"
                continue
            if parts.path not in pages:
                answer = client.http.get(parts.path, headers={"accept": "text/html"})
                assert answer.status_code == 200, (path, href)
                pages[parts.path] = answer.text
            assert not parts.fragment or f'id="{parts.fragment}"' in pages[parts.path], (path, href)


def test_no_generated_mark_and_no_script_is_in_a_page(client: Client) -> None:
    for name in FILES:
        answer = client.http.get(f"/docs/{name}")
        assert "generated:" not in answer.text
        assert not re.search(r"<script(?! (type=\"module\" )?src=)|<style|\sstyle=|\son\w+=", answer.text)
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_file_that_an_example_writes_has_its_name_below_it(visitor: Visitor) -> None:
    figure = visitor.open("/docs/writing-scenarios").locator("figure").filter(has_text="eror: business")
    expect(figure.locator("figcaption")).to_have_text("broken/demo.yaml")


@every_document
def test_programs_get_the_markdown_as_it_is_written(client: Client, name: str) -> None:
    answer = client.http.get(f"/docs/{name}.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text == FILES[name]


def test_programs_find_everything_that_they_may_read(client: Client) -> None:
    answer = client.http.get("/llms.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("# Segment Sandbox\n\n> ")
    listed = re.findall(r"^- \[.+\]\((.+?)\): .+$", answer.text, re.MULTILINE)
    base = str(client.http.base_url).rstrip("/")
    assert {f"{base}/docs/{name}.md" for name in FILES} < {*listed}
    assert [url for url in listed if client.http.get(url).status_code != 200] == []


@pytest.mark.parametrize("name", ["nothing", "nothing.md", "..%2FREADME.md", ".md", "%00.md"])
def test_a_document_that_is_not_there_is_a_404(client: Client, name: str) -> None:
    assert client.http.get(f"/docs/{name}").status_code == 404


def test_without_a_control_api_the_guide_stays(serve_once: Serve, connect: Connect) -> None:
    http = connect(serve_once("--control", "off")).http
    assert http.get("/docs/steering").status_code == http.get("/docs/steering.md").status_code == 200
    assert "/_sandbox" not in http.get("/llms.txt").text
