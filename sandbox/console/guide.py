"""The guide: the documents for people, as pages beside the reference and as Markdown for programs that read.

Rule 1: a document is written once, in `docs/`; what is linked there leads to the same place here.
Rule 2: a document's first line is its title, and its first paragraph its promise.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.files.shipped import shipped_guide

from .rendering import Entry

# Imported by the first page: nobody who only calls the API waits for it.
if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

# Where a reader begins; what is not named comes behind, by its name.
_READING_ORDER = (
    *("install", "writing-scenarios", "steering", "command-line", "sweep", "agents", "login", "recipes"),
    *("console", "settings"),
)
_LINKS = {"../README.md": "/", "../scenarios/world.yaml": "/docs/scenarios#world-start"}
_NO_WORD = re.compile(r"[^\w\- ]")


class Heading(NamedTuple):
    """A heading of a document, with its address on the page; `level` is 2 or more."""

    level: int
    anchor: str
    text: str


class Document(NamedTuple):
    """One document of the guide."""

    name: str
    title: str
    promise: str
    text: str

    @property
    def entry(self) -> Entry:
        return Entry(f"/docs/{self.name}", self.title, self.promise)


def read_documents() -> list[Document]:
    """Read the documents that ship, in the order in which they are read."""
    found = {path.stem: _document(path) for path in sorted(shipped_guide().glob("*.md"))}
    first = [name for name in _READING_ORDER if name in found]
    return [found[name] for name in dict.fromkeys([*first, *found])]


def _document(path: Path) -> Document:
    text = path.read_text("utf-8")
    title, promise = text.split("\n\n", 2)[:2]
    return Document(path.stem, title.removeprefix("# "), " ".join(promise.split()), text)


class Guide:
    """The documents of one sandbox. Pages are made when they are first asked for."""

    def __init__(self, has_control: bool) -> None:
        self._has_control = has_control
        self._pages: dict[str, tuple[list[Heading], str]] = {}

    @cached_property
    def documents(self) -> Mapping[str, Document]:
        return {document.name: document for document in read_documents()}

    @property
    def entries(self) -> list[Entry]:
        return [document.entry for document in self.documents.values()]

    def document(self, request: Request) -> Document:
        """Return the document that a path names. Raises HTTPException."""
        try:
            return self.documents[request.path_params["name"]]
        except KeyError:
            raise HTTPException(404) from None

    def page(self, document: Document) -> tuple[list[Heading], str]:
        """Return the headings of a document, and its text for a page."""
        if document.name not in self._pages:
            self._pages[document.name] = _rendered(document.text)
        return self._pages[document.name]

    async def markdown(self, request: Request) -> Response:
        return Response(self.document(request).text, media_type="text/markdown")

    async def for_programs(self, request: Request) -> Response:
        """List all that is for programs that read, in the form of llmstxt.org."""
        base = str(request.base_url).rstrip("/")
        entries = (f"- [{entry.title}]({base}{entry.path}.md): {entry.promise}" for entry in self.entries)
        text = _FOR_PROGRAMS.format(base=base, documents="\n".join(entries))
        return PlainTextResponse(text + _CONTROL_FOR_PROGRAMS.format(base=base) * self._has_control)


_FOR_PROGRAMS = """\
# Segment Sandbox

> The bank's customer-segment API on this machine: exact, explained, deterministic, and able to fail in every way the
> real one can. Every answer says why in `X-Sandbox-Rule` and `X-Sandbox-Reason`.

## Documents

{documents}

## Descriptions

- [The contract]({base}/openapi.yaml): the bank's API, OpenAPI 3
- [Login and key exchange]({base}/companions.openapi.yaml): the calls around it
"""
_CONTROL_FOR_PROGRAMS = "- [The control API]({base}/_sandbox/openapi.json): what steers a running sandbox\n"


def slug(heading: str) -> str:
    """Return the address of a heading, as code hosts make it: the same link works here and there."""
    return _NO_WORD.sub("", heading.lower()).replace(" ", "-")


def target(link: str) -> str | None:
    """Return where a link of a document leads on these pages, None where it leads to what is not served."""
    path, hash_, fragment = link.partition("#")
    if ":" in path or not path:
        return link
    if path in _LINKS:
        return _LINKS[path]
    return f"/docs/{path.removesuffix('.md')}{hash_}{fragment}" if re.fullmatch(r"[\w-]+\.md", path) else None


def parser() -> "MarkdownIt":
    """Return a parser for the Markdown of the guide: CommonMark and tables."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def headings(tokens: Sequence["Token"]) -> Iterator[Heading]:
    """Go through the headings below the title."""
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag != "h1":
            text = "".join(each.content for each in inline.children or ())
            yield Heading(int(opening.tag[1:]), slug(text), text)


def _rendered(text: str) -> tuple[list[Heading], str]:
    markdown = parser()
    markdown.add_render_rule("heading_open", _heading_open)
    markdown.add_render_rule("heading_close", _heading_close)
    markdown.add_render_rule("link_open", _link_open)
    markdown.add_render_rule("link_close", _link_close)
    markdown.add_render_rule("fence", _fence)
    markdown.add_render_rule("html_block", lambda *_: "")
    markdown.add_render_rule("table_open", _table_open)
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    markdown.add_render_rule("th_open", lambda *_: '<th scope="col">')
    tokens = markdown.parse(text)
    next(token for token in tokens if token.type == "paragraph_open").attrSet("class", "lede")
    return [*headings(tokens)], str(markdown.renderer.render(tokens, markdown.options, {}))


def _table_open(renderer: "RendererHTML", tokens: Sequence["Token"], index: int, *_: Any) -> str:
    titles = [inline.content for opening, inline in pairwise(tokens[:index]) if opening.type == "heading_open"]
    label = escape(titles[-1].replace("`", ""))
    return f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table class="told prose">\n'


def _heading_open(renderer: "RendererHTML", tokens: Sequence["Token"], index: int, *_: Any) -> str:
    tag = tokens[index].tag
    if tag == "h1":
        return "<h1>"
    (heading,) = headings(tokens[index : index + 2])
    return f'<{tag} id="{escape(heading.anchor)}">'


def _heading_close(renderer: "RendererHTML", tokens: Sequence["Token"], index: int, *_: Any) -> str:
    tag = tokens[index].tag
    if tag == "h1":
        return "</h1>\n"
    (heading,) = headings(tokens[index - 2 : index])
    label = escape(f"Link to {heading.text}")
    return f' <a class="anchor" href="#{escape(heading.anchor)}" aria-label="{label}">#</a></{tag}>\n'


def _link_open(renderer: "RendererHTML", tokens: Sequence["Token"], index: int, *_: Any) -> str:
    href = target(str(tokens[index].attrGet("href")))
    return f'<a href="{escape(href)}">' if href else ""


def _link_close(renderer: "RendererHTML", tokens: Sequence["Token"], index: int, *_: Any) -> str:
    opening = next(token for token in reversed(tokens[:index]) if token.type == "link_open")
    return "</a>" if target(str(opening.attrGet("href"))) else ""


def _fence(renderer: "RendererHTML", tokens: Sequence["Token"], index: int, *_: Any) -> str:
    """Lay out an example; where it is a file, the file's name stands below it."""
    token = tokens[index]
    name = token.info.partition(" ")[2]
    pre = f'<pre tabindex="0" aria-label="Example">{escape(token.content.rstrip())}</pre>\n'
    return f"<figure>{pre}<figcaption><code>{escape(name)}</code></figcaption></figure>\n" if "." in name else pre
