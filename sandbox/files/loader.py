"""From files to a world: the contract, the world file and the scenario files.

Rule 1: every mistake in every file is reported at once; nothing of a set with a mistake is used.
Rule 2: the shipped magic values belong to every set, and they alone may write down the reserved numbers.
"""

import gc
import json
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import yaml

from sandbox.core.cast import Cast
from sandbox.core.companions import Companions, SessionKey
from sandbox.core.contract import Contract
from sandbox.core.credentials import Signer
from sandbox.core.customers import Country, Population
from sandbox.core.directives import KEY_EXCHANGE, TOKEN
from sandbox.core.entries import read_entry
from sandbox.core.messages import Place, one_line
from sandbox.core.openapi import bundled
from sandbox.core.scenarios import SECTIONS, Scenario, ScenarioBook
from sandbox.core.schema import Path as DataPath
from sandbox.core.schema import Schema, meant

from .yaml_source import YAML_LOADER, Document, Mistake, read_document

PACKAGE = Path(__file__).parents[1]
DOCUMENTS = PACKAGE / "documents"
CONTRACT_FILE = DOCUMENTS / "bank.openapi.yaml"
COMPANIONS_FILE = DOCUMENTS / "companions.openapi.yaml"
CONTROL_FILE = DOCUMENTS / "control.openapi.yaml"
SESSION_KEYS_FILE = DOCUMENTS / "test-keys.json"
SCENARIO_SCHEMA_FILE = DOCUMENTS / "scenario.schema.json"
WORLD_SCHEMA_FILE = DOCUMENTS / "world.schema.json"
STARTER_FILE = PACKAGE / "starter" / "my-scenarios.yaml"
WORLD_FILE = "world.yaml"
MAGIC_FILE = "magic-values.yaml"
LARGEST_BYTES = 64 * 2**20
MOST_DIRECTORIES = 200
_PART = 1_000
_SUFFIXES = (".yaml", ".yml")


class ScenarioMistakes(Exception):
    """The files can't be used; `mistakes` are all of them, in the order of files and lines."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(mistakes)
        count = len(mistakes)
        super().__init__(f"{count} mistake{'s' if count > 1 else ''} in the scenario files")


class Scenery(NamedTuple):
    """What the files say: who lives in the world, the scenarios, and the registered clients with their secrets.

    Going through 100,000 scenarios takes a while, so what is asked often is found when the files are read: how many
    there are in each section, which of them are `magic`, and who is written down.
    """

    population: Population
    book: ScenarioBook
    files: tuple[str, ...]
    clients: Mapping[str, str]
    signer: Signer
    counts: Counter[str]
    magic: tuple[Scenario, ...]
    cast: Cast


def load_contract() -> Contract:
    """Load the contract that ships with the package."""
    return Contract(yaml.load(CONTRACT_FILE.read_bytes(), Loader=YAML_LOADER))  # noqa: S506 - it is the safe one


def load_companions(contract: Contract) -> Companions:
    """Load the calls around the contract's, with the test keys of their sessions."""
    written = yaml.load(COMPANIONS_FILE.read_bytes(), Loader=YAML_LOADER)  # noqa: S506 - it is the safe one
    document = bundled(written, {CONTRACT_FILE.name: contract.document})
    file = json.loads(SESSION_KEYS_FILE.read_bytes())
    keys = [
        SessionKey(key["keyIdentifier"], file["exponent"], (int(key["p"], 16), int(key["q"], 16)))
        for key in file["keys"]
    ]
    return Companions(document, contract, keys)


@cache
def control_document() -> dict[str, Any]:
    """Load the description of the control API."""
    document: dict[str, Any] = yaml.load(CONTROL_FILE.read_bytes(), Loader=YAML_LOADER)  # noqa: S506 - it is the safe one
    return document


def shipped_scenarios() -> Path:
    """Return the directory of the shipped scenarios: inside an installed package, beside it in a checkout."""
    installed = PACKAGE / "scenarios"
    return installed if installed.is_dir() else PACKAGE.parent / "scenarios"


