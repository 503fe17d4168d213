"""What came of a sweep, for people and for pipelines: rows, JUnit XML, one HTML page.

Rule 1: what the command wrote is shown with credentials and card numbers masked.
"""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from sandbox.core.masking import masked_text
from sandbox.core.messages import one_line
from sandbox.junit import Case, junit

from .findings import FINDINGS
from .sweep import FAILED, HUNG, MISSED, PASSED, Run

_PAGE = Path(__file__).with_name("report.html")
_LAST_LINES = 20


class Report:
    """The runs of a sweep, `planned` of which there were to be besides the undisturbed one; `bound` is in seconds."""

    def __init__(
        self, command: Sequence[str], undisturbed: Run, runs: Sequence[Run], planned: int, bound: float
    ) -> None:
        self.command = masked_text(shlex.join(command))
        self.undisturbed = undisturbed
        self.runs = runs
        self.planned = planned
        self._bound = bound

    @property
    def is_clean(self) -> bool:
        """Whether every run was made, ended by itself with 0 and without a finding."""
        return len(self.runs) == self.planned and all(run.is_clean for run in (self.undisturbed, *self.runs))

    @cached_property
    def summary(self) -> str:
        """All in one line."""
        if not self.undisturbed.is_clean:
            return f"the undisturbed run {self.why(self.undisturbed)}; it has to pass before it can be disturbed"
        outcomes = Counter(run.outcome for run in self.runs)
        found = sum(bool(run.findings) for run in self.runs)
        parts = [f"{outcomes[outcome]} {outcome}" for outcome in (PASSED, FAILED, HUNG, MISSED) if outcomes[outcome]]
        runs = "1 disturbed run" if len(self.runs) == 1 else f"{len(self.runs)} disturbed runs"
        of_all = f" of {self.planned}" if len(self.runs) < self.planned else ""
        return f"{runs}{of_all}: {', '.join(parts) or 'none'}; {found} with findings"

    def why(self, run: Run) -> str:
        """Say in one line how a run ended that did not pass."""
        if run.outcome == HUNG:
            return f"did not end within {self._bound:g} s and was killed"
        if run.outcome == MISSED:
            return f"made only {len(run.called)} calls, so that nothing was disturbed"
        if run.ended.exit_code is not None and run.ended.exit_code < 0:
            return f"was ended by signal {-run.ended.exit_code}"
        if run.ended.exit_code:
            last = last_line(run)
            return f"ended with {run.ended.exit_code}{': ' if last else ''}{last}"
        return ""

    def notes(self, run: Run) -> list[str]:
        """Return what there is to say of a run, one line each."""
        why = self.why(run)
        return [*([why] if why else []), *(f"{each.name}: {each.detail}" for each in run.findings)]

    @property
    def junit(self) -> bytes:
        """The report as JUnit XML."""
        return junit("segment-sandbox sweep", self._cases())

    def _cases(self) -> Iterator[Case]:
        for run in (self.undisturbed, *self.runs):
            failure = None if run.is_clean else "; ".join(self.notes(run))
            yield Case(_case_name(run), failure, output=last_lines(run), seconds=run.seconds)

    @property
    def html(self) -> str:
        """The report as one page that needs nothing else."""
        found = Counter(name for run in self.runs for name in {each.name for each in run.findings})
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        values: dict[str, Any] = {
            "report": self,
            "runs": [self.undisturbed, *self.runs],
            "found": [(name, FINDINGS[name], found[name]) for name in FINDINGS if found[name]],
            "last_lines": last_lines,
        }
        return environment.from_string(_PAGE.read_text("utf-8")).render(values)


def last_lines(run: Run) -> str:
    """Return the end of what the command wrote."""
    return masked_text("\n".join(run.ended.output.splitlines()[-_LAST_LINES:]))


def last_line(run: Run) -> str:
    """Return the last line with something in it that the command wrote, shortened."""
    lines = [line.strip() for line in last_lines(run).splitlines() if line.strip()]
    return one_line(lines[-1][:160]) if lines else ""


def _case_name(run: Run) -> str:
    return f"{run.title} ({run.disturbance.operation})" if run.disturbance else run.title
