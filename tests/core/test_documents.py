"""Files as people break them: every mistake is named with its place, and nothing is worse than a mistake."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.files.loader import FileSet, Loader, ScenarioMistakes
from sandbox.files.shipped import load_contract, shipped_scenarios
from sandbox.files.yaml_source import read_document

CONTRACT = load_contract()


def load(directory: Path) -> FileSet:
    return Loader(CONTRACT, [directory], built_in=False).load()


def mistakes(directory: Path, content: str | bytes, name: str = "test.yaml") -> list[str]:
    """Return the mistakes in one file, without the directory."""
    (directory / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return mistakes_below(directory, directory / name)


def mistakes_below(directory: Path, root: Path) -> list[str]:
    """Return the mistakes in a directory or file, without the directory."""
    with pytest.raises(ScenarioMistakes) as error:
        load(root)
    return [str(mistake).replace(f"{directory}/", "") for mistake in error.value.mistakes]


@pytest.mark.parametrize(
    ("text", "data"),
    [("NO", "NO"), ("000123", "000123"), ("12:30:00", "12:30:00"), ("0x1F", "0x1F"), ("2020-01-01", "2020-01-01"),
     ("~", "~"), ("''", ""), ("'<<': 1", {"<<": "1"}), ("a:", {"a": None}), ("[1, {b: yes}]", ["1", {"b": "yes"}])],
)  # fmt: skip
def test_nothing_is_guessed(text: str, data: object) -> None:
    document = read_document(text, "test")
    assert (document.data, document.mistakes) == (data, [])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "test.yaml:1:1: is empty"),
        ("\ufeff \n", "test.yaml:1:1: is empty"),
        ("a: 1\na: 2\n", "test.yaml:2:1: the key 'a' is there twice; it stands on line 1"),
        ("customerId:\n  '1': {error: a, error: b}\n", "test.yaml:2:19: the key 'error' is there twice"),
        ("a: &x 1\nb: *y\n", "test.yaml:2:4: the alias *y names nothing; expected &y before it"),
        ("a: &x [*x]\n", "test.yaml:1:8: the alias *x stands inside of what it names"),
        ("<<: 1", "test.yaml:1:5: found '1' behind <<, expected a mapping or a list of mappings"),
        ("<<: [{}, x]", "test.yaml:1:5: found a list of 2 behind <<, expected a mapping or a list of mappings"),
        ("a: !!python/object:os.system x\n", "test.yaml:1:4: the tag"),
        ("a: !!str 1\n", "test.yaml:1:4: the tag"),
        ("a: 1\n---\nb: 2\n", "test.yaml:2:1: a second document begins"),
        (b"a: 1\rb: 2\r\tc: [", "not YAML"),
        ("a: \u2028\u2028\u2028\nnamed: {a: [}", "not YAML"),
        ("a: 1\nb: 2\nc: \x01", "test.yaml:3:4: not YAML"),
        ('customerId: {"²": {error: x}, "123": {eror: x}}', "customerId.123.eror"),
        ('customerId:\n  "0123": {error: resourceNotFound}\n  "000123": {eror: x}', "test.yaml:3:14: customerId.0001"),
        ("customerId: {'1': {customer: {fullName: '{{ %s }}'}}}" % ("a" * 2000), "expected at most 1000"),
        ("customerId: {'1': {customer: {fullName: '{{ request.items }}'}}}", "failed"),
        ("customerId: {'1': {customer: {fullName: '{{ request.customerId.format }}'}}}", "failed"),
        ("customerId: {'1': {customer: {fullName: '{{ \"\\ud800\" }}'}}}", "failed"),
        ("customerId: {'1': {cardNumber: '9999000000000777', customer: synthetic}}", "the sandbox's own"),
        ("{[1]: 2}", "test.yaml:1:2: found an empty list as a key"),
        ("a:\n\tb: 1\n", "there is a tab, indent with spaces"),
        ("a: [1, 2\n", "not YAML"),
        ("a: b: c\n", "not YAML"),
        (b"a: \xff\n", "test.yaml:1:1: is not UTF-8"),
        ("a: 1\n".encode("utf-16"), "is not UTF-8"),
        (b"a: \x00\n", "not YAML"),
        ("[" * 200_000, "nested more than 24 levels deep"),
        ("- " * 200_000, "nested more than 24 levels deep"),
        ("? " * 200_000, "nested more than 24 levels deep"),
        ("{a: " * 100_000, "nested more than 24 levels deep"),
        ("customrId: {}", "test.yaml:1:1: customrId: 'customrId' is not known here; did you mean customerId?"),
        ("customerId: {'1x': {customer: synthetic}}", "1 to 12 digits"),
        ("customerId: {'1': }", "found nothing"),
        ("customerId: []", "expected Scenarios by customerId"),
        ("customerId: {'1': {}}", "found no answer, expected exactly one of customer, error or sequence"),
        ("customerId: {'1': {error: resourceNotFound, customer: synthetic}}", "found customer and error"),
        ("customerId: {'1': {customer: {birthday: 02-30}}}", "a day that exists"),
        ("customerId: {'1': {customer: synthetic, delay: 5}}", "expected a duration"),
        ("customerId: {'1': {customer: synthetic, delay: {uniform: [2s, 1s]}}}", "the shortest first"),
        ("customerId: {'1': {customer: synthetic, fault: {name: slowDrip, first: 1, every: 2}}}", "one of first"),
        ("customerId: {'1': {customer: synthetic, expires: 1s}}", "only an override expires"),
        ("customerId: {'1': {sequence: []}}", "found an empty list"),
        ("customerId: {'1': {sequence: [{error: resourceNotFound, times: 1}]}}", "take times out"),
        ("customerId: {'1': {customerId: '2', customer: synthetic}}", "write the other number"),
        ("customerId: {'1*': {cardNumber: '2', customer: synthetic}}", "only an entry for one number"),
        ("customerId: {'1': {error: {code: tooManyRequests, details: x}}}", "is the gateway's"),
        ("customerId: {'1': {error: {code: resourceNotFound, details: '{{ request.cardNumber }}'}}}", "failed"),
        ("customerId: {'1': {error: {code: resourceNotFound, details: '{{ 9 * 9 }}'}}}", "holds a mul"),
        ("customerId: {'1': {error: {code: resourceNotFound, details: '{% for x in y %}'}}}", "is not a template"),
        ("customerId: {'1': {error: {code: resourceNotFound, details: '{{ headers.Authorization }}'}}}", "failed"),
        ("customerId: {'9999': {customer: synthetic}}", "the sandbox's own"),
        ("named: {resourceNotFound: {customer: synthetic}}", "is the name of an error already"),
        ("customerId: {'1': {cardNumber: '2', customer: synthetic}}\ncardNumber: {'2': {customer: synthetic}}",
         "test.yaml:2:1: cardNumber.2: is named in test.yaml:1 already"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(tmp_path: Path, content: str | bytes, expected: str) -> None:
    assert any(expected in mistake for mistake in mistakes(tmp_path, content)), mistakes(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("seed: 1", "segments is missing"),
        ("segments: {a: 1}\ncountries: {mx: {}}", "two-letter"),
        ("segments: {a: 1}\ncountries: {MX: {locale: es_MX, timezone: America/Mexico}}", "America/Mexico_City?"),
        ("segments: {a: 1}\ncountries: {MX: {locale: es_XX, timezone: UTC}}", "Faker has no names for 'es_XX'"),
        ("segments: {a: 1}\ncountries: {MX: {locale: es_MX, timezone: Mars/Olympus}}", "found 'Mars/Olympus'"),
        ("segments: {a: 1}\ncountries: {MX: {locale: es_MX, timezone: ../x}}", "found '../x'"),
        ("segments: {a: 0}\ncountries: {MX: {locale: es_MX, timezone: UTC}}", "a weight above 0"),
        ("segments: {a: 1}\nunknown: no\ncountries: {MX: {locale: es_MX, timezone: UTC}}", "expected one of"),
    ],
)
def test_a_mistake_in_the_world_is_named_with_its_place(tmp_path: Path, content: str, expected: str) -> None:
    found = mistakes(tmp_path, content, "world.yaml")
    assert any(expected in mistake and mistake.startswith("world.yaml:") for mistake in found), found


def test_all_mistakes_in_all_files_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "a.yaml").write_text("named: 1\ny: 2\n")
    (tmp_path / "b.yml").write_text('customerId:\n  "1": {eror: x}\n  "2": {customer: {birthday: soon}}\n')
    (tmp_path / "test.yaml").write_text("customerId: [")
    found = mistakes_below(tmp_path, tmp_path)
    assert [mistake.partition(": ")[0] for mistake in found] == [
        "b.yml:2:9", "b.yml:3:20", "deeper/a.yaml:1:1", "deeper/a.yaml:2:1", "test.yaml:2:1"
    ]  # fmt: skip


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "directory.yaml").mkdir()
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "broken.yaml").symlink_to("nowhere")
    (tmp_path / "itself.yaml").symlink_to("itself.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "test.yaml").write_text("description: fine")
    found = mistakes_below(tmp_path, tmp_path)
    assert [mistake.partition(":")[0] for mistake in found] == [
        "broken.yaml", "circle", "directory.yaml", "itself.yaml", "pipe.yaml"
    ]  # fmt: skip
    (tmp_path / "loop").symlink_to("loop")
    for root in ("missing", "loop"):
        with pytest.raises(ScenarioMistakes, match="1 mistake"):
            load(tmp_path / root)


def test_a_mistake_in_the_shape_hides_no_other(tmp_path: Path) -> None:
    content = "x: 1\ncustomerId: {'1': {customer: {birthday: 02-30}}, '2': {eror: x}}"
    assert len(mistakes(tmp_path, content)) == 3
    (tmp_path / "world.yaml").write_text("segments: {a: 0}\ncountries: {MX: {locale: es_XX, timezone: Mars}}")
    assert len(mistakes_below(tmp_path, tmp_path)) == 3 + 3


def test_a_single_file_may_be_a_world(tmp_path: Path) -> None:
    assert load(shipped_scenarios() / "world.yaml").population.countries


def test_a_card_number_is_never_shown_whole(tmp_path: Path) -> None:
    card = "5500000000000004"
    content = f"cardNumber: {{'{card}': {{eror: '{card}'}}, '{card}x': {{customer: '{card}'}}}}"
    assert card not in "".join(mistakes(tmp_path, content))


def test_a_copy_of_the_magic_values_counts_once(tmp_path: Path) -> None:
    (tmp_path / "copy.yaml").write_bytes((shipped_scenarios() / "magic-values.yaml").read_bytes())
    assert load(tmp_path).counts == load(shipped_scenarios() / "magic-values.yaml").counts


SHIPPED = [path.read_text("utf-8") for path in sorted(shipped_scenarios().glob("*.yaml"))]
FRAGMENTS = st.sampled_from(
    ["{", "}", "[", "]", ":", "- ", "? ", "\n", "  ", "\t", "&a ", "*a ", "!!x ", "'", '"', "{{", "}}", "|", "%"]
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SHIPPED), st.lists(st.tuples(st.floats(0, 1), FRAGMENTS | st.text(max_size=3)), max_size=4))
def test_a_broken_file_is_never_worse_than_mistakes(text: str, damage: list[tuple[float, str]]) -> None:
    for place, fragment in damage:
        index = int(place * len(text))
        text = text[:index] + fragment + text[index:]
    document = read_document(text, "test")
    assert all(str(mistake).startswith("test:") for mistake in document.mistakes)
