"""From files to a frozen set: the world file, the scenario files and the shipped magic values, read again and again.

Rule 1: every mistake in every file is reported at once; nothing of a set with a mistake is used.
Rule 2: the shipped magic values belong to every set, and they alone may write down the reserved numbers.
Rule 3: the world file of the latest layer that has one counts, whole.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeAlias

from sandbox.core.cast import Cast
from sandbox.core.contract import Contract
from sandbox.core.credentials import Signer
from sandbox.core.customers import Population
from sandbox.core.messages import Place
from sandbox.core.scenario_book import ScenarioBook
from sandbox.core.scenarios import Scenario
from sandbox.core.slips import always_beaten

from .layers import layered, layers_of
from .scenarios import ScenarioFile, ScenarioReader
from .shipped import MAGIC_FILE, shipped_scenarios
from .world import WorldFile, read_world
from .yaml_data import Mistake
from .yaml_source import decoded


class ScenarioMistakes(Exception):
    """The files can't be used; `mistakes` are all of them, in the order of files and lines."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(mistakes)
        count = len(mistakes)
        super().__init__(f"{count} mistake{'s' if count > 1 else ''} in the scenario files")


class LayerFiles(NamedTuple):
    """A layer by its name, whether it is what ships, and the files that count."""

    name: str
    is_shipped: bool
    files: tuple[str, ...]


class FileSet(NamedTuple):
    """What the files say: who lives in the world, the scenarios, and the registered clients with their secrets.

    Going through 100,000 scenarios takes a while, so what is asked often is found when the files are read: how many
    there are in each section, which of them are `magic`, and who is written down. The lowest of `layers` comes first;
    of world files they name the one that counts. `warnings` are likely slips; `notes` say what was left alone, and what
    hides what.
    """

    population: Population
    book: ScenarioBook
    clients: Mapping[str, str]
    signer: Signer
    counts: Counter[str]
    magic: tuple[Scenario, ...]
    cast: Cast
    warnings: tuple[Mistake, ...]
    layers: tuple[LayerFiles, ...]
    notes: tuple[Mistake, ...]

    @property
    def files(self) -> list[str]:
        """The files of all layers."""
        return sorted(file for layer in self.layers for file in layer.files)


class Loader:
    """Reads layers of scenario files, each a directory or a single file, again and again.

    What ships lies below `roots`; of that, only the magic values count without `built_in`. A file that has not changed
    is not parsed again.
    """

    def __init__(self, contract: Contract, roots: Sequence[Path] = (), built_in: bool = True) -> None:
        self._layers = layers_of(roots, built_in)
        self.roots = tuple(layer.root for layer in self._layers)
        self._reader = ScenarioReader(contract)
        self._entry_cache: dict[_FileKey, ScenarioFile] = {}
        self._retired: list[list[Scenario]] = []
        self._loaded: tuple[tuple[object, ...], FileSet] | None = None

    def load(self) -> FileSet:
        """Read all files. Raises ScenarioMistakes."""
        mistakes: list[Mistake] = []
        magic_bytes = (shipped_scenarios() / MAGIC_FILE).read_bytes()
        cache: dict[_FileKey, ScenarioFile] = {}
        magic: list[Scenario] = []
        texts: dict[str, bytes] = {}
        worlds, read = [], []
        for number, layer in enumerate(self._layers):
            scenarios: list[Scenario] = []
            for shown, content in layer.texts(mistakes).items():
                if layer.is_world(shown):
                    worlds.append((number, shown, content))
                    continue
                is_magic = content == magic_bytes
                if is_magic and not layer.is_shipped:
                    continue
                texts[shown] = content
                key = (number, shown, blake2b(content, digest_size=16).digest())
                is_certain = layer.is_shipped or shown == layer.shown
                found = self._entry_cache.get(key) or self._reader.read(content, shown, is_magic, is_certain)
                cache[key] = found
                mistakes += found.mistakes
                if is_magic:
                    magic = found.scenarios
                else:
                    scenarios += found.scenarios
            read.append(scenarios)
        latest, *earlier = reversed(read)
        # Wherever `*` stands in a file, magic values are more particular.
        together = layered([[*magic, *latest], *earlier])
        world, world_shown, world_notes = _world(worlds[::-1], mistakes)
        mistakes += together.mistakes
        if mistakes:
            raise ScenarioMistakes(mistakes)
        assert world.population
        state = (*worlds, *cache)
        if self._loaded and self._loaded[0] == state:
            return self._loaded[1]
        self._retired += [found.scenarios for key, found in self._entry_cache.items() if key not in cache]
        self._entry_cache = cache
        book = together.book
        warnings = [*world.warnings, *(warning for file in cache.values() for warning in file.warnings)]
        notes = [*world_notes, *together.notes, *(note for file in cache.values() for note in file.notes)]
        used = [(number, shown) for (number, shown, _), found in cache.items() if not found.notes]
        used += [(number, shown) for number, shown, _ in worlds if shown == world_shown]
        layers = tuple(
            LayerFiles(layer.shown, layer.is_shipped, tuple(shown for at, shown in used if at == number))
            for number, layer in enumerate(self._layers)
        )
        file_set = FileSet(
            world.population,
            book,
            world.clients,
            Signer(world.population.seed),
            Counter(scenario.section for scenario in book),
            tuple(magic),
            Cast(book),
            tuple(sorted([*warnings, *_beaten(read, texts)])),
            layers,
            tuple(sorted(notes)),
        )
        self._loaded = (state, file_set)
        return file_set

    def let_go(self) -> None:
        """Free the scenarios that no set has any more, one by one: freeing 100,000 at once stops every caller."""
        for scenarios in self._retired:
            while scenarios:
                scenarios.pop()
        self._retired.clear()


def _beaten(layers: Iterable[Sequence[Scenario]], texts: Mapping[str, bytes]) -> Iterator[Mistake]:
    """Warn of entries that never answer, since others of their layer are more particular."""
    documents = {}
    for scenario, reason in chain.from_iterable(map(always_beaten, layers)):
        file = scenario.place.file
        if file not in documents:
            documents[file] = decoded(texts[file], file)
        yield documents[file].mistake((scenario.section, scenario.pattern), reason)


def _world(
    latest_first: Sequence[tuple[int, str, bytes]], mistakes: list[Mistake]
) -> tuple[WorldFile, str, list[Mistake]]:
    """Read all world files. Return the one that counts, with all warnings, its name, and what it hides."""
    read = [(shown, read_world(content, shown)) for _, shown, content in latest_first]
    mistakes += [mistake for _, world in read for mistake in world.mistakes]
    warnings = [warning for _, world in read for warning in world.warnings]
    (first, world), *others = [(shown, world) for shown, world in read if world.population] or read
    # That one's own world replaces the one that ships needs no saying.
    notes = [Mistake(Place(first, 1), 1, f"hides {shown}") for shown, _ in others[:-1]]
    return world._replace(warnings=warnings), first, notes


_FileKey: TypeAlias = tuple[int, str, bytes]