class Loader:
    """Reads a directory of scenario files (or a single file), again and again.

    `root` None means the shipped scenarios. A file that has not changed is not parsed again.
    """

    def __init__(self, contract: Contract, root: Path | None = None) -> None:
        self.root = shipped_scenarios() if root is None else root
        self._contract = contract
        self.companions = load_companions(contract)
        self._shown_root = "scenarios" if root is None else str(root)
        self._entry_cache: dict[tuple[str, bytes], list[Scenario]] = {}
        self._retired: list[list[Scenario]] = []
        self._loaded: tuple[tuple[object, ...], Scenery] | None = None

    def load(self) -> Scenery:
        """Read all files. Raises ScenarioMistakes."""
        # Millions of objects that hold no cycles: the collector would stop everybody for nothing, now and, unless
        # they are frozen, with every full pass to come.
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return self._load()
        finally:
            gc.freeze()
            if was_enabled:
                gc.enable()

    def _load(self) -> Scenery:
        mistakes: list[Mistake] = []
        magic = shipped_scenarios() / MAGIC_FILE
        magic_bytes = magic.read_bytes()
        texts: dict[str, bytes] = {}
        for path, shown in self._files(mistakes):
            content = _read(path, shown, mistakes)
            if content is not None and content != magic_bytes:
                texts[shown] = content
        world_name = next((shown for shown in texts if _is_world(shown, self._shown_root)), None)
        world_bytes = texts.pop(world_name) if world_name else (shipped_scenarios() / WORLD_FILE).read_bytes()
        world = _read_world(world_bytes, world_name or f"scenarios/{WORLD_FILE}", mistakes)

        magic_shown = f"{self._shown_root if self._is_shipped else 'scenarios'}/{MAGIC_FILE}"
        cache: dict[tuple[str, bytes], list[Scenario]] = {}
        scenarios: list[Scenario] = []
        for shown, content in {magic_shown: magic_bytes, **texts}.items():
            key = (shown, blake2b(content, digest_size=16).digest())
            found = self._entry_cache.get(key)
            if found is None:
                found = self._read_scenarios(content, shown, shown == magic_shown, mistakes)
            cache[key] = found
            scenarios += found
        mistakes += _clashes(scenarios)
        if mistakes:
            raise ScenarioMistakes(mistakes)
        assert world is not None
        population, clients = world
        state = (blake2b(world_bytes, digest_size=16).digest(), *cache)
        if self._loaded and self._loaded[0] == state:
            return self._loaded[1]
        self._retired += [found for key, found in self._entry_cache.items() if key not in cache]
        self._entry_cache = cache
        book = ScenarioBook(scenarios)
        scenery = Scenery(
            population,
            book,
            tuple(sorted({*texts, magic_shown, *filter(None, [world_name])})),
            clients,
            Signer(population.seed),
            Counter(scenario.section for scenario in scenarios),
            tuple(scenario for scenario in scenarios if scenario.place.file == magic_shown),
            Cast(book),
        )
        self._loaded = (state, scenery)
        return scenery

    def let_go(self) -> None:
        """Free the scenarios that no set has any more, one by one: freeing 100,000 at once stops every caller."""
        for scenarios in self._retired:
            while scenarios:
                scenarios.pop()
        self._retired.clear()

    def _read_scenarios(self, content: bytes, shown: str, is_magic: bool, mistakes: list[Mistake]) -> list[Scenario]:
        document, is_valid = _checked(content, shown, scenario_schema(), mistakes)
        wrong: list[tuple[DataPath, str]] = []
        scenarios = []
        for section in SECTIONS:
            entries = document.data.get(section) if isinstance(document.data, dict) else None
            entries = entries if isinstance(entries, dict) else {}
            # Taken out one by one: freeing a large document at once would keep every caller waiting.
            for pattern in list(entries):
                entry = entries.pop(pattern)
                place = Place(shown, document.positions.pop((section, pattern))[0])
                # Where something else in the file is wrong, this entry may be right, or wrong in its own way.
                if not is_valid and not entry_schema(section, pattern).is_valid(entry):
                    continue
                base = (section, pattern)
                scenario, found = read_entry(
                    entry, section, pattern, place, self._contract, self.companions.oauth_errors, is_magic
                )
                scenarios.append(scenario)
                wrong += [((*base, *path), text) for path, text in found]
                if "expires" in entry:
                    wrong.append(((*base, "expires"), "only an override expires; take it out"))
                if section == "named" and self._contract.error(pattern):
                    wrong.append((base, "is the name of an error already; choose another"))
        _report(wrong, content, shown, mistakes)
        return scenarios

    @property
    def _is_shipped(self) -> bool:
        return os.path.realpath(self.root) == os.path.realpath(shipped_scenarios())

    def _files(self, mistakes: list[Mistake]) -> Iterator[tuple[Path, str]]:
        if not self.root.exists():
            mistakes.append(_about(self._shown_root, "does not exist; expected a directory of YAML files, or one file"))
        elif self.root.is_dir():
            yield from _walk(self.root, self._shown_root, {os.path.realpath(self.root)}, mistakes)
        else:
            yield self.root, self._shown_root


