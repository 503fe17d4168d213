"""What goes wrong when the sandbox itself is asked for something: never a matter of the bank's API."""

from collections.abc import Sequence


class UserError(ValueError):
    """The sandbox itself was asked for something it does not have; the message says what it has.

    `mistakes` are those in an entry that was sent: (path, message).
    """

    def __init__(self, message: str, mistakes: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.mistakes = mistakes


class NotFound(UserError):
    """What was asked for is not there."""
