"""What a YAML file says, with the places where it says so, and the mistakes that are found in it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sandbox.core.masking import masked_text
from sandbox.core.messages import Place, one_line
from sandbox.core.schema import Path


class Mistake(NamedTuple):
    """Something to put right in a file. `column` counts from 1."""

    place: Place
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.place}:{self.column}: {self.message}"


class Document(NamedTuple):
    """The data of one file: mappings, lists and texts. `positions` holds (line, column) of keys by their path.

    `sources` leads from what an alias or a merge key brought in to where it is written. `strays` are the values of keys
    that were there already: each is a document with the way to that value alone, which is `at`. `unread` are paths at
    which something could not be read, so that nothing can be said of them.
    """

    file: str
    data: Any
    positions: dict[Path, tuple[int, int]]
    mistakes: list[Mistake]
    sources: Mapping[Path, Path] = {}
    strays: tuple["Document", ...] = ()
    unread: frozenset[Path] = frozenset()
    at: Path = ()
    is_empty: bool = False

    def position(self, path: Path) -> tuple[int, int]:
        """Return the nearest line and column that are known."""
        path = written_at((*self.at, *path[len(self.at) :]), self.sources)
        return next((self.positions[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.positions), (1, 1))

    def mistake(self, path: Path, message: str) -> Mistake:
        """Return a mistake at the nearest place that is known."""
        line, column = self.position(path)
        path = (*self.at, *path[len(self.at) :])
        trail = ".".join(f"[{part}]" if isinstance(part, int) else part for part in path).replace(".[", "[")
        return Mistake(Place(self.file, line), column, fit(f"{trail}: {message}" if trail else message))

    @property
    def nothing_at_all(self) -> list[Mistake]:
        """The mistake of an empty file, such as an editor leaves for a moment; none for any other."""
        if self.is_empty:
            return [self.mistake((), "is empty; write something in it or take it out")]
        return []

    @property
    def only_comments(self) -> list[Mistake]:
        """What to warn of where nothing is said; none where something is."""
        if self.data is None and not self.is_empty and not self.mistakes:
            return [self.mistake((), "has nothing but comments in it")]
        return []

    def own(self, found: Iterable[tuple[Path, str]]) -> Iterator[Mistake]:
        """Go through what was found wrong in the data, without what only follows from a part that is not there."""
        way = way_to(self.at)
        for path, message in found:
            if path[: len(way)] == way and written_at((*self.at, *path[len(way) :]), self.sources) not in self.unread:
                yield self.mistake(path, message)


def fit(message: str) -> str:
    """Return a message as it may be shown: on one line, without cards and secrets."""
    return one_line(masked_text(message))


def written_at(path: Path, sources: Mapping[Path, Path]) -> Path:
    """Return where the value at a path is written; what an alias stands for has its key at the alias."""
    n = len(path) - 1 if sources else 0
    while n > 0:
        if (source := sources.get(path[:n])) is not None:
            path = (*source, *path[n:])
            n = len(path)
        n -= 1
    return path


def way_to(at: Path) -> Path:
    """Return the way to a stray in its own data, in which each list has but the one item that leads to it."""
    return tuple(0 if isinstance(step, int) else str(step) for step in at)