def _walk(directory: Path, shown: str, seen: set[str], mistakes: list[Mistake]) -> Iterator[tuple[Path, str]]:
    try:
        names = sorted(os.listdir(directory))
    except OSError as error:
        mistakes.append(_about(shown, f"can't be read: {error.strerror}"))
        return
    for name in names:
        if not name.isprintable():
            shown_path = one_line(f"{shown.rstrip('/')}/{name}")
            mistakes.append(_about(shown_path, "has a name that can't be shown; rename it"))
            continue
        # Hidden entries are editors' and Kubernetes' own (`..data`).
        if name.startswith("."):
            continue
        path, shown_path = directory / name, f"{shown.rstrip('/')}/{name}"
        is_yaml = name.lower().endswith(_SUFFIXES)
        if path.is_dir():
            if is_yaml:
                mistakes.append(_about(shown_path, "is a directory, expected a file; rename it"))
            elif (real := os.path.realpath(path)) in seen:
                mistakes.append(_about(shown_path, "is a link to a directory that is read already; take it out"))
            elif len(seen) >= MOST_DIRECTORIES:
                mistakes.append(_about(shown_path, f"is one directory too many, expected at most {MOST_DIRECTORIES}"))
                return
            else:
                seen.add(real)
                yield from _walk(path, shown_path, seen, mistakes)
        elif is_yaml:
            yield path, shown_path


def _read(path: Path, shown: str, mistakes: list[Mistake]) -> bytes | None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            mistakes.append(_about(shown, "is not a regular file; take it out"))
        elif status.st_size > LARGEST_BYTES:
            mistakes.append(_about(shown, f"has {status.st_size} bytes, expected at most {LARGEST_BYTES}; split it"))
        else:
            return path.read_bytes()
    except OSError as error:
        mistakes.append(_about(shown, f"can't be read: {error.strerror or error}"))
    return None


def _about(shown: str, message: str) -> Mistake:
    return Mistake(Place(shown, 1), 1, message)


def _document(content: bytes, shown: str, every_position: bool = False) -> Document:
    try:
        return read_document(content.decode("utf-8-sig"), shown, every_position)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return Document(shown, None, {}, [Mistake(Place(shown, line), 1, "is not UTF-8; save it as UTF-8")])


def _is_world(shown: str, shown_root: str) -> bool:
    directory, _, name = shown.rpartition("/")
    return name in {WORLD_FILE, "world.yml"} and (shown == shown_root or directory == shown_root.rstrip("/"))


@cache
def scenario_schema(definition: str | None = None) -> Schema:
    """Return the schema of a scenario file, or of the part of it that stands under this name in `$defs`."""
    return Schema(json.loads(SCENARIO_SCHEMA_FILE.read_bytes()), definition)


def entry_schema(section: str, name: str) -> Schema:
    """Return the schema of an entry in a section of scenario files."""
    return scenario_schema(name if section == "companion" and name in (TOKEN, KEY_EXCHANGE) else "entry")


def _report(wrong: list[tuple[DataPath, str]], content: bytes, shown: str, mistakes: list[Mistake]) -> None:
    if wrong:
        document = _document(content, shown, every_position=True)
        mistakes += [document.mistake(path, text) for path, text in wrong]


def _checked(content: bytes, shown: str, schema: Schema, mistakes: list[Mistake]) -> tuple[Document, bool]:
    """Read a document and hold it against its schema; tell whether it is as it should be."""
    document = _document(content, shown)
    if document.mistakes:
        mistakes += document.mistakes
        return document._replace(data=None), False
    if document.data is None:
        mistakes.append(_about(shown, "is empty; write something in it or take it out"))
        return document, False
    if not _is_valid(schema, document.data):
        _report(list(schema.mistakes(document.data)), content, shown, mistakes)
        return document, False
    return document, True


