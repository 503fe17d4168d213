"""Layers: which file is one, which entry hides which, and which YAML files are none of ours."""

from pathlib import Path

import pytest

from sandbox.core.messages import Identity
from sandbox.files.loader import FileSet, Loader, ScenarioMistakes
from sandbox.files.recognition import LEFT_ALONE
from sandbox.files.shipped import shipped_scenarios

from .bank import CONTRACT, DOCUMENTED_CARD, DOCUMENTED_ID, SHIPPED, SOME_ID

ERROR = "{error: resourceNotFound}"
WORLD = "segments: {{'{}': 1}}\ncountries: {{MX: {{locale: es_MX, timezone: America/Mexico_City}}}}\n"


def load(*roots: Path, built_in: bool = False) -> FileSet:
    return Loader(CONTRACT, roots, built_in).load()


def layer(directory: Path, content: str, name: str = "a.yaml") -> Path:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(content, "utf-8")
    return directory


def file_of(file_set: FileSet, number: str) -> str | None:
    identity = Identity("customerId" if len(number) == 12 else "cardNumber", number)
    scenario = file_set.book.match(identity)
    return Path(scenario.place.file).parent.name if scenario else None


def notes(file_set: FileSet, root: Path) -> list[str]:
    return [str(note).replace(f"{root}/", "") for note in file_set.notes]


def test_a_later_layer_hides_an_earlier_one_and_says_so(tmp_path: Path) -> None:
    first = layer(tmp_path / "first", f"customerId:\n  '{SOME_ID}': {ERROR}\n  '200000000000': {ERROR}\n")
    second = layer(tmp_path / "second", f"customerId: {{'{SOME_ID}': {ERROR}}}\n")
    file_set = load(first, second)
    assert (file_of(file_set, SOME_ID), file_of(file_set, "200000000000")) == ("second", "first")
    assert notes(file_set, tmp_path) == [f"second/a.yaml:1:1: customerId.{SOME_ID}: hides first/a.yaml:2"]
    assert (file_set.counts["customerId"], file_set.warnings) == (SHIPPED.counts["customerId"] - 18 + 2, ())
    assert file_of(load(second, first), SOME_ID) == "first"


def test_one_identity_twice_in_a_layer_stays_a_mistake(tmp_path: Path) -> None:
    first = layer(layer(tmp_path / "first", f"customerId: {{'1': {ERROR}}}"), f"customerId: {{'1': {ERROR}}}", "b.yaml")
    with pytest.raises(ScenarioMistakes, match="1 mistake "):
        load(first, layer(tmp_path / "second", "named: {}"))


def test_what_everybody_hides_is_said_in_one_line(tmp_path: Path) -> None:
    file_set = load(layer(tmp_path / "own", f"customerId: {{'*': {ERROR}}}"), built_in=True)
    (note,) = notes(file_set, tmp_path)
    assert note.startswith("own/a.yaml:1:1: customerId.*: hides 18 entries of earlier layers, the first in scenarios/")
    assert file_of(file_set, DOCUMENTED_ID) == "own"
    # The card leads to the customer all the same: nobody said anything of cards.
    assert file_of(file_set, DOCUMENTED_CARD) == "scenarios"


@pytest.mark.parametrize("condition", ["when: {ChannelId: ATM}", "times: 1"])
def test_an_entry_that_leaves_calls_to_others_hides_nothing(tmp_path: Path, condition: str) -> None:
    own = f"customerId: {{'{DOCUMENTED_ID}': {{{condition}, error: resourceNotFound}}}}"
    file_set = load(layer(tmp_path / "own", own), built_in=True)
    found = [scenario.place.file for scenario in file_set.book.candidates(Identity("customerId", DOCUMENTED_ID))]
    assert [Path(file).name for file in found] == ["a.yaml", "documented-example.yaml"]
    assert file_set.notes == ()


def test_a_customer_is_taken_whole_and_a_card_alone(tmp_path: Path) -> None:
    whole = load(layer(tmp_path / "a", f"customerId: {{'{DOCUMENTED_ID}': {ERROR}}}"), built_in=True)
    assert file_of(whole, DOCUMENTED_CARD) is None
    alone = load(layer(tmp_path / "b", f"cardNumber: {{'{DOCUMENTED_CARD}': {ERROR}}}"), built_in=True)
    assert (file_of(alone, DOCUMENTED_CARD), file_of(alone, DOCUMENTED_ID)) == ("b", "scenarios")
    luis = alone.book.plain(Identity("customerId", DOCUMENTED_ID))
    assert luis
    assert luis.own("cardNumber") is None


def test_what_ships_is_the_lowest_layer_and_can_be_left_out_but_for_magic_values(tmp_path: Path) -> None:
    own = layer(tmp_path / "own", "description: nothing")
    assert set(SHIPPED.book.named) <= set(load(own, built_in=True).book.named)
    without = load(own)
    assert without.counts == load(shipped_scenarios() / "magic-values.yaml").counts
    assert file_of(without, "999900000404") == "scenarios"
    assert load().population.seed == SHIPPED.population.seed


def test_what_ships_is_no_layer_twice() -> None:
    again = load(shipped_scenarios(), built_in=True)
    assert (again.counts, again.notes, len(again.layers)) == (SHIPPED.counts, (), 1)


