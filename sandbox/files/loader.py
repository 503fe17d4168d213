"""From files to a frozen set: the world file, the scenario files and the shipped magic values, read again and again.

Rule 1: every mistake in every file is reported at once; nothing of a set with a mistake is used.
Rule 2: the shipped magic values belong to every set, and they alone may write down the reserved numbers.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from sandbox.core.cast import Cast
from sandbox.core.contract import Contract
from sandbox.core.credentials import Signer
from sandbox.core.customers import Population
from sandbox.core.scenarios import Scenario, ScenarioBook
from sandbox.core.slips import always_beaten

from .layers import is_world, read_layer
from .scenarios import ScenarioFile, ScenarioReader, clashes
from .shipped import MAGIC_FILE, WORLD_FILE, shipped_scenarios
from .world import read_world
from .yaml_data import Mistake
from .yaml_source import decoded


class ScenarioMistakes(Exception):
    """The files can't be used; `mistakes` are all of them, in the order of files and lines."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(mistakes)
        count = len(mistakes)
        super().__init__(f"{count} mistake{'s' if count > 1 else ''} in the scenario files")


class FileSet(NamedTuple):
    """What the files say: who lives in the world, the scenarios, and the registered clients with their secrets.

    Going through 100,000 scenarios takes a while, so what is asked often is found when the files are read: how many
    there are in each section, which of them are `magic`, and who is written down. `warnings` are likely slips.
    """

    population: Population
    book: ScenarioBook
    files: tuple[str, ...]
    clients: Mapping[str, str]
    signer: Signer
    counts: Counter[str]
    magic: tuple[Scenario, ...]
    cast: Cast
    warnings: tuple[Mistake, ...]


class Loader:
    """Reads a directory of scenario files (or a single file), again and again.

    `root` None means the shipped scenarios. A file that has not changed is not parsed again.
    """

    def __init__(self, contract: Contract, root: Path | None = None) -> None:
        self.root = shipped_scenarios() if root is None else root
        self._reader = ScenarioReader(contract)
        self._shown_root = "scenarios" if root is None else str(root)
        self._entry_cache: dict[tuple[str, bytes], ScenarioFile] = {}
        self._retired: list[list[Scenario]] = []
        self._loaded: tuple[tuple[object, ...], FileSet] | None = None

    def load(self) -> FileSet:
        """Read all files. Raises ScenarioMistakes."""
        mistakes: list[Mistake] = []
        shipped = shipped_scenarios()
        magic_bytes, shipped_world = (shipped / MAGIC_FILE).read_bytes(), (shipped / WORLD_FILE).read_bytes()
        texts = {
            shown: content
            for shown, content in read_layer(self.root, self._shown_root, mistakes).items()
            if content != magic_bytes
        }
        world_name = next((shown for shown in texts if is_world(shown, self._shown_root)), None)
        world_bytes = texts.pop(world_name) if world_name else shipped_world
        world = read_world(world_bytes, world_name or f"scenarios/{WORLD_FILE}")
        mistakes += world.mistakes
        if not world.population and not world.mistakes:
            world = read_world(shipped_world, f"scenarios/{WORLD_FILE}")._replace(warnings=world.warnings)

        magic_shown = f"{self._shown_root if self._is_shipped else 'scenarios'}/{MAGIC_FILE}"
        cache: dict[tuple[str, bytes], ScenarioFile] = {}
        for shown, content in {magic_shown: magic_bytes, **texts}.items():
            key = (shown, blake2b(content, digest_size=16).digest())
            found = self._entry_cache.get(key) or self._reader.read(content, shown, shown == magic_shown)
            cache[key] = found
            mistakes += found.mistakes
        scenarios = [scenario for file in cache.values() for scenario in file.scenarios]
        mistakes += clashes(scenarios)
        if mistakes:
            raise ScenarioMistakes(mistakes)
        assert world.population
        state = (blake2b(world_bytes, digest_size=16).digest(), *cache)
        if self._loaded and self._loaded[0] == state:
            return self._loaded[1]
        self._retired += [found.scenarios for key, found in self._entry_cache.items() if key not in cache]
        self._entry_cache = cache
        book = ScenarioBook(scenarios)
        warnings = [*world.warnings, *(warning for file in cache.values() for warning in file.warnings)]
        own = (scenario for scenario in scenarios if scenario.place.file != magic_shown)
        file_set = FileSet(
            world.population,
            book,
            tuple(sorted({*texts, magic_shown, *filter(None, [world_name])})),
            world.clients,
            Signer(world.population.seed),
            Counter(scenario.section for scenario in scenarios),
            tuple(scenario for scenario in scenarios if scenario.place.file == magic_shown),
            Cast(book),
            tuple(sorted([*warnings, *_beaten(own, texts)])),
        )
        self._loaded = (state, file_set)
        return file_set

    def let_go(self) -> None:
        """Free the scenarios that no set has any more, one by one: freeing 100,000 at once stops every caller."""
        for scenarios in self._retired:
            while scenarios:
                scenarios.pop()
        self._retired.clear()

    @property
    def _is_shipped(self) -> bool:
        return os.path.realpath(self.root) == os.path.realpath(shipped_scenarios())


def _beaten(scenarios: Iterator[Scenario], texts: Mapping[str, bytes]) -> Iterator[Mistake]:
    """Warn of entries that never answer."""
    documents = {}
    for scenario, reason in always_beaten(scenarios):
        file = scenario.place.file
        if file not in documents:
            documents[file] = decoded(texts[file], file)
        yield documents[file].mistake((scenario.section, scenario.pattern), reason)
