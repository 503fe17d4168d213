"""Layers of scenarios: each a directory or file, with the YAML files that are found in it, at any depth.

Rule 1: what can't be walked or read is a mistake with a name, and is never followed for ever.
Rule 2: what ships is the lowest layer; a later layer is asked first.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from sandbox.core.messages import Place, one_line
from sandbox.core.scenario_book import ScenarioBook
from sandbox.core.scenarios import Scenario

from .shipped import MAGIC_FILE, WORLD_FILE, shipped_scenarios
from .yaml_data import Document, Mistake

MAX_BYTES = 64 * 2**20
MAX_DIRECTORIES = 200
_SUFFIXES = (".yaml", ".yml")


class Layer(NamedTuple):
    """One layer. `shown` is its name; what ships is read only as far as it `has_all`, else but its magic values."""

    root: Path
    shown: str
    is_shipped: bool = False
    has_all: bool = True

    def texts(self, mistakes: list[Mistake]) -> dict[str, bytes]:
        """Read all files: their content by the name that mistakes show."""
        texts = {}
        for path, shown in _files(self.root, self.shown, mistakes):
            if self.has_all or path.name in (MAGIC_FILE, WORLD_FILE):
                content = _read(path, shown, mistakes)
                if content is not None:
                    texts[shown] = content
        return texts

    def is_world(self, shown: str) -> bool:
        """Tell whether a file is the layer's world file, which stands at its top or is the layer."""
        directory, _, name = shown.rpartition("/")
        return name in {WORLD_FILE, "world.yml"} and (shown == self.shown or directory == self.shown.rstrip("/"))


def layers_of(roots: Sequence[Path], built_in: bool) -> tuple[Layer, ...]:
    """Return the layers of these roots, the lowest first: what ships, and then one behind the other."""
    shipped = shipped_scenarios()
    layers = [Layer(root, str(root), os.path.realpath(root) == os.path.realpath(shipped)) for root in roots]
    if any(layer.is_shipped for layer in layers):
        return tuple(layers)
    # Two files of one name would not be told apart.
    shown = "built-in" if any(layer.shown == "scenarios" for layer in layers) else "scenarios"
    return Layer(shipped, shown, True, built_in), *layers


_Name: TypeAlias = tuple[str, str]


class Layered(NamedTuple):
    """The scenarios of all layers, as far as they are not hidden; what clashes in one of them, and what hides what."""

    book: ScenarioBook
    mistakes: list[Mistake]
    notes: list[Mistake]


def layered(latest_first: Sequence[Sequence[Scenario]]) -> Layered:
    """Put layers on top of each other. One number twice in a layer is a mistake; a later layer hides an earlier one.

    What hides is an entry for the same number, for its beginning, or for everybody. One with a `when` hides nothing:
    where it does not fit, what lies below is asked.
    """
    mistakes: list[Mistake] = []
    hidden: dict[Scenario, list[Place]] = {}
    book: ScenarioBook | None = None
    for layer in latest_first:
        here: dict[_Name, Scenario] = {}
        kept = []
        for scenario in layer:
            for name in _names(scenario):
                if (first := here.setdefault(name, scenario)) is not scenario:
                    message = f"is named in {first.place} already; one entry for one identity"
                    mistakes.append(_at(scenario.place, name, message))
            hiding = book and book.hiding(scenario)
            of_other = book and scenario.other and book.hiding_number(*scenario.other)
            # Where only the beginning of a customer's number is hidden, the other number still leads to them.
            if not hiding or (hiding.identity is None and scenario.other and not of_other):
                kept.append(scenario.without_other() if of_other else scenario)
            if found := hiding or of_other:
                hidden.setdefault(found, []).append(scenario.place)
        if book:
            book.lay_below(kept)
        else:
            book = ScenarioBook(kept)
    notes = [_at(hiding.place, (hiding.section, hiding.pattern), _hides(places)) for hiding, places in hidden.items()]
    return Layered(book or ScenarioBook(), mistakes, notes)


def _hides(places: Sequence[Place]) -> str:
    if len(places) == 1:
        return f"hides {places[0]}"
    return f"hides {len(places)} entries of earlier layers, the first in {places[0]}"


def clashes(scenarios: Iterable[Scenario]) -> Iterator[tuple[_Name, str]]:
    """Find what one file that was sent names twice, each with its path."""
    here: dict[_Name, Scenario] = {}
    for scenario in scenarios:
        for name in _names(scenario):
            if (first := here.setdefault(name, scenario)) is not scenario:
                yield name, f"is named by the entry for {first.title} already; one entry for one identity"


def _names(scenario: Scenario) -> Iterator[_Name]:
    """Go through what an entry names: what it stands under, and the customer's other number."""
    yield scenario.section, scenario.pattern.lower()
    if scenario.other:
        yield scenario.other.kind, scenario.other.value


def _at(place: Place, name: _Name, message: str) -> Mistake:
    return Document(place.file, None, {name: (place.line, 1)}, []).mistake(name, message)


def links(root: Path) -> list[Path]:
    """Return all links in a layer: what they lead to may change and nobody is told."""
    ways = [path for path, _ in _files(root, "", [])]
    ways += {parent for way in ways for parent in way.parents if root in parent.parents}
    return sorted(way for way in ways if way.is_symlink())


def _files(root: Path, shown_root: str, mistakes: list[Mistake]) -> Iterator[tuple[Path, str]]:
    if not root.exists():
        mistakes.append(_about(shown_root, "does not exist; expected a directory of YAML files, or one file"))
    elif root.is_dir():
        yield from _walk(root, shown_root, {os.path.realpath(root)}, mistakes)
    else:
        yield root, shown_root


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
            elif len(seen) >= MAX_DIRECTORIES:
                mistakes.append(_about(shown_path, f"is one directory too many, expected at most {MAX_DIRECTORIES}"))
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
        elif status.st_size > MAX_BYTES:
            mistakes.append(_about(shown, f"has {status.st_size} bytes, expected at most {MAX_BYTES}; split it"))
        else:
            return path.read_bytes()
    except OSError as error:
        mistakes.append(_about(shown, f"can't be read: {error.strerror or error}"))
    return None


def _about(shown: str, message: str) -> Mistake:
    return Mistake(Place(shown, 1), 1, message)
