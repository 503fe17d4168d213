"""A layer of scenarios: one directory or file, and the YAML files that are found in it, at any depth.

Rule 1: what can't be walked or read is a mistake with a name, and is never followed for ever.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sandbox.core.messages import Place, one_line

from .shipped import WORLD_FILE
from .yaml_data import Mistake

MAX_BYTES = 64 * 2**20
MAX_DIRECTORIES = 200
_SUFFIXES = (".yaml", ".yml")


def read_layer(root: Path, shown_root: str, mistakes: list[Mistake]) -> dict[str, bytes]:
    """Read all files of a layer: their content by the name that mistakes show."""
    texts = {}
    for path, shown in _files(root, shown_root, mistakes):
        content = _read(path, shown, mistakes)
        if content is not None:
            texts[shown] = content
    return texts


def is_world(shown: str, shown_root: str) -> bool:
    """Tell whether a file is the layer's world file, which stands at its top or is the layer."""
    directory, _, name = shown.rpartition("/")
    return name in {WORLD_FILE, "world.yml"} and (shown == shown_root or directory == shown_root.rstrip("/"))


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
