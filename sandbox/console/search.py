"""The search field of Live: words that people type, as the filters of the control API.

Rule 1: `name=value` is a filter of the API as it stands, and the API says what is wrong with it; a word that the API
has a name for (a status, a number, a rule, an error, a fault) is that filter; all others are looked for in the rows.
"""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sandbox.core.messages import IDENTITY_LENGTHS
from sandbox.user_errors import UserError

# Kinds of answers, which the page tells apart by itself.
KINDS = ("4xx", "5xx", "faults")
_KIND = re.compile(r"[1-5]xx|faults")
_STATUS = re.compile(r"[1-5][0-9]{2}", re.ASCII)
_FILTER = re.compile(r"([A-Za-z]+)=(.+)")


class Search(NamedTuple):
    """What is looked for: the API's filters, kinds of answers of which one must fit, words that must all be there."""

    text: str
    filters: Mapping[str, str]
    kinds: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.text

    def has(self, term: str) -> bool:
        """Tell whether a term stands in the text."""
        return term in self.text.split()

    def toggled(self, term: str) -> str:
        """Return the text with a term more, or without it; a filter of the same name makes room for it."""
        terms = self.text.split()
        if term in terms:
            return " ".join(each for each in terms if each != term)
        name, equals, _ = term.partition("=")
        return " ".join([*(each for each in terms if not (equals and each.startswith(f"{name}="))), term])


def read_search(text: str, names: Mapping[str, Collection[str]]) -> Search:
    """Read what was typed; `names` are the values that each filter has. Raises UserError for one asked for twice."""
    terms = text.split()
    filters: dict[str, str] = {}
    kinds, words = [], []
    for term in terms:
        if _KIND.fullmatch(term):
            kinds.append(term)
        elif (found := _filter_of(term, names)) is None:
            words.append(term)
        elif found[0] in filters:
            raise UserError(f"{found[0]} is asked for twice: {filters[found[0]]} and {found[1]}; keep one")
        else:
            filters[found[0]] = found[1]
    return Search(" ".join(terms), filters, tuple(kinds), tuple(words))


def _filter_of(term: str, names: Mapping[str, Collection[str]]) -> tuple[str, str] | None:
    if named := _FILTER.fullmatch(term):
        return named[1], named[2]
    if _STATUS.fullmatch(term):
        return "status", term
    if term.isascii() and term.isdigit():
        kind = next((kind for kind, length in IDENTITY_LENGTHS.items() if len(term) <= length), None)
        return (kind, term) if kind else None
    return next(((name, term) for name, values in names.items() if term in values), None)
