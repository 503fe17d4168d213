"""What goes wrong when the sandbox itself is asked for something: never a matter of the bank's API."""

from collections.abc import Iterable, Sequence

from .core.masking import masked_text
from .core.schema import Path


class UserError(ValueError):
    """The sandbox itself was asked for something it does not have; the message says what it has.

    `mistakes` are those in what was sent: (path, message).
    """

    def __init__(self, message: str, mistakes: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.mistakes = mistakes

    @classmethod
    def of(cls, mistakes: Iterable[tuple[Path, str]]) -> "UserError":
        """Make one error of all mistakes in what was sent, each with the path to it."""
        named = [(".".join(map(str, path)), masked_text(message)) for path, message in mistakes]
        return cls("; ".join(f"{path}: {message}" if path else message for path, message in named), named)


class NotFound(UserError):
    """What was asked for is not there."""
