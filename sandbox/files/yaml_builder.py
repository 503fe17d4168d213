"""From YAML events to data: mappings, lists and texts, each with its place.

Rule 1: nothing is guessed. `NO`, `000123` and `12:30:00` stay text; only an empty value is None.
Rule 2: a mistake hides nothing: the value of a key that is there again is kept as a stray.
Rule 3: nothing recurses deeply, and what aliases stand for is counted: no file explodes.
"""

from functools import partial
from typing import Any

import yaml

from sandbox.core.messages import Place, shown
from sandbox.core.schema import Path

from .yaml_data import Document, Mistake, fit, way_to, written_at

DEEPEST = 24
TOO_DEEP = f"nested more than {DEEPEST} levels deep"
# Values that all aliases of a file stand for, together: 100,000 entries may share what they have in common.
MAX_ALIASED = 1_000_000


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


class Builder:
    """Takes events one by one; `document()` is what they say."""

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
        return Mistake(Place(self.file, line), column, fit(message))

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
            value = None if event.implicit[0] and event.value == "" else event.value
            path = self._value(value, event)
            if event.tag is not None or event.anchor is not None:
                self._mark(event, value, path)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if len(self.stack) == DEEPEST:
                return self._give_up(event, TOO_DEEP)
            container: Any = {} if kind is yaml.MappingStartEvent else []
            frame = _Frame(container, self._value(container, event), bool(event.flow_style))
            self.stack.append(frame)
            if event.tag is not None or event.anchor is not None:
                self._mark(event, container, frame.path)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            frame = self.stack.pop()
            if frame.merged is not None:
                self._merge(frame)
        elif kind is yaml.AliasEvent:
            return self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            return self._begin_document(event)
        # Whatever is wrong, or an anchor: all is read again, with every position.
        return self._every_position or not (self.mistakes or self.has_anchors)

    def _begin_document(self, event: Any) -> bool:
        self._documents += 1
        if self._documents == 2:
            self._note(event, "a second document begins; one file holds one")
        return self._documents == 1

    def _note(self, event: Any, message: str) -> None:
        self.mistakes.append(self.mistake(event.start_mark, message))

    def _give_up(self, event: Any, message: str) -> bool:
        self._note(event, message)
        self._data = None
        self._strays.clear()
        self._unread.add(())
        return False

    def _mark(self, event: Any, value: Any, path: Path) -> None:
        if event.tag is not None:
            self._note(event, f"the tag {event.tag} is not read; write the plain value")
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
                return self._give_up(event, TOO_DEEP)
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
        for mapping, way in mappings:
            source = written_at((*way, ""), self._sources)[:-1]
            for key, part in mapping.items():
                if key not in frame.container:
                    frame.container[key] = part
                    target, written = (*frame.path, key), (*source, key)
                    self._positions[target] = self._positions[written]
                    if isinstance(part, (dict, list)):
                        self._sources[target] = written
                    if written in self._unread:
                        self._unread.add(target)


def _stray(document: Document, stray: tuple[Path, Any]) -> Document:
    at, data = stray
    for step in reversed(way_to(at)):
        # A neighbour behind it, so that it is not taken for the last.
        data = [data, {}] if isinstance(step, int) else {step: data}
    return document._replace(data=data, mistakes=[], at=at)
