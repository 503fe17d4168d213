"""The contract: every operation that the bank's side answers, and what they have in common.

Rule 1: a path belongs to one operation, and is looked up once for each request.
"""

from collections.abc import Iterable, Sequence

from .operation import Operation


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

    def at(self, path: str) -> Operation | None:
        """Return the operation that is called at a path."""
        if found := self.exact.get(path):
            return found
        for pattern, operation in self._patterns:
            if any(pattern.fullmatch(path.removeprefix(prefix)) for prefix in ("", *self._prefixes)):
                return operation
        return None

    def companions(self) -> Iterable[Operation]:
        """Go through the operations beside the contract."""
        return (operation for operation in self.operations.values() if operation.is_companion)