def test_magic_values_answer_beside_everybody(tmp_path: Path) -> None:
    file_set = load(
        layer(tmp_path / "own", f"customerId: {{'*': {ERROR}}}\ncardNumber: {{'*': {ERROR}}}"), built_in=True
    )
    assert [file_of(file_set, number) for number in ("999900000404", "9999000000000404")] == ["scenarios"] * 2


def test_a_directory_of_the_same_name_as_what_ships_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer(tmp_path / "scenarios", "named: {}", "recipes.yaml")
    monkeypatch.chdir(tmp_path)
    files = load(Path("scenarios"), built_in=True).files
    assert {"built-in/recipes.yaml", "scenarios/recipes.yaml"} <= set(files)
    assert len(files) == len(set(files))


def test_the_latest_world_counts_whole(tmp_path: Path) -> None:
    first = layer(tmp_path / "first", WORLD.format("1") + "unknown: notFound\n", "world.yaml")
    second = layer(tmp_path / "second", WORLD.format("2"), "world.yaml")
    file_set = load(first, second)
    assert (list(file_set.population.segments), file_set.population.synthesizes_unknown) == (["2"], True)
    assert notes(file_set, tmp_path) == ["second/world.yaml:1:1: hides first/world.yaml"]
    assert f"{first}/world.yaml" not in file_set.files
    third = layer(tmp_path / "third", "# soon", "world.yaml")
    file_set = load(first, third)
    assert list(file_set.population.segments) == ["1"]
    assert [str(warning.place) for warning in file_set.warnings] == [f"{third}/world.yaml:1"]


def test_a_mistake_in_any_layer_is_named(tmp_path: Path) -> None:
    roots = [layer(tmp_path / name, "customerId: {'1': {eror: x}}\n") for name in ("first", "second")]
    with pytest.raises(ScenarioMistakes) as caught:
        load(*roots, tmp_path / "missing")
    assert [Path(mistake.place.file).parts[-2:] for mistake in caught.value.mistakes] == [
        ("first", "a.yaml"), (tmp_path.name, "missing"), ("second", "a.yaml")
    ]  # fmt: skip


# What is none of ours

COMPOSE = "name: shop\nservices:\n  web: {image: nginx, ports: ['80:80']}\n"
OPENAPI = "openapi: 3.1.0\npaths:\n  /x: {get: {responses: {'404': {description: no}}}}\n"
OTHERS = {
    "compose": COMPOSE,
    "workflow": "name: ci\non: [push]\njobs:\n  test: {steps: [{run: make}]}\n",
    "openapi": OPENAPI,
    "openapi_with_our_fields": OPENAPI + "components: {schemas: {A: {properties: {customerId: {type: string}}}}}\n",
    "chart": "apiVersion: v2\nname: x\ndescription: A chart\nversion: 1.0.0\n",
    "two_documents": "apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: B\n",
    "template": "kind: {{ .Values.kind }}\nmetadata: {{- toYaml . | nindent 2 }}\n",
    "tags": "Resources:\n  A: {Type: !Ref B}\n",
    "list": "- hosts: all\n  tasks: []\n",
    "text": "just words\n",
    "numbers": "'404': not found\n'500': {text: broken}\n",
    "names": "names: [a]\nname: b\nNAMEDAY: c\n",
}
GONE_WRONG = {
    "in_another_case": "CustomerID:\n  '1': {error: 404}\n",
    "with_an_underscore": "customer_id: {}\n",
    "misspelt": "custmerId:\n  '1': {error: 404}\n",
    "plural": "cardNumbers: {}\n",
    "section_forgotten": "'100000000001': {error: 404}\n",
    "everybody_without_a_section": "'*': {customer: synthetic}\n",
    "another_section": "scenarios:\n  '5500*': {fault: connectionReset}\n",
    "a_list": "- customerId: '1'\n  error: 404\n",
    "no_yaml_any_more": "customerId:\n  '1': {error: [}\n",
    "no_yaml_and_misspelt": "customer-id:\n  '1': {error: [}\n",
    "by_its_schema": "# yaml-language-server: $schema=.schema/scenario.schema.json\nfoo: [\n",
    "more_than_a_section": "named: {}\nservices: {}\n",
    "empty": "",
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_other_yaml_in_the_tree_is_left_alone_with_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "deep").mkdir()
    file_set = load(layer(tmp_path, content, "deep/other.yaml"))
    assert notes(file_set, tmp_path) == [f"deep/other.yaml:1:1: {LEFT_ALONE}"]
    assert LEFT_ALONE.startswith("is no scenario file, having none of customerId, cardNumber, named")
    assert [file for file in file_set.files if not file.startswith("scenarios/")] == []


@pytest.mark.parametrize("content", [*OTHERS.values(), *GONE_WRONG.values()], ids=[*OTHERS, *GONE_WRONG])
def test_a_file_that_is_named_itself_has_to_be_a_scenario_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(ScenarioMistakes):
        load(layer(tmp_path, content) / "a.yaml")


@pytest.mark.parametrize("content", GONE_WRONG.values(), ids=GONE_WRONG)
def test_a_scenario_file_gone_wrong_is_a_mistake(tmp_path: Path, content: str) -> None:
    with pytest.raises(ScenarioMistakes):
        load(layer(tmp_path, content))


def test_a_windows_shells_utf_16_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("customerId: {}".encode("utf-16"))
    with pytest.raises(ScenarioMistakes, match="1 mistake "):
        load(tmp_path)
