"""YAML read as it was written: no types are guessed, nothing is expanded, and every key knows its line.

Rule 1: `NO`, `000123` and `12:30:00` stay text. Only an empty value is None.
Rule 2: aliases, tags, a second document, a key twice and bottomless nesting are mistakes, all of them named at once.
Rule 3: events are read one by one and nothing recurses, so no file can exhaust the C stack.
"""

from typing import Any, NamedTuple

import yaml

from sandbox.core.masking import masked_text
from sandbox.core.messages import Place, one_line, shown
from sandbox.core.schema import Path

DEEPEST = 24

# libyaml's parser is C; the other one reads the same, ten times slower, where PyYAML came without it.
YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mistake(NamedTuple):
    """Something to put right in a file. `column` counts from 1."""

    place: Place
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.place}:{self.column}: {self.message}"


class Document(NamedTuple):
    """The data of one file: mappings, lists and texts. `positions` holds (line, column) of keys by their path."""

    file: str
    data: Any
    positions: dict[Path, tuple[int, int]]
    mistakes: list[Mistake]

    def mistake(self, path: Path, message: str) -> Mistake:
        """Return a mistake at the nearest place that is known."""
        position = next(
            (self.positions[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.positions), (1, 1)
        )
        trail = ".".join(f"[{part}]" if isinstance(part, int) else part for part in path).replace(".[", "[")
        return Mistake(Place(self.file, position[0]), position[1], _fit(f"{trail}: {message}" if trail else message))


def read_document(text: str, file: str, every_position: bool = False) -> Document:
    """Read one YAML document; `file` is the name that mistakes show.

    Positions go two keys deep, which is where scenarios begin; `every_position` records all, at a price.
    """
    builder = _Builder(file, every_position)
    try:
        for event in yaml.parse(text, Loader=YAML_LOADER):
            if not builder.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "not YAML"
        # libyaml counts lines by more than one kind of line break, so a line may be none of ours.
        line = "".join(text.split("\n")[mark.line : mark.line + 1]) if mark else ""
        at_tab = line[mark.column : mark.column + 1] == "\t" if mark else False
        cure = "; there is a tab, indent with spaces" if at_tab else ""
        context = f" {error.context}" if error.context else ""
        builder.note(mark, f"not YAML: {problem}{context}{cure}")
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(file, before.count("\n") + 1)
        builder.mistakes.append(Mistake(place, len(before) - before.rfind("\n"), f"not YAML: {error.reason}"))
    if builder.mistakes and not every_position:
        return read_document(text, file, every_position=True)
    return Document(file, builder.data, builder.positions, builder.mistakes)


def _fit(message: str) -> str:
    return one_line(masked_text(message))


class _Frame:
    """A mapping or list that is still open."""

    __slots__ = ("container", "key", "path")

    def __init__(self, container: Any, path: Path) -> None:
        self.container = container
        self.key: str | None = None
        self.path = path


class _Builder:
    def __init__(self, file: str, every_position: bool) -> None:
        self.data: Any = None
        self.positions: dict[Path, tuple[int, int]] = {}
        self.mistakes: list[Mistake] = []
        self._file = file
        self._depth_of_positions = DEEPEST if every_position else 2
        self._stack: list[_Frame] = []
        self._documents = 0

    def note(self, mark: Any, message: str) -> None:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self.mistakes.append(Mistake(Place(self._file, line), column, _fit(message)))

    def take(self, event: Any) -> bool:
        """Take the next event; False when there is no use in reading on."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            if event.tag is not None:
                self.note(event.start_mark, f"the tag {event.tag} is not read; write the plain value")
            self._value(None if event.implicit[0] and event.value == "" else event.value, event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if event.tag is not None:
                self.note(event.start_mark, f"the tag {event.tag} is not read; write the plain value")
            if len(self._stack) == DEEPEST:
                self.note(event.start_mark, f"nested more than {DEEPEST} levels deep")
                return False
            container: Any = {} if kind is yaml.MappingStartEvent else []
            self._stack.append(_Frame(container, self._value(container, event)))
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._stack.pop()
        elif kind is yaml.AliasEvent:
            self.note(event.start_mark, f"the alias *{event.anchor} is not read; write the value out")
            self._value(None, event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents == 2:
                self.note(event.start_mark, "a second document begins; one file holds one")
                return False
        return True

    def _value(self, value: Any, event: Any) -> Path:
        """Put a value where it belongs and return its path, as far as positions are recorded."""
        if not self._stack:
            self.data = value
            return ()
        frame = self._stack[-1]
        container = frame.container
        if type(container) is list:
            container.append(value)
            return self._record(frame, len(container) - 1, event)
        if (key := frame.key) is None:
            self._take_key(frame, value, event)
            return frame.path
        container[key] = value
        frame.key = None
        return (*frame.path, key) if len(self._stack) <= self._depth_of_positions else frame.path

    def _take_key(self, frame: _Frame, key: Any, event: Any) -> None:
        if not isinstance(key, str):
            self.note(event.start_mark, f"found {shown(key)} as a key, expected a text")
            key = f"(line {event.start_mark.line + 1}, column {event.start_mark.column + 1})"
        if key in frame.container:
            first = self.positions.get((*frame.path, key))
            where = f"; it stands on line {first[0]} already" if first else ""
            self.note(event.start_mark, f"the key {shown(key)} is there twice{where}")
        else:
            self._record(frame, key, event)
        frame.key = key

    def _record(self, frame: _Frame, key: str | int, event: Any) -> Path:
        if len(self._stack) > self._depth_of_positions:
            return frame.path
        path = (*frame.path, key)
        mark = event.start_mark
        self.positions[path] = (mark.line + 1, mark.column + 1)
        return path
