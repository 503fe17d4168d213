"""What a sweep does: which disturbances there are, and at which calls of the undisturbed run.

Rule 1: errors come from the documents, faults from their table; none is named here.
Rule 2: a disturbance is what directives can say of one call, so that everything else is answered as ever.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sandbox.core.directives import DELAY, FAULT, SCENARIO
from sandbox.core.documented_errors import DocumentedError
from sandbox.core.faults import FAULTS
from sandbox.core.operation import Operation
from sandbox.core.schema import meant

ERRORS, GATEWAY, FAULT_KIND, SLOW = "errors", "gateway", "faults", "slow"
KINDS = (ERRORS, GATEWAY, FAULT_KIND, SLOW)


class Disturbance(NamedTuple):
    """What happens to one call. `position` counts the calls of a run from 1; `headers` are directives for that call.

    `status` is that of an error; `retry_after` are the seconds that its answer asks to wait.
    """

    name: str
    kind: str
    position: int
    operation: str
    headers: Mapping[str, str]
    status: int | None = None
    retry_after: int | None = None

    @property
    def title(self) -> str:
        return f"{self.name}@{self.position}"


class Choice(NamedTuple):
    """What a sweep is limited to: names or kinds of disturbances, each at all positions (None) or at one."""

    name: str
    position: int | None = None

    def has(self, disturbance: Disturbance) -> bool:
        """Tell whether this is one of those chosen."""
        return self.name in (disturbance.name, disturbance.kind) and self.position in (None, disturbance.position)


def read_choices(texts: Iterable[str], operations: Collection[Operation]) -> list[Choice]:
    """Read names such as `serviceUnavailable`, `faults` or `slow@2`, with commas between. Raises ValueError."""
    names = [*KINDS, *dict.fromkeys(name for operation in operations for name in operation.errors), *FAULTS]
    by_lower = {name.lower(): name for name in names}
    choices = []
    for text in (part.strip() for each in texts for part in each.split(",")):
        name, at, position = text.partition("@")
        if name.lower() not in by_lower:
            raise ValueError(f"found {text!r}; {meant(name, names)}")
        if at and not (position.isascii() and position.isdigit() and int(position)):
            raise ValueError(f"found {text!r}, expected the number of a call behind @, such as {name}@2")
        choices.append(Choice(by_lower[name.lower()], int(position) if at else None))
    return choices


def plan(
    calls: Sequence[str], operations: Mapping[str, Operation], slow: str, choices: Collection[Choice] = ()
) -> list[Disturbance]:
    """Return every disturbance of these calls, given by their operations; `slow` is how long a slow answer takes."""
    everything = (
        disturbance
        for position, operation in enumerate(calls, 1)
        for disturbance in _disturbances(position, operations[operation], slow)
    )
    return [each for each in everything if not choices or any(choice.has(each) for choice in choices)]


def _disturbances(position: int, operation: Operation, slow: str) -> Iterator[Disturbance]:
    for error in operation.errors.values():
        kind = GATEWAY if error.is_gateway else ERRORS
        wish = {SCENARIO: f"{operation.id}:{error.name}"}
        yield Disturbance(error.name, kind, position, operation.id, wish, error.status, _retry_after(error))
    for fault in FAULTS:
        yield Disturbance(fault, FAULT_KIND, position, operation.id, {FAULT: fault})
    yield Disturbance(SLOW, SLOW, position, operation.id, {DELAY: slow})


def _retry_after(error: DocumentedError) -> int | None:
    # RFC 9110, 10.2.3: seconds, or a date, which no document here has.
    seconds = error.headers.get("Retry-After")
    return int(seconds) if seconds else None