def _is_valid(schema: Schema, data: Any) -> bool:
    """Hold data against a schema, many scenarios in parts: one call for all would keep every caller waiting."""
    if schema is not scenario_schema() or not isinstance(data, dict):
        return schema.is_valid(data)
    small = {section: entries for section, entries in data.items() if not isinstance(entries, dict)}
    for section, entries in data.items():
        patterns = list(entries) if isinstance(entries, dict) else []
        for start in range(0, len(patterns), _PART):
            if not schema.is_valid({section: {name: entries[name] for name in patterns[start : start + _PART]}}):
                return False
        if not patterns:
            small[section] = entries
    return schema.is_valid(small)


def _clashes(scenarios: list[Scenario]) -> Iterator[Mistake]:
    """Find what is named twice; an entry that gives the customer's other number names that too."""
    first: dict[tuple[str, str], Place] = {}
    for scenario in scenarios:
        names = [(scenario.section, scenario.pattern.lower())]
        if scenario.other:
            names.append((scenario.other.kind, scenario.other.value))
        for name in names:
            if (place := first.setdefault(name, scenario.place)) is not scenario.place:
                document = Document(scenario.place.file, None, {name: (scenario.place.line, 1)}, [])
                yield document.mistake(name, f"is named in {place} already; one entry for one identity")


def _read_world(content: bytes, shown: str, mistakes: list[Mistake]) -> tuple[Population, Mapping[str, str]] | None:
    document, is_valid = _checked(content, shown, Schema(json.loads(WORLD_SCHEMA_FILE.read_bytes())), mistakes)
    data = document.data if isinstance(document.data, dict) else {}
    described = data.get("countries")
    wrong: list[tuple[DataPath, str]] = []
    countries = {}
    for code, country in described.items() if isinstance(described, dict) else ():
        if not isinstance(country, dict):
            continue
        locale, timezone = country.get("locale"), country.get("timezone")
        if isinstance(locale, str) and locale not in (locales := _locales()):
            cure = meant(locale, sorted(locales))
            wrong.append((("countries", code, "locale"), f"Faker has no names for {locale!r}; {cure}"))
        try:
            zone = ZoneInfo(timezone) if isinstance(timezone, str) else ZoneInfo("UTC")
        except (KeyError, OSError, ValueError):
            cure = meant(timezone, _example_zones(str(timezone)))
            wrong.append((("countries", code, "timezone"), f"found {timezone!r}; {cure}"))
        else:
            businesses, channels = _codes(country.get("businesses")), _codes(country.get("channels"))
            countries[code] = Country(code, str(locale), zone, businesses, channels)
    _report(wrong, content, shown, mistakes)
    if wrong or not is_valid:
        return None
    birthdays = data.get("birthdays", {})
    population = Population(
        seed=str(data.get("seed", "segment-sandbox")),
        segments={code: float(weight) for code, weight in data["segments"].items()},
        everyday_birthdays=float(birthdays.get("everyDay", "0.1")),
        leap_day=birthdays.get("leapDay", "02-28"),
        synthesizes_unknown=data.get("unknown", "synthesize") == "synthesize",
        countries=countries,
    )
    return population, {client_id: client["secret"] for client_id, client in data.get("clients", {}).items()}


def _codes(codes: Any) -> frozenset[str] | None:
    return frozenset(map(str, codes)) if isinstance(codes, list) else None


def _example_zones(found: str) -> list[str]:
    zones = sorted(available_timezones())
    area = [zone for zone in zones if zone.partition("/")[0] == found.partition("/")[0]]
    return area or ["America/Mexico_City", "America/New_York", "Europe/Madrid", "UTC"]


@cache
def _locales() -> frozenset[str]:
    # Looked up on the disk: importing Faker takes longer than starting the server.
    spec = find_spec("faker")
    assert spec
    assert spec.submodule_search_locations
    persons = Path(spec.submodule_search_locations[0]) / "providers" / "person"
    return frozenset(entry.name for entry in persons.iterdir() if entry.name[:2].islower() and entry.is_dir())
