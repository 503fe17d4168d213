"""YAML read as it was written: no types are guessed, and every key knows its line.

Rule 1: `NO`, `000123` and `12:30:00` stay text. Only an empty value is None.
Rule 2: tags, a second document, a key twice and bottomless nesting are mistakes, all of them named at once; a mistake
hides nothing: the value of a key that is there again is kept as a stray, and reading goes on behind what is no YAML.
Rule 3: events are read one by one and nothing recurses deeply; what aliases stand for is counted. No file explodes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import yaml

from sandbox.core.masking import masked_text
from sandbox.core.messages import Place, one_line, shown
from sandbox.core.schema import Path

DEEPEST = 24
_TOO_DEEP = f"nested more than {DEEPEST} levels deep"
# Values that all aliases of a file stand for, together: 100,000 entries may share what they have in common.
MAX_ALIASED = 1_000_000
# Characters that are read again, in all, to find what is wrong behind a place that is no YAML.
_MAX_REREAD = 20_000_000

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

    def mistake(self, path: Path, message: str) -> Mistake:
        """Return a mistake at the nearest place that is known."""
        path = (*self.at, *path[len(self.at) :])
        written = _written(path, self.sources)
        known = (self.positions[written[:n]] for n in range(len(written), 0, -1) if written[:n] in self.positions)
        line, column = next(known, (1, 1))
        trail = ".".join(f"[{part}]" if isinstance(part, int) else part for part in path).replace(".[", "[")
        return Mistake(Place(self.file, line), column, _fit(f"{trail}: {message}" if trail else message))

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
        way = _way(self.at)
        for path, message in found:
            if path[: len(way)] == way and _written((*self.at, *path[len(way) :]), self.sources) not in self.unread:
                yield self.mistake(path, message)


def decoded(content: bytes, file: str, every_position: bool = False) -> Document:
    """Read one YAML document out of the bytes of a file."""
    try:
        text, wrong = content.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        lines = enumerate(content.split(b"\n"), 1) if b"\0" not in content else ()
        wrong = [number for number, line in lines if "\ufffd" in line.decode(errors="replace")]
        # Another encoding altogether: there is nothing to read.
        text = content.decode("utf-8-sig", "replace") if wrong else ""
        wrong = wrong or [content[: error.start].count(b"\n") + 1]
    document = read_document(text, file, every_position)
    mistakes = [Mistake(Place(file, line), 1, "is not UTF-8; save it as UTF-8") for line in wrong]
    return document._replace(mistakes=[*mistakes, *document.mistakes], is_empty=not text.strip() and not wrong)


def read_document(text: str, file: str, every_position: bool = False) -> Document:
    """Read one YAML document; `file` is the name that mistakes show.

    Positions go two keys deep, which is where scenarios begin; `every_position` records all, at a price. So it is with
    a file that has a mistake or an anchor.
    """
    if not every_position:
        builder = _Builder(file, False)
        with suppress(yaml.reader.ReaderError):
            if _read(text, builder) is None and not builder.mistakes and not builder.has_anchors:
                return builder.document()
    mistakes: list[Mistake] = []
    unread: set[Path] = set()
    for _ in range(max(2, _MAX_REREAD // (len(text) + 1))):
        builder = _Builder(file, True)
        try:
            broken = _read(text, builder)
        except yaml.reader.ReaderError:
            mistakes += _forbidden(text, file)
            text = _FORBIDDEN.sub(" ", text)
            continue
        if broken is None:
            document = builder.document()
            return document._replace(mistakes=[*mistakes, *document.mistakes], unread=document.unread | unread)
        mistakes.append(broken.mistake)
        unread.update(frame.path for frame in builder.stack[:2])
        if (rest := _without_block(text, broken.line, builder)) is None:
            mistakes += builder.mistakes
            break
        text = rest
    return Document(file, None, {}, mistakes, unread=frozenset({()}))


class _Break(NamedTuple):
    """Where a text stops being YAML; `line` counts from 0."""

    mistake: Mistake
    line: int


def _read(text: str, builder: "_Builder") -> _Break | None:
    """Let the builder take all events. Return where the text can't be read on; None where there is no such place."""
    try:
        for event in yaml.parse(text, Loader=YAML_LOADER):
            if not builder.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # libyaml counts lines by more than one kind of line break, so a line may be none of ours.
        line = "".join(text.split("\n")[mark.line : mark.line + 1]) if mark else ""
        at_tab = line[mark.column : mark.column + 1] == "\t" if mark else False
        cure = "; there is a tab, indent with spaces" if at_tab else ""
        context = f" {error.context}" if error.context else ""
        message = f"not YAML: {error.problem}{context}{cure}"
        # libyaml has a limit of its own in newer releases, and looks ahead: it may come upon that first.
        if "nesting" in str(error.problem):
            message = _TOO_DEEP
        return _Break(builder.mistake(mark, message), mark.line if mark else 0)
    return None


