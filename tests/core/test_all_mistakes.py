"""No mistake hides another: however many are planted in files that are right, all of them are named in one run."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core.entries import read_entry
from sandbox.core.messages import Place
from sandbox.files.loader import Loader, ScenarioMistakes
from sandbox.files.scenarios import entry_schema

from .bank import CONTRACT


def mistakes(root: Path, files: dict[str, str]) -> list[str]:
    """Return all mistakes, with the files as they are named below the root."""
    for name, content in files.items():
        (root / name).write_text(content, "utf-8")
    with pytest.raises(ScenarioMistakes) as caught:
        Loader(CONTRACT, [root]).load()
    return [str(mistake).replace(f"{root}/", "") for mistake in caught.value.mistakes]


class Plant(NamedTuple):
    """A line with mistakes, and what is named in it, in any order. `{n}` is a number of its own."""

    line: str
    named: Sequence[str]


# Lines below `customerId:`, each of one entry.
ENTRIES = [
    Plant("  '{n}': {{eror: x}}", ["did you mean error?"]),
    Plant("  '{n}': {{}}", ["found no answer"]),
    Plant("  '{n}':", ["found nothing"]),
    Plant("  '{n}x': {{error: 404}}", ["1 to 12 digits"]),
    Plant("  '{n}y': {{customer: {{birthday: 02-30}}}}", ["1 to 12 digits", "a day that exists"]),
    Plant("  '{n}': {{eror: x, customer: {{birthday: 02-30}}}}", ["did you mean error?", "a day that exists"]),
    Plant("  '{n}': {{eror: x, customer: synthetic, error: 404}}", ["did you mean error?", "found customer and error"]),
    Plant("  '{n}': {{error: nonsense, customer: synthetic}}", ["found 'nonsense'", "found customer and error"]),
    Plant("  '{n}': {{error: [], customer: synthetic}}", ["an empty list", "found customer and error"]),
    Plant("  '{n}': {{error: 404, error: nonsense}}", ["there twice", "found 'nonsense'"]),
    Plant("  '{n}': {{error: 404, fault: x, fault: y}}", ["there twice", "found 'x'", "found 'y'"]),
    Plant("  '{n}': {{error: {{code: 418, details: '{{{{'}}}}", ["found '418'", "is not a template"]),
    Plant("  '{n}': {{error: {{cod: x, details: '{{{{'}}}}", ["code is missing", "mean code?", "is not a template"]),
    Plant("  '{n}': {{error: 404, delay: '{{{{ a }}}} {{{{ b }}}}'}}", ["'a' is undefined", "'b' is undefined"]),
    Plant("  '{n}': {{error: 404, delay: {{uniform: [x, y]}}, times: 0}}", ["'x'", "'y'", "how many calls"]),
    Plant(
        "  '{n}': {{error: 404, delay: {{uniform: [2s, 1s], lognormal: {{median: x, sigma: 9}}}}}}",
        ["or a distribution", "the shortest first", "found 'x'", "found '9'"],
    ),
    Plant(
        "  '{n}': {{sequence: [{{customer: {{birthday: 02-30, fullName: '{{{{'}}, error: x}}, y,\n"
        "    {{error: 404, times: 1}}]}}",
        ["found customer and error", "a day that exists", "is not a template", "found 'x'", "found 'y'", "times out"],
    ),
    Plant(
        "  '{n}': {{sequence: [], customer: {{birthday: 02-30}}, cardNumber: '9999{n}'}}",
        ["an empty list", "found customer and sequence", "a day that exists", "the sandbox's own"],
    ),
    Plant("  '{n}': {{error: 404, customerId: '1', cardNumber: x}}", ["stands under customerId", "1 to 16 digits"]),
    Plant("  '9999{n}': {{error: 404, expires: 1s}}", ["the sandbox's own", "only an override expires"]),
    Plant("  '{n}': {{error: 429, expires: [], delay: 5}}", ["how long an override lasts", "expected a duration"]),
    Plant("  '{n}': {{error: !!str 404, delay: *nobody, eror: x}}", ["the tag", "names nothing", "mean error?"]),
    Plant("  '{n}': {{error: 404, [x]: y, delay: 5}}", ["as a key", "expected a duration"]),
    Plant("  '{n}': {{error: 404, <<: x, delay: 5}}", ["behind <<", "expected a duration"]),
    Plant("  '{n}': {{error: \x01404, delay: 5}}", ["may not stand there", "expected a duration"]),
    Plant("  '{n}': {{error: [}}", ["not YAML"]),
    Plant("  '{n}': {{error: 404", ["not YAML"]),
    Plant("  '{n}': error: 404", ["not YAML"]),
    Plant("  '{n}':\n    customer: {{birthday: 02-30}}\n    eror: x", ["a day that exists", "did you mean error?"]),
]  # fmt: skip
RIGHT = "  '{n}': {{error: 404}}"


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    """Return a file, and what is to be named for each line that was planted."""
    plants = draw(st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=12))
    lines = [*[plant.line for plant in plants], *[RIGHT] * draw(st.integers(0, 5))]
    order = list(range(len(lines)))
    random.Random(draw(st.integers(0, 1000))).shuffle(order)
    text, named = "customerId:\n", []
    for n, index in enumerate(order, 10001):
        text += lines[index].format(n=n) + "\n"
        if index < len(plants):
            named.append([str(n), *plants[index].named])
    return text, named


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    return Loader(CONTRACT, [tmp_path_factory.mktemp("scratch")])


@pytest.mark.parametrize("plant", ENTRIES, ids=range(len(ENTRIES)))
def test_what_is_planted_is_named_and_nothing_else(tmp_path: Path, plant: Plant) -> None:
    lines = [RIGHT.format(n=1), plant.line.format(n=2), RIGHT.format(n=3)]
    found = mistakes(tmp_path, {"a.yaml": "\n".join(["customerId:", *lines, ""])})
    assert len(found) == len(plant.named), found
    for text in plant.named:
        assert sum(text in mistake for mistake in found) == 1, (text, found)


@settings(max_examples=60)
@given(planted())
def test_all_mistakes_of_a_file_are_named(loader: Loader, file: tuple[str, list[list[str]]]) -> None:
    text, named = file
    (loader.roots[-1] / "a.yaml").write_text(text, "utf-8")
    with pytest.raises(ScenarioMistakes) as caught:
        loader.load()
    found = caught.value.mistakes
    lines = text.split("\n")
    for number, *texts in named:
        first = next(n for n, line in enumerate(lines, 1) if f"{number}" in line)
        # An unclosed bracket is noticed on the next line.
        here = [each.message for each in found if first <= each.place.line <= first + 2]
        assert all(any(text in message for message in here) for text in texts), (texts, found)
    assert len(found) == sum(len(texts) for _, *texts in named)


WORLD = """\
segments: {{"10": 0, "20": x}}
segments: {{"30": -1}}
unknown: maybe
sede: x
birthdays: {{everyDay: 2, leapDay: never}}
clients: {{a: {{}}, b: {{secret: 1, secret: []}}}}
countries:
  MX: {{locale: es_XX, timezone: Mars, businesses: all}}
  MX: {{locale: xx_XX, timezone: UTC}}
  us: {{locale: en_US, timezone: Venus}}
  CO: {{locale: es_CO
"""


def test_all_mistakes_of_a_world_are_named_beside_those_of_scenarios(tmp_path: Path) -> None:
    found = mistakes(tmp_path, {"world.yaml": WORLD.format(), "a.yaml": "Named: 1\nNamed: 2\n"})
    assert [mistake.split(": ")[0] for mistake in found] == [
        *("a.yaml:1:1", "a.yaml:2:1", "a.yaml:2:1"),
        *("world.yaml:1:12", "world.yaml:1:21", "world.yaml:2:1", "world.yaml:2:12"),
        *("world.yaml:3:1", "world.yaml:4:1", "world.yaml:5:13", "world.yaml:5:26"),
        *("world.yaml:6:11", "world.yaml:6:33", "world.yaml:6:33"),
        *("world.yaml:8:8", "world.yaml:8:23", "world.yaml:8:39"),
        *("world.yaml:9:3", "world.yaml:9:8", "world.yaml:10:3", "world.yaml:10:23", "world.yaml:12:1"),
    ]


def test_a_section_that_is_there_twice_is_read_twice(tmp_path: Path) -> None:
    text = "customerId:\n  '1': {error: 404}\ncustomerId:\n  '1': {error: nonsense}\n  '2': {eror: x}\n"
    found = mistakes(tmp_path, {"a.yaml": text})
    assert [mistake.split(": ")[0] for mistake in found] == ["a.yaml:3:1", "a.yaml:4:1", "a.yaml:4:9", "a.yaml:5:9"]


def test_a_mistake_in_an_entry_does_not_hide_that_its_name_is_taken(tmp_path: Path) -> None:
    files = {"a.yaml": "customerId: {'1': {error: 404}}", "b.yaml": "customerId:\n  '1': {error: nonsense}\n"}
    assert [mistake.split(": ")[0] for mistake in mistakes(tmp_path, files)] == ["b.yaml:2:1", "b.yaml:2:9"]


def test_bytes_that_are_no_utf_8_hide_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"customerId:\n  '1': {customer: {fullName: Jos\xe9}}\n  '2': {eror: x}\n")
    with pytest.raises(ScenarioMistakes) as caught:
        Loader(CONTRACT, [tmp_path]).load()
    assert [mistake.place.line for mistake in caught.value.mistakes] == [2, 3]


def test_an_override_has_the_same_mistakes() -> None:
    entry = {"eror": 1, "error": "nonsense", "customer": {"birthday": "02-30"}, "times": 0}
    sound, found, spoilt = entry_schema("customerId", "1").examine(entry)
    found += read_entry(sound, "customerId", "1", Place("x", 1), CONTRACT, spoilt=spoilt)[1]
    assert sorted(path for path, _ in found) == [(), ("customer", "birthday"), ("eror",), ("error",), ("times",)]
