"""YAML that people write: anchors, aliases and merge keys work within a file, are bounded, and keep their places."""

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sandbox.files import yaml_builder
from sandbox.files.yaml_builder import DEEPEST
from sandbox.files.yaml_source import read_document


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: &x 1\nb: *x", {"a": "1", "b": "1"}),
        ("a: &x {p: &y [1]}\nb: *x\nc: *y", {"a": {"p": ["1"]}, "b": {"p": ["1"]}, "c": ["1"]}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": "1", "b": "2", "c": "2"}),
        ("&x a: 1\nb: *x", {"a": "1", "b": "a"}),
        ("a: [&x 1, *x, {*x : *x}]", {"a": ["1", "1", {"1": "1"}]}),
        ("a: &x\nb: *x", {"a": None, "b": None}),
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", {"a": {"p": "1", "q": "2"}, "b": {"q": "3", "p": "1"}}),
        ("a: {<<: &x {<<: &y {p: 1}, q: 2}, r: 3}\nb: *y", {"a": {"p": "1", "q": "2", "r": "3"}, "b": {"p": "1"}}),
        ("a: {<<: [{p: 1}, {p: 2, q: 3}]}", {"a": {"p": "1", "q": "3"}}),
        ("a: {<<: {p: {q: 1}}}", {"a": {"p": {"q": "1"}}}),
        ("a: {<<: []}", {"a": {}}),
        ("a: {'<<': 1}", {"a": {"<<": "1"}}),
    ],
)  # fmt: skip
def test_aliases_and_merge_keys_stand_for_what_they_name(text: str, data: Any) -> None:
    document = read_document(text, "test")
    assert (document.data, document.mistakes) == (data, [])


@pytest.mark.parametrize(
    ("text", "path", "line", "column"),
    [
        ("a: &x\n  p: {q: 1}\nb: *x", ("b", "p", "q"), 2, 7),
        ("a: &x\n  p: {q: 1}\nb: *x", ("b",), 3, 1),
        ("a: &x [1, {q: 1}]\nb:\n  c: *x", ("b", "c", 1, "q"), 1, 12),
        ("a: &x\n  p: {q: 1}\nb:\n  <<: *x\n  r: 1", ("b", "p"), 2, 3),
        ("a: &x\n  p: {q: 1}\nb:\n  <<: *x\n  r: 1", ("b", "p", "q"), 2, 7),
        ("a: &x\n  p: {q: 1}\nb:\n  <<: *x\n  r: 1", ("b", "r"), 5, 3),
        ("a: &x\n  p: 1\nb: &y\n  <<: [*x]\nc:\n  <<: *y", ("c", "p"), 2, 3),
        ("a: &x\n  p: &y\n    q: 1\nb: *y\nc: {d: *x}", ("c", "d", "p", "q"), 3, 5),
    ],
)
def test_a_mistake_inside_of_what_an_alias_names_is_where_it_is_written(
    text: str, path: tuple[str | int, ...], line: int, column: int
) -> None:
    mistake = read_document(text, "test").mistake(path, "x")
    assert (mistake.place.line, mistake.column) == (line, column)


def laughs(levels: int, each: str) -> str:
    """A billion laughs: each level names the one before it ten times."""
    lines = ["a0: &a0 {k: lol}"]
    lines += [f"a{n}: &a{n} {each.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (laughs(12, "[{}]"), yaml_builder.MAX_ALIASED),
        ("a: &a [" + "x, " * 100 + "]\nb: [" + "*a, " * 200 + "]", 10_000),
        ("\n".join(["a0: &a0 {k: 1}", *(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}" for n in range(1, 300))]), 10_000),
    ],
    ids=["laughs", "wide", "merged"],
)
def test_a_file_that_would_explode_is_a_clear_mistake(text: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_builder, "MAX_ALIASED", most)
    document = read_document(text, "test")
    assert [mistake.message for mistake in document.mistakes] == [
        f"the aliases stand for more than {most} values; use fewer"
    ]
    assert document.data is None


def test_what_aliases_stand_for_is_no_deeper_than_anything_else() -> None:
    half = DEEPEST // 2 + 1
    text = f"a: &x {'[' * half}{']' * half}\nb: {'[' * half}*x{']' * half}"
    assert "nested more than" in read_document(text, "test").mistakes[0].message


def test_as_many_entries_as_anybody_has_may_share_what_they_have_in_common() -> None:
    shared = "a: &x {customer: {fullName: Ana, customerSegment: '20', birthday: never}}\n"
    document = read_document(shared + "".join(f"'{n}': *x\n" for n in range(100_000)), "test")
    assert document.mistakes == []


def _list(parts: list[str]) -> str:
    return f"[{', '.join(parts)}]"


def _mapping(parts: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in parts.items()) + "}"


_ANCHORS = st.sampled_from(["", "&p ", "&q "])
_TREES = st.recursive(
    st.sampled_from(["1", "x", "*p", "*q", "&p 2"]),
    lambda inner: st.builds(
        str.__add__,
        _ANCHORS,
        st.lists(inner, max_size=3).map(_list)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(_mapping)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=2).map(lambda parts: _mapping({"<<": "*p", **parts})),
    ),
)


class _Plain(yaml.SafeLoader):
    """PyYAML's own reading, with texts for scalars."""


_Plain.yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}


@given(st.lists(_TREES, min_size=1, max_size=4))
def test_what_has_no_mistake_is_what_pyyaml_makes_of_it(values: list[str]) -> None:
    text = "\n".join(f"k{n}: {value}" for n, value in enumerate(values))
    document = read_document(text, "test")
    # PyYAML takes no anchor twice, as YAML 1.2 does (3.2.2.2).
    with suppress(yaml.composer.ComposerError):
        if not document.mistakes:
            assert document.data == yaml.load(text, Loader=_Plain)