def _forbidden(text: str, file: str) -> Iterator[Mistake]:
    """Name the first character of each line that may not stand in YAML (1.2.2, 5.1)."""
    for number, line in enumerate(text.split("\n"), 1):
        if found := _FORBIDDEN.search(line):
            message = f"not YAML: the character {found[0]!r} may not stand there; take it out"
            yield Mistake(Place(file, number), found.start() + 1, _fit(message))


_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _without_block(text: str, line: int, builder: "_Builder") -> str | None:
    """Blank the entry that can't be read, with what is indented below it. None where it can't be told from the rest."""
    lines = text.split("\n")
    start = min(line if (entry := builder.open_entry()) is None else entry - 1, len(lines) - 1)
    while start > 0 and not lines[start].strip():
        start -= 1
    if not lines[start].strip() or (builder.stack and builder.stack[0].is_flow):
        return None
    indent, end = _indent(lines[start]), start + 1
    while end < len(lines) and (
        not lines[end].strip() or _indent(lines[end]) > indent or _CLOSING.fullmatch(lines[end])
    ):
        end += 1
    return "\n".join([*lines[:start], *[""] * (end - start), *lines[end:]])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


_CLOSING = re.compile(r"\s*[\]})'\"]+[\s,]*(#.*)?")


def _fit(message: str) -> str:
    return one_line(masked_text(message))


def _written(path: Path, sources: Mapping[Path, Path]) -> Path:
    """Return where the value at a path is written; what an alias stands for has its key at the alias."""
    n = len(path) - 1 if sources else 0
    while n > 0:
        if (source := sources.get(path[:n])) is not None:
            path = (*source, *path[n:])
            n = len(path)
        n -= 1
    return path


def _way(at: Path) -> Path:
    """Return the way to a stray in its own data, in which each list has but the one item that leads to it."""
    return tuple(0 if isinstance(step, int) else str(step) for step in at)


class _Again(str):
    """A key that was there already: it looks the same, and its positions are its own."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class _Frame:
    """A mapping or list that is still open. `merged` is what `<<` brings in."""

    __slots__ = ("container", "is_flow", "key", "merged", "path")

    def __init__(self, container: Any, path: Path, is_flow: bool) -> None:
        self.container = container
        self.key: str | None = None
        self.path = path
        self.is_flow = is_flow
        self.merged: Any = None

    @property
    def expects_key(self) -> bool:
        return self.key is None and type(self.container) is dict


class _Merge(str):
    """The key `<<`, plain: what it names belongs into the mapping around it."""

    __slots__ = ()


class _Dropped(str):
    """A key that can't be one."""

    __slots__ = ()


