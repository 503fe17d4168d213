"""A sweep: the command once undisturbed, then once for each disturbance, each run in a space of its own.

Rule 1: what is done is kept, whatever happens to the rest.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sandbox.client import AsyncClient
from sandbox.core.operation import Operation

from . import command
from .findings import Call, Finding, calls_of, findings
from .plan import Disturbance
from .relay import Relay

PASSED, FAILED, HUNG, MISSED = "passed", "failed", "hung", "not reached"

# A sandbox of the sweep's own keeps no more of a run.
JOURNAL_SIZE = 10_000


class Run(NamedTuple):
    """One run of the command. `disturbance` is None for the undisturbed one; `called` are its operations in order."""

    disturbance: Disturbance | None
    ended: command.Ended
    seconds: float
    called: tuple[str, ...]
    calls: tuple[Call, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def title(self) -> str:
        return self.disturbance.title if self.disturbance else "undisturbed"

    @property
    def outcome(self) -> str:
        if self.ended.exit_code is None:
            return HUNG
        if self.ended.exit_code:
            return FAILED
        return MISSED if self.disturbance and len(self.called) < self.disturbance.position else PASSED

    @property
    def is_clean(self) -> bool:
        """Whether the command ended by itself with 0, and did nothing wrong on the way."""
        return self.outcome == PASSED and not self.findings


class Sweep:
    """Runs a command against the sandbox on `port`. `environment` gives a space's variables, `bound` is in seconds."""

    def __init__(
        self,
        command: Sequence[str],
        port: int,
        operations: Mapping[str, Operation],
        environment: Callable[[str], Mapping[str, str]],
        bound: float,
        jobs: int,
    ) -> None:
        self._command = command
        self._port = port
        self._operations = operations
        self._environment = environment
        self._bound = bound
        self._slots = asyncio.Semaphore(jobs)
        self._spaces = 0

    async def undisturbed(self) -> Run:
        """Run the command as it is. Raises OSError where it can't be started."""
        return await self._run(None, ())

    async def all(
        self, undisturbed: Run, disturbances: Sequence[Disturbance], stop: asyncio.Event, on_run: Callable[[Run], None]
    ) -> list[Run]:
        """Run the command with each disturbance, until `stop` is set; return the runs that ended, in their order."""
        runs = [asyncio.ensure_future(self._run(each, undisturbed.calls)) for each in disturbances]
        for run in runs:
            run.add_done_callback(lambda done: None if done.cancelled() or done.exception() else on_run(done.result()))
        stopping = asyncio.ensure_future(stop.wait())
        stopping.add_done_callback(lambda done: _cancel(runs))
        try:
            await asyncio.gather(*runs, return_exceptions=True)
        finally:
            stopping.cancel()
        return [run.result() for run in runs if not run.cancelled()]

    async def _run(self, disturbance: Disturbance | None, undisturbed: Sequence[Call]) -> Run:
        async with self._slots:
            self._spaces += 1
            space = f"sweep-{self._spaces}"
            loop = asyncio.get_running_loop()
            relay = (
                Relay(self._port, self._operation_of, disturbance.position, disturbance.headers)
                if disturbance
                else Relay(self._port, self._operation_of)
            )
            async with relay, AsyncClient(f"http://127.0.0.1:{self._port}", space) as client:
                token = await client.issue_token(space)
                environment = {
                    **os.environ,
                    **self._environment(space),
                    "SANDBOX_URL": relay.url,
                    "SANDBOX_TOKEN": token["access_token"],
                    "SANDBOX_DISTURBANCE": disturbance.title if disturbance else "",
                }
                begin = loop.time()
                ended = await command.run(self._command, environment, self._bound)
                seconds = loop.time() - begin
                exchanges = (await client.list_exchanges(limit=JOURNAL_SIZE))["exchanges"]
                await client.reset_space()
            calls = calls_of(exchanges, disturbance)
            found = findings(undisturbed, calls, disturbance, ended.exit_code is not None) if disturbance else []
            return Run(disturbance, ended, seconds, tuple(relay.calls), tuple(calls), tuple(found))

    def _operation_of(self, method: str, path: str) -> str | None:
        """Return the operation that is called, under whatever prefix; None for any other request."""
        for operation in self._operations.values():
            if method == operation.method and path.rstrip("/").endswith((operation.path, *operation.paths)):
                return operation.id
        return None


def _cancel(runs: Sequence["asyncio.Future[Run]"]) -> None:
    for run in runs:
        run.cancel()
