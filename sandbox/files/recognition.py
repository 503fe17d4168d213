"""Which of the YAML files in a tree are scenario files: compose files and the like may stand beside them.

Rule 1: a file with a section of ours is a scenario file, and so is one that seems to have gone wrong on the way to it:
with a key close to one of ours, or entries like ours without a section. Everything else is left alone, with a note.
"""

import codecs
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from sandbox.core.scenarios import SECTIONS

from .yaml_data import Document

LEFT_ALONE = f"is no scenario file, having none of {', '.join(SECTIONS)}; it was left alone"

_PLAIN = {name.lower() for name in SECTIONS}
# `named` is too close to the `name` of everybody else's files.
_MISTAKABLE = sorted(_PLAIN - {"named"})
_CLOSE = 0.8
_NUMBER = re.compile(r"[0-9]{1,16}\*?|\*", re.ASCII)
_ANSWERS = frozenset({"customer", "error", "sequence", "fault"})
# What is written so can't be looked into, and a shell of Windows writes all files so.
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What a file that can't be read says of itself: a line with a section, or the schema that editors look for.
_TRACES = re.compile(
    rb"^[\"']?(?:customer[ _-]?id|card[ _-]?number|named|companion)\b|^# yaml-language-server:.*scenario\.schema\.json",
    re.IGNORECASE | re.MULTILINE,
)


def looks_like_scenarios(document: Document, content: bytes) -> bool:
    """Tell whether a file is a scenario file, or was meant to be one."""
    if _TRACES.search(content) or content.startswith(_UTF_16):
        return True
    data = document.data
    mappings = [part for part in (data if isinstance(data, list) else [data]) if isinstance(part, Mapping)]
    return any(not each.keys() - {"description"} or _has_section(each) or _has_entries(each) for each in mappings)


def _has_section(data: Mapping[str, Any]) -> bool:
    """Tell whether a mapping has a section of ours, or one that is written in another way."""
    names = [re.sub("[ _-]", "", name).lower() for name in data]
    return any(name in _PLAIN or get_close_matches(name, _MISTAKABLE, 1, _CLOSE) for name in names)


def _has_entries(data: Mapping[str, Any]) -> bool:
    """Tell whether there are entries like ours in a mapping, or one level below."""
    return any(
        _NUMBER.fullmatch(key) and isinstance(entry, Mapping) and _ANSWERS & entry.keys()
        for part in (data, *data.values())
        if isinstance(part, Mapping)
        for key, entry in part.items()
    )
