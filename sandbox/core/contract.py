"""The contract: every operation that the bank's side answers, and what they have in common.

Rule 1: a path belongs to one operation, and is looked up once for each request.
Rule 2: what stands between `/s/` and the next slash names a space; the rest of the path is what it is without.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from .operation import Operation

_SPACES = "/s/"


class Target(NamedTuple):
    """What a path leads to: an operation, None where there is none; and the space that it names, if it does."""

    operation: Operation | None
    space: str | None = None


class Contract:
    """The operations of the bank's document, of those beside it, and of further ones; `main` is the bank's own."""

    def __init__(self, operations: Sequence[Operation], prefixes: Sequence[str] = ()) -> None:
        self.operations = {operation.id: operation for operation in operations}
        self.main = operations[0]
        self.document = self.main.document
        self.version: str = self.document["info"]["version"]
        self.errors = self.main.documented
        self.errors_by_name = self.main.errors
        self.gateway_errors = {name: error for name, error in self.errors_by_name.items() if error.is_gateway}
        self.languages = frozenset(language for error in self.errors.values() for language in error.texts)
        # A prefix is a path of the user's own, under which everything is served again.
        self.exact: dict[str, Operation] = {}
        self._patterns = []
        for operation in operations:
            for path, pattern in zip(operation.paths, operation.patterns, strict=True):
                if "{" in path:
                    self._patterns.append((pattern, operation))
                else:
                    self.exact |= {prefix + path: operation for prefix in ("", *prefixes)}
        self._prefixes = tuple(prefixes)

    def at(self, path: str, raw_path: str = "") -> Target:
        """Return what a path leads to. `raw_path` is the one that was sent, in which a space may have escapes."""
        if found := self.exact.get(path):
            return Target(found)
        if not path.startswith(_SPACES):
            return Target(self._operation(path))
        name, slash, rest = (raw_path or path).removeprefix(_SPACES).partition("/")
        if not (name and slash):
            return Target(None)
        return Target(self._operation(slash + unquote(rest)), unquote(name))

    def _operation(self, path: str) -> Operation | None:
        if found := self.exact.get(path):
            return found
        for pattern, operation in self._patterns:
            if any(pattern.fullmatch(path.removeprefix(prefix)) for prefix in ("", *self._prefixes)):
                return operation
        return None

    def companions(self) -> Iterable[Operation]:
        """Go through the operations beside the contract."""
        return (operation for operation in self.operations.values() if operation.is_companion)
