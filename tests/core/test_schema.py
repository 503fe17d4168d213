"""A schema that explains itself: every mistake says what was found, what was expected, and what was probably meant."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.messages import shown
from sandbox.core.schema import Path, Schema, meant
from sandbox.files.scenarios import scenario_schema

from .bank import is_one_line

DOCUMENT: dict[str, Any] = {
    "description": "the whole",
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"description": "a name", "type": "string", "pattern": "^[a-z]+$", "maxLength": 8},
        "color": {"description": "a colour", "enum": ["red", "green"]},
        "bare": {"type": "string"},
        "list": {"description": "a list", "type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
        "map": {
            "description": "a map",
            "type": "object",
            "propertyNames": {"description": "digits", "pattern": "^[0-9]+$"},
            "additionalProperties": {"$ref": "#/$defs/item"},
        },
        "either": {"if": {"type": "string"}, "then": {"enum": ["any"]}, "else": {"$ref": "#/$defs/item"}},
    },
    "$defs": {
        "item": {
            "description": "an item",
            "type": "object",
            "additionalProperties": False,
            "properties": {"size": {"description": "a size", "type": "integer", "minimum": 1}},
        }
    },
}
SCHEMA = Schema(DOCUMENT)


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ("x", (), "found 'x', expected the whole"),
        ([], (), "found an empty list, expected the whole"),
        (None, (), "found nothing, expected the whole"),
        ({}, (), "name is missing: a name"),
        ({"name": "A"}, ("name",), "found 'A', expected a name"),
        ({"name": "a\n"}, ("name",), "found 'a\\n', expected a name"),
        ({"name": "abcdefghi"}, ("name",), "found 'abcdefghi', expected a name"),
        ({"name": None}, ("name",), "found nothing, expected a name"),
        ({"name": {}}, ("name",), "found an empty mapping, expected a name"),
        ({"name": {"b": 1, "c": 2}}, ("name",), "found a mapping of b, c, expected a name"),
        ({"name": [1, 2, 3]}, ("name",), "found a list of 3, expected a name"),
        ({"name": "a", "bare": 1}, ("bare",), "found 1, expected something else"),
        ({"name": "a", "colour": "red"}, ("colour",), "'colour' is not known here; did you mean color?"),
        (
            {"name": "a", "zzzz": 1},
            ("zzzz",),
            "'zzzz' is not known here; expected one of name, color, bare, list, map, either",
        ),
        ({"name": "a", "color": "gren"}, ("color",), "found 'gren'; did you mean green?"),
        ({"name": "a", "color": "zzz"}, ("color",), "found 'zzz'; expected one of red, green"),
        ({"name": "a", "color": None}, ("color",), "found nothing; expected one of red, green"),
        ({"name": "a", "list": []}, ("list",), "found an empty list, expected a list"),
        ({"name": "a", "list": [{}, 1]}, ("list", 1), "found 1, expected an item"),
        ({"name": "a", "list": [{}, {"size": 0}]}, ("list", 1, "size"), "found 0, expected a size"),
        ({"name": "a", "list": [{"sise": 1}]}, ("list", 0, "sise"), "'sise' is not known here; did you mean size?"),
        ({"name": "a", "map": {"x": {}}}, ("map", "x"), "found 'x', expected digits"),
        ({"name": "a", "map": {"1": 1}}, ("map", "1"), "found 1, expected an item"),
        ({"name": "a", "either": "all"}, ("either",), "found 'all'; expected one of any"),
        ({"name": "a", "either": 1}, ("either",), "found 1, expected an item"),
        ({"name": "a", "either": {"size": 0}}, ("either", "size"), "found 0, expected a size"),
    ],
)
def test_a_mistake_says_where_what_was_found_and_what_was_expected(data: object, path: Path, message: str) -> None:
    assert not SCHEMA.is_valid(data)
    assert list(SCHEMA.mistakes(data)) == [(path, message)]


def test_all_mistakes_are_named_at_once() -> None:
    data = {"naem": 1, "color": "blue", "list": [1, {"size": 0}], "map": {"x": 1}}
    assert {path for path, _ in SCHEMA.mistakes(data)} == {
        (),
        ("naem",),
        ("color",),
        ("list", 0),
        ("list", 1, "size"),
        ("map", "x"),
    }


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        (["0123", "000123", "123"], "000123"),
        (["0", "00"], "00"),
        (["²", "123"], "123"),
        (["٣", "3"], "3"),
        (["18446744073709551616", "1"], "18446744073709551616"),
        (["9" * 5000, "1"], "1"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_key_of_digits_is_named_as_it_was_written(keys: list[str], wrong: str) -> None:
    data = {"name": "a", "map": {key: {"size": 0} if key == wrong else {} for key in keys}}
    paths = {path for path, message in SCHEMA.mistakes(data) if message == "found 0, expected a size"}
    assert paths == {("map", wrong, "size")}


@pytest.mark.parametrize("key", ["a/b", "a~b", "~0", "~1", "é", "a.b", "-1"])
def test_a_key_that_a_json_pointer_has_to_escape_is_named_as_it_was_written(key: str) -> None:
    paths = [path for path, _ in SCHEMA.mistakes({"name": "a", "map": {key: {"size": 0}}})]
    assert sorted(paths, key=len) == [("map", key), ("map", key, "size")]


def test_a_definition_is_a_schema_of_its_own() -> None:
    assert list(Schema(DOCUMENT, "item").mistakes({"size": 0})) == [(("size",), "found 0, expected a size")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x" * 200, "'" + "x" * 76 + "..."),
        ("4969452123456110", "'496945******6110'"),
        (["4969452123456110"], "a list of 1"),
        ({"a\nb": 1}, "a mapping of a\\nb"),
        ({str(number): 1 for number in range(9)}, "a mapping of 0, 1, 2, 3, 4"),
        (True, "True"),
        ("a\nb", "'a\\nb'"),
    ],
)
def test_a_value_is_shown_short_on_one_line_and_without_cards(value: object, text: str) -> None:
    assert shown(value) == text


def test_what_was_meant_is_the_closest_name_or_all_of_them() -> None:
    assert meant("eror", ["error", "customer"]) == "did you mean error?"
    assert meant("zzz", ["error", "customer"]) == "expected one of error, customer"
    assert meant(None, ["error"]) == "expected one of error"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: (
        st.lists(children)
        | st.dictionaries(
            st.sampled_from([*DOCUMENT["properties"], "customerId", "1", "01", "error"]) | st.text(), children
        )
    ),
)


@given(_JSON, st.sampled_from([SCHEMA, scenario_schema()]))
def test_what_is_not_valid_has_mistakes_that_can_be_shown(data: Any, schema: Schema) -> None:
    mistakes = list(schema.mistakes(json.loads(json.dumps(data))))
    assert bool(mistakes) != schema.is_valid(data)
    assert all(is_one_line(message) for _, message in mistakes)
