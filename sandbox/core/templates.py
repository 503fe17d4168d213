"""Texts with `{{ }}` in scenario files: Jinja2 expressions, strict about undefined names.

Rule 1: only expressions that cannot run away: what may stand in one is listed, everything else is refused at load.
Rule 2: each placeholder of a text is held against these rules by itself, so that none hides what is wrong with another.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

TemplateContext: TypeAlias = Mapping[str, object]

LONGEST = 1_000
# Compiling one takes longer with the cube of its parts.
MAX_PARTS = 60
FILTERS = ("capitalize", "default", "first", "int", "last", "length", "lower", "string", "title", "trim", "upper")

# No call, no loop, no product, no power: nothing in a template can take long or grow large.
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Filter, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Concat, nodes.Add, nodes.Sub, nodes.Neg,
)  # fmt: skip


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox in which a dot leads to a field and never to a method."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return self.undefined(obj=obj, name=attribute)


_ENVIRONMENT = _Environment(undefined=jinja2.StrictUndefined, cache_size=0)
_ENVIRONMENT.filters = {name: _ENVIRONMENT.filters[name] for name in FILTERS}
_ENVIRONMENT.globals.clear()


class TemplateMistake(ValueError):
    """A template that can't be compiled, or that failed on a request."""


class Template:
    """A text that is finished for each request."""

    __slots__ = ("_render", "text")

    def __init__(self, text: str) -> None:
        """Compile the text. Raises TemplateMistake."""
        self.text = text
        if len(text) > LONGEST:
            raise TemplateMistake(f"{text[:40]!r}... has {len(text)} characters, expected at most {LONGEST}")
        try:
            tree = _ENVIRONMENT.parse(text)
            parts = list(tree.find_all(nodes.Node))
            if len(parts) > MAX_PARTS:
                raise TemplateMistake(f"{text[:40]!r}... has {len(parts)} parts, expected at most {MAX_PARTS}")
            for node in parts:
                if not isinstance(node, _ALLOWED):
                    kind = type(node).__name__.lower()
                    raise TemplateMistake(
                        f"{text!r} holds a {kind}; only names, their parts and filters may stand in it"
                    )
            self._render: Callable[[TemplateContext], str] = _ENVIRONMENT.from_string(tree).render
        except TemplateMistake:
            raise
        except (jinja2.TemplateError, RecursionError, SyntaxError, ValueError) as mistake:
            raise TemplateMistake(f"{text!r} is not a template: {mistake}") from None

    def render(self, context: TemplateContext) -> str:
        """Finish the text. Raises TemplateMistake when it asks for what the context does not have."""
        try:
            finished = self._render(context)
            finished.encode()
            return finished
        except Exception as mistake:  # noqa: BLE001 - a template may fail in any way that an expression can
            raise TemplateMistake(f"{self.text!r} failed: {mistake}") from None


Text: TypeAlias = str | Template


def read_text(text: str) -> Text:
    """Read a text that may be a template. Raises TemplateMistake."""
    return Template(text) if "{{" in text or "{%" in text or "{#" in text else text


def finish(text: Text, context: Callable[[], TemplateContext]) -> str:
    """Return the text as it stands for one request."""
    return text if isinstance(text, str) else text.render(context())


def template_mistakes(text: str, context: Callable[[], TemplateContext]) -> list[str]:
    """Name what is wrong with a text, for a request with this context: each of its placeholders, or the text itself."""
    if (wrong := _mistake(text, context)) is None:
        return []
    is_long = len(text) > LONGEST
    parts = _PLACEHOLDER.findall(text[:LONGEST])
    if not is_long:
        parts.append(_PLACEHOLDER.sub("", text))
    found = [mistake for part in parts if (mistake := _mistake(part, context))]
    return list(dict.fromkeys([wrong, *found] if is_long or not found else found))


def _mistake(text: str, context: Callable[[], TemplateContext]) -> str | None:
    try:
        finish(read_text(text), context)
    except TemplateMistake as mistake:
        return str(mistake)
    return None


# A quoted text in it may hold braces.
_PLACEHOLDER = re.compile(r"""\{\{(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?!\}\})[^"'])*\}\}""")
