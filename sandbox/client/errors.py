"""What may go wrong between a program and the control API of a sandbox."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class ClientError(Exception):
    """The control API did not do what it was asked for."""


class Unreachable(ClientError):
    """Nobody answers at the URL, or somebody who is no sandbox."""


class Mistake(NamedTuple):
    """One mistake in what was sent: where (a parameter, a way to a field, or nothing for the whole body) and what."""

    path: str
    message: str


class Problem(ClientError):
    """The sandbox's own error (RFC 9457). `detail` has all mistakes in one text, `mistakes` has each by itself.

    `count` says how many exchanges came in time, where some were waited for in vain.
    """

    def __init__(self, problem: Mapping[str, Any]) -> None:
        self.status: int = problem["status"]
        self.title: str = problem["title"]
        self.detail: str = problem["detail"]
        self.mistakes: Sequence[Mistake] = [Mistake(**each) for each in problem.get("mistakes", ())]
        self.count: int | None = problem.get("count")
        super().__init__(f"{self.status} {self.title}: {self.detail}")
