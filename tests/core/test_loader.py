"""From files to a world: which files are read, which mistakes are found, and that nothing is worse than one."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.customers import RESERVED_PREFIX
from sandbox.core.messages import Identity
from sandbox.files.layers import MAX_BYTES
from sandbox.files.loader import FileSet, Loader, ScenarioMistakes
from sandbox.files.shipped import STARTER_FILE, shipped_scenarios

from .bank import CONTRACT, SHIPPED, SOME_ID, is_one_line

SCENARIO = "customerId:\n  '{}': {{error: resourceNotFound}}\n"
WORLD = "segments: {'10': 1}\ncountries: {MX: {locale: es_MX, timezone: America/Mexico_City}}\n"


def load(root: Path) -> FileSet:
    return Loader(CONTRACT, [root], built_in=False).load()


def mistakes(root: Path) -> list[str]:
    """Return all mistakes, with the files as they are named below the root."""
    with pytest.raises(ScenarioMistakes) as caught:
        load(root)
    return [str(mistake).replace(f"{root}/", "") for mistake in caught.value.mistakes]


def own(file_set: FileSet) -> set[str]:
    """Return the patterns that did not come with the product."""
    return {scenario.pattern for scenario in file_set.book if not scenario.pattern.startswith(RESERVED_PREFIX)}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, "utf-8")
    return root


# Which files


def test_all_yaml_files_are_read_at_any_depth_and_nothing_else(tmp_path: Path) -> None:
    files = {
        "a.yaml": SCENARIO.format(1),
        "deep/er/b.yml": SCENARIO.format(2),
        "notes.txt": "[",
        "old.yaml.bak": "[",
        ".hidden.yaml": "[",
        "..data/c.yaml": "[",
        "empty/readme": "",
    }
    file_set = load(write(tmp_path, files))
    assert own(file_set) == {"1", "2"}
    assert file_set.files == [
        f"{tmp_path}/a.yaml",
        f"{tmp_path}/deep/er/b.yml",
        "scenarios/magic-values.yaml",
        "scenarios/world.yaml",
    ]


def test_a_single_file_may_have_any_name(tmp_path: Path) -> None:
    assert own(load(write(tmp_path, {"mine": SCENARIO.format(1)}) / "mine")) == {"1"}


def test_an_empty_directory_has_the_shipped_world_and_the_magic_values(tmp_path: Path) -> None:
    file_set = load(tmp_path)
    assert own(file_set) == set()
    assert file_set.population.segments == SHIPPED.population.segments
    assert file_set.book.match(Identity("customerId", "999900000404"))


def test_a_link_to_a_file_or_directory_elsewhere_is_followed(tmp_path: Path) -> None:
    """Kubernetes mounts a ConfigMap so."""
    write(tmp_path, {"..2027/a.yaml": SCENARIO.format(1), ".shared/b.yaml": SCENARIO.format(2)})
    (tmp_path / "..data").symlink_to("..2027")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    (tmp_path / "shared").symlink_to(".shared")
    assert own(load(tmp_path)) == {"1", "2"}


def test_a_directory_that_is_linked_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, {"one/a.yaml": SCENARIO.format(1)})
    (tmp_path / "two").symlink_to("one")
    assert mistakes(tmp_path) == ["two:1:1: is a link to a directory that is read already; take it out"]


def test_the_order_of_files_does_not_depend_on_the_disk(tmp_path: Path) -> None:
    for name in "cab":
        write(tmp_path, {f"{name}.yaml": SCENARIO.format(ord(name))})
    assert [Path(file).name for file in load(tmp_path).files] == [
        *("a.yaml", "b.yaml", "c.yaml"),
        *("magic-values.yaml", "world.yaml"),
    ]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    (mistake,) = mistakes(tmp_path)
    assert mistake == f"large.yaml:1:1: has {MAX_BYTES + 1} bytes, expected at most {MAX_BYTES}; split it"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that nobody can read from its beginning")
def test_a_file_that_cannot_be_read_is_named_also_for_root(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("/proc/self/mem")
    (mistake,) = mistakes(tmp_path)
    assert mistake.startswith("a.yaml:1:1: can't be read: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["a.yaml", "directory"])
def test_what_one_may_not_read_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"a.yaml": SCENARIO.format(1), "directory/b.yaml": SCENARIO.format(2)})
    (tmp_path / name).chmod(0)
    try:
        assert mistakes(tmp_path) == [f"{name}:1:1: can't be read: Permission denied"]
    finally:
        (tmp_path / name).chmod(0o700)


def test_a_root_that_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    for root, expected in (
        ("pipe", "is not a regular file"),
        ("circle", "does not exist"),
        ("x\x7fy", "does not exist"),
    ):
        with pytest.raises(ScenarioMistakes) as caught:
            load(tmp_path / root)
        (mistake,) = caught.value.mistakes
        assert expected in mistake.message


def test_a_file_name_that_is_no_text_is_shown_somehow(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.yaml")).write_text("[", "utf-8")
    (mistake,) = mistakes(tmp_path)
    assert "a name that can't be shown" in mistake


# Mistakes across entries and files


def test_every_mistake_in_every_file_is_named_at_once_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    files = {
        "a.yaml": "customerId:\n  '1': {customer: {birthday: 02-30}}\n  '2': {eror: x}\n  '9999': {customer: {}}\n",
        "b.yaml": SCENARIO.format(3) + "named:\n  resourceNotFound: {customer: synthetic}\n",
        "c.yaml": "named: {}\na: *x\na: 1\nb: !y 1\n",
        "d.yaml": SCENARIO.format(3),
        "world.yaml": "segments: {'10': 0}\ncountries: {MX: {locale: es_XX, timezone: Mars}}\nunknown: maybe\n",
    }
    found = mistakes(write(tmp_path, files))
    assert [mistake.split(": ")[0] for mistake in found] == [
        *("a.yaml:2:20", "a.yaml:3:9", "a.yaml:4:3"),
        *("b.yaml:4:3",),
        *("c.yaml:2:4", "c.yaml:3:1", "c.yaml:3:1", "c.yaml:4:1", "c.yaml:4:4"),
        *("d.yaml:2:1",),
        *("world.yaml:1:12", "world.yaml:2:18", "world.yaml:2:33", "world.yaml:3:1"),
    ]


_TWICE = "{}: is named in {} already; one entry for one identity"


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (SCENARIO.format(1), SCENARIO.format(1), "customerId.1"),
        (SCENARIO.format("1*"), SCENARIO.format("1*"), "customerId.1*"),
        (
            "customerId:\n  '1': {cardNumber: '5', customer: synthetic}",
            "cardNumber:\n  '5': {error: resourceNotFound}",
            "cardNumber.5",
        ),
        (
            "cardNumber:\n  '5': {customerId: '1', customer: synthetic}",
            "customerId:\n  '2': {cardNumber: '5', customer: synthetic}",
            "cardNumber.5",
        ),
        ("named:\n  Slow: {customer: synthetic}", "named:\n  slow: {customer: synthetic}", "named.slow"),
    ],
)
def test_one_identity_in_two_files_is_a_mistake(tmp_path: Path, first: str, second: str, name: str) -> None:
    found = mistakes(write(tmp_path, {"a.yaml": first, "b.yaml": second}))
    assert found == [f"b.yaml:2:1: {_TWICE.format(name, 'a.yaml:2')}"]


@pytest.mark.parametrize(
    ("one", "other"), [("1", "01"), ("1", "1*"), ("11*", "1*"), ("000123", "123"), (SOME_ID, SOME_ID[:-1])]
)
def test_numbers_that_only_look_alike_are_different(tmp_path: Path, one: str, other: str) -> None:
    assert own(load(write(tmp_path, {"a.yaml": SCENARIO.format(one), "b.yaml": SCENARIO.format(other)}))) == {
        one,
        other,
    }


@pytest.mark.parametrize(
    "content",
    [
        SCENARIO.format("9999"),
        SCENARIO.format("9999*"),
        SCENARIO.format("99990*"),
        SCENARIO.format("999900000777"),
        SCENARIO.format("999900000404"),
        "cardNumber:\n  '9999000000000777': {customer: synthetic}",
        "customerId:\n  '1': {cardNumber: '9999000000000777', customer: synthetic}",
        "cardNumber:\n  '5': {customerId: '999900000777', customer: synthetic}",
    ],
)
def test_numbers_that_begin_with_9999_are_the_sandboxs_own(tmp_path: Path, content: str) -> None:
    found = mistakes(write(tmp_path, {"a.yaml": content}))
    assert any("the sandbox's own" in mistake for mistake in found)


@pytest.mark.parametrize("name", ["magic-values.yaml", "copy.yaml", "deep/copy.yml"])
def test_a_copy_of_the_magic_values_is_fine_and_a_changed_one_is_not(tmp_path: Path, name: str) -> None:
    magic = (shipped_scenarios() / "magic-values.yaml").read_text("utf-8")
    assert own(load(write(tmp_path, {name: magic}))) == set()
    write(tmp_path, {name: magic.replace("resourceNotFound", "invalidRequest")})
    assert any("the sandbox's own" in mistake for mistake in mistakes(tmp_path))


@pytest.mark.parametrize(
    "content", ['{"named": {}, "a\\nb": 1}', 'customerId: {"1\\e[2J": {"x\\ty": 1}}', 'customerId: {"a\\u2028b": {}}']
)
def test_a_key_cannot_break_the_line_of_its_mistake(tmp_path: Path, content: str) -> None:
    assert all(is_one_line(mistake) for mistake in mistakes(write(tmp_path, {"a.yaml": content})))


# The world


def test_what_looks_like_something_else_stays_the_text_that_it_is(tmp_path: Path) -> None:
    """`NO` is Norway, not false."""
    world = """
        seed: 000123
        segments: {010: 1, yes: 0.5, 12:30:00: 1}
        countries: {NO: {locale: no_NO, timezone: Europe/Oslo, businesses: [0o7, off], channels: [1e3]}}
    """
    population = load(write(tmp_path, {"world.yaml": world})).population
    norway = population.home
    assert (population.seed, list(population.segments)) == ("000123", ["010", "yes", "12:30:00"])
    assert (norway.code, norway.businesses, norway.channels) == ("NO", frozenset({"0o7", "off"}), frozenset({"1e3"}))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("birthdays: {everyDay: 1.1}", "the share of customers whose birthday is every day, from 0 to 1"),
        ("birthdays: {everyDay: -1}", "the share of customers whose birthday is every day, from 0 to 1"),
        ("birthdays: {everyDay: nan}", "the share of customers whose birthday is every day, from 0 to 1"),
        ("birthdays: {everyday: 1}", "did you mean everyDay?"),
        ("birthdays: {leapDay: 02-29}", "did you mean 02-28?"),
        ("birthdays: often", "how birthdays fall"),
        ("unknown: synthesise", "did you mean synthesize?"),
        ("seed: [1]", "any text"),
        ("sede: x", "did you mean seed?"),
        ("description:", "a text for people"),
    ],
)
def test_a_mistake_in_the_world_says_what_was_expected(tmp_path: Path, line: str, expected: str) -> None:
    (mistake,) = mistakes(write(tmp_path, {"world.yaml": f"{WORLD}{line}\n"}))
    assert mistake.startswith("world.yaml:3:")
    assert expected in mistake


@pytest.mark.parametrize(
    "country",
    [
        *(
            "{}",
            "[]",
            "es_MX",
            "{locale: es_MX}",
            "{timezone: UTC}",
            "{locale: , timezone: }",
            "{locale: [], timezone: {}}",
        ),
        *(f"{{locale: es_MX, timezone: '{zone}'}}" for zone in ("", ".", "..", "/etc/passwd", "America", "é", "UTC/x")),
        *(f"{{locale: es_MX, timezone: '{zone}'}}" for zone in ("x" * 300, "America/Mexico_city", "tzdata.zi")),
        '{locale: es_MX, timezone: "a\\0b"}',
        *(f"{{locale: '{locale}', timezone: UTC}}" for locale in ("", "..", "es-MX", "__pycache__", "xx_XX")),
        *(f"{{locale: es_MX, timezone: UTC, channels: {codes}}}" for codes in ("[]", "all", "[[]]", "['']", "{}", "")),
    ],
)
def test_a_country_that_cannot_be_is_a_mistake_with_its_place(tmp_path: Path, country: str) -> None:
    world = f"segments: {{'10': 1}}\ncountries:\n  MX: {country}\n"
    found = mistakes(write(tmp_path, {"world.yaml": world}))
    assert found
    assert all(mistake.startswith("world.yaml:3:") for mistake in found)


@pytest.mark.parametrize("length", [1_000, 1_001, 100_000])
def test_a_world_may_be_described_at_length(tmp_path: Path, length: int) -> None:
    write(tmp_path, {"world.yaml": f"description: {'x' * length}\n{WORLD}"})
    assert list(load(tmp_path).population.countries) == ["MX"]


def test_a_world_may_have_many_segments(tmp_path: Path) -> None:
    segments = ", ".join(f"s{n}: 1" for n in range(2_000))
    write(tmp_path, {"world.yaml": f"segments: {{{segments}}}\n{WORLD.partition(chr(10))[2]}"})
    assert len(load(tmp_path).population.segments) == 2_000


def test_a_mistake_in_the_last_of_many_entries_is_found(tmp_path: Path) -> None:
    entries = "".join(f"  '{n}': {{error: resourceNotFound}}\n" for n in range(2_500))
    write(tmp_path, {"a.yaml": f"customerId:\n{entries}  'x': {{eror: y}}\n"})
    assert {mistake.split(" ")[0] for mistake in mistakes(tmp_path)} == {"a.yaml:2502:3:", "a.yaml:2502:9:"}


# Again and again


def test_a_loader_sees_what_has_changed_and_reports_the_same_mistakes_again(tmp_path: Path) -> None:
    loader = Loader(
        CONTRACT, [write(tmp_path, {"a.yaml": SCENARIO.format(1), "b.yaml": SCENARIO.format(2)})], built_in=False
    )
    assert own(loader.load()) == {"1", "2"}
    write(tmp_path, {"b.yaml": "customerId: {'3': {}}"})
    for _ in range(2):
        with pytest.raises(ScenarioMistakes, match="1 mistake "):
            loader.load()
    write(tmp_path, {"b.yaml": SCENARIO.format(3)})
    assert own(loader.load()) == {"1", "3"}
    (tmp_path / "b.yaml").rename(tmp_path / "c.yaml")
    file_set = loader.load()
    assert own(file_set) == {"1", "3"}
    (scenario,) = (scenario for scenario in file_set.book if scenario.pattern == "3")
    assert scenario.place.file == f"{tmp_path}/c.yaml"
    (tmp_path / "a.yaml").unlink()
    assert own(loader.load()) == {"3"}


# Nothing is worse than a mistake

TEXTS = [path.read_text("utf-8") for path in (*sorted(shipped_scenarios().glob("*.yaml")), STARTER_FILE)]
_FRAGMENTS = st.sampled_from(
    [
        *(
            "{",
            "}",
            "[",
            "]",
            ":",
            ": ",
            "- ",
            "? ",
            ", ",
            "\n",
            "\r",
            "\u2028",
            "\x85",
            "  ",
            "\t",
            "#",
            "&a ",
            "*a ",
            "!!x ",
        ),
        *(
            "'",
            '"',
            "|",
            ">",
            "%",
            "---\n",
            "...\n",
            "<<: ",
            "~",
            "\x00",
            "\ufeff",
            "{{",
            "}}",
            "{%",
            "\\ud800",
            "²",
            "0",
            "9999",
        ),
        *(
            "customerId",
            "cardNumber",
            "named",
            "error",
            "sequence",
            "delay",
            "customer",
            "birthday",
            "times",
            "fault",
            "1s",
        ),
    ]
)


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A shipped file, damaged: pieces put in, taken out or moved."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(_FRAGMENTS | st.text(max_size=3) | st.just(text[start:end] * 2)) + text[end:]
    return text


def _mapping(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    keys = st.sampled_from(
        [
            *(
                "customerId",
                "cardNumber",
                "named",
                "error",
                "code",
                "details",
                "sequence",
                "delay",
                "uniform",
                "lognormal",
            ),
            *(
                "customer",
                "fullName",
                "birthday",
                "times",
                "fault",
                "name",
                "share",
                "segments",
                "countries",
                "MX",
                "locale",
            ),
            *(
                "timezone",
                "channels",
                "birthdays",
                "everyDay",
                "leapDay",
                "unknown",
                "seed",
                "'1'",
                "'01'",
                "'5*'",
                "''",
            ),
        ]
    )
    pairs = st.lists(st.tuples(keys, inner), max_size=4)
    return pairs.map(lambda items: f"{{{', '.join(f'{key}: {value}' for key, value in items)}}}")


_VALUES = st.recursive(
    _FRAGMENTS | st.sampled_from(["synthetic", "today", "resourceNotFound", "02-30", "es_MX", "Mars", "UTC", "MX"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]") | _mapping(inner),
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.mark.parametrize("name", ["test.yaml", "world.yaml"])
@given(content=broken().map(str.encode) | _mapping(_VALUES).map(str.encode) | st.text().map(str.encode) | st.binary())
def test_no_file_does_anything_worse_than_having_mistakes_of_one_line(scratch: Path, name: str, content: bytes) -> None:
    file = scratch / name
    file.write_bytes(content)
    try:
        load(scratch)
    except ScenarioMistakes as caught:
        shown = [str(mistake) for mistake in caught.mistakes]
        assert shown
        assert all(text.startswith(f"{file}:") and is_one_line(text) and len(text) < 1_000 for text in shown)
    finally:
        file.unlink()