class _Builder:
    def __init__(self, file: str, every_position: bool) -> None:
        self.file = file
        self.stack: list[_Frame] = []
        self.mistakes: list[Mistake] = []
        self.has_anchors = False
        self._every_position = every_position
        self._depth_of_positions = DEEPEST if every_position else 2
        self._data: Any = None
        self._positions: dict[Path, tuple[int, int]] = {}
        self._sources: dict[Path, Path] = {}
        self._strays: list[tuple[Path, Any]] = []
        self._unread: set[Path] = set()
        self._anchors: dict[str, tuple[Any, Path]] = {}
        self._measures: dict[int, tuple[int, int, Any]] = {}
        self._aliased = 0
        self._documents = 0

    def document(self) -> Document:
        document = Document(
            self.file, self._data, self._positions, self.mistakes, self._sources, (), frozenset(self._unread)
        )
        return document._replace(strays=tuple(map(partial(_stray, document), self._strays)))

    def mistake(self, mark: Any, message: str) -> Mistake:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Mistake(Place(self.file, line), column, _fit(message))

    def open_entry(self) -> int | None:
        """Return the line of the innermost entry or section, counted from 1, that is open; None where none is."""
        if len(self.stack) > 2:
            return self._positions.get(self.stack[2].path, (None,))[0]
        if len(self.stack) == 2 and self.stack[1].is_flow:
            return self._positions.get(self.stack[1].path, (None,))[0]
        return None

    def take(self, event: Any) -> bool:
        """Take the next event; False when there is no use in reading on."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._check_tag(event)
            value = None if event.implicit[0] and event.value == "" else event.value
            self._name(event, value, self._value(value, event))
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._check_tag(event)
            if len(self.stack) == DEEPEST:
                return self._give_up(event, _TOO_DEEP)
            container: Any = {} if kind is yaml.MappingStartEvent else []
            frame = _Frame(container, self._value(container, event), bool(event.flow_style))
            self.stack.append(frame)
            self._name(event, container, frame.path)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            frame = self.stack.pop()
            if frame.merged is not None:
                self._merge(frame)
        elif kind is yaml.AliasEvent:
            return self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents == 2:
                self._note(event, "a second document begins; one file holds one")
                return False
        # Whatever is wrong, or an anchor: all is read again, with every position.
        return self._every_position or not (self.mistakes or self.has_anchors)

    def _note(self, event: Any, message: str) -> None:
        self.mistakes.append(self.mistake(event.start_mark, message))

    def _give_up(self, event: Any, message: str) -> bool:
        self._note(event, message)
        self._data = None
        self._strays.clear()
        self._unread.add(())
        return False

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            self._note(event, f"the tag {event.tag} is not read; write the plain value")

    def _name(self, event: Any, value: Any, path: Path) -> None:
        if event.anchor is not None:
            self.has_anchors = True
            self._anchors[event.anchor] = (value, path)

    def _alias(self, event: Any) -> bool:
        value, source = self._anchors.get(event.anchor, (None, None))
        if source is None:
            self._note(event, f"the alias *{event.anchor} names nothing; expected &{event.anchor} before it")
        elif any(frame.container is value for frame in self.stack):
            self._note(event, f"the alias *{event.anchor} stands inside of what it names; write the value out")
        else:
            size, depth = self._measured(value)
            self._aliased += size
            if len(self.stack) + depth > DEEPEST:
                return self._give_up(event, _TOO_DEEP)
            if self._aliased > MAX_ALIASED:
                return self._give_up(event, f"the aliases stand for more than {MAX_ALIASED} values; use fewer")
            path = self._value(value, event)
            if isinstance(value, (dict, list)):
                self._sources[path] = source
            return True
        if self.stack and self.stack[-1].expects_key:
            self.stack[-1].key = _Dropped()
        else:
            self._unread.add(self._value(None, event))
        return self._every_position

    def _measured(self, value: Any) -> tuple[int, int]:
        """Return how many values a value has, and how deep it is; no deeper than DEEPEST, which holds before."""
        if not isinstance(value, (dict, list)):
            return 1, 0
        if id(value) not in self._measures:
            parts = [self._measured(part) for part in (value.values() if isinstance(value, dict) else value)]
            size, depth = 1 + sum(size for size, _ in parts), 1 + max((depth for _, depth in parts), default=0)
            # The value is kept with it: the id of one that is gone may be another's.
            self._measures[id(value)] = size, depth, value
        return self._measures[id(value)][:2]

    def _value(self, value: Any, event: Any) -> Path:
        """Put a value where it belongs and return its path, as far as positions are recorded."""
        if not self.stack:
            self._data = value
            return ()
        frame = self.stack[-1]
        container = frame.container
        if type(container) is list:
            container.append(value)
            return self._record(frame, len(container) - 1, event)
        if (key := frame.key) is None:
            self._take_key(frame, value, event)
            return frame.path
        frame.key = None
        path = (*frame.path, key) if len(self.stack) <= self._depth_of_positions else frame.path
        if type(key) is str:
            container[key] = value
        elif type(key) is _Again:
            self._strays.append((path, value))
        elif type(key) is _Merge:
            frame.merged = (value, event)
        return path

    def _take_key(self, frame: _Frame, key: Any, event: Any) -> None:
        if not isinstance(key, str):
            self._note(event, f"found {shown(key)} as a key, expected a text")
            frame.key = _Dropped()
            return
        is_merge = key == "<<" and type(event) is yaml.ScalarEvent and event.implicit[0]
        if key in frame.container or (is_merge and frame.merged):
            first = self._positions.get((*frame.path, key))
            where = f"; it stands on line {first[0]} already" if first else ""
            self._note(event, f"the key {shown(key)} is there twice{where}")
            key = _Again(key)
        elif is_merge:
            key = _Merge(key)
            self.has_anchors = True
        self._record(frame, key, event)
        frame.key = key

    def _record(self, frame: _Frame, key: str | int, event: Any) -> Path:
        if len(self.stack) > self._depth_of_positions:
            return frame.path
        path = (*frame.path, key)
        mark = event.start_mark
        self._positions[path] = (mark.line + 1, mark.column + 1)
        return path

    def _merge(self, frame: _Frame) -> None:
        """Take over what `<<` names, as far as the mapping does not say it itself; what comes first wins."""
        value, event = frame.merged
        path = (*frame.path, "<<")
        if isinstance(value, dict):
            mappings = [(value, path)]
        elif isinstance(value, list) and all(isinstance(part, dict) for part in value):
            mappings = [(part, (*path, index)) for index, part in enumerate(value)]
        else:
            if path not in self._unread:
                self._note(event, f"found {shown(value)} behind <<, expected a mapping or a list of mappings")
            return
        for mapping, source in mappings:
            for key, part in mapping.items():
                if key not in frame.container:
                    frame.container[key] = part
                    target, written = (*frame.path, key), _written((*source, key), self._sources)
                    self._positions[target], self._sources[target] = self._positions[written], written
                    if written in self._unread:
                        self._unread.add(target)


def _stray(document: Document, stray: tuple[Path, Any]) -> Document:
    at, data = stray
    for step in reversed(_way(at)):
        # A neighbour behind it, so that it is not taken for the last.
        data = [data, {}] if isinstance(step, int) else {step: data}
    return document._replace(data=data, mistakes=[], at=at)
