"""The ASGI application: the bank's side, and the pages behind the guard.

Rule 1: which operation a request is to is found out here, once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from sandbox.console import SIGN_IN, Console, to_sign_in
from sandbox.control.operations import PREFIX, open_paths
from sandbox.core.contract import Target
from sandbox.files.watching import watch
from sandbox.runtime import Sandbox

from .bank_side import SPACE, BankSide, host_problem
from .guard import Guard, Guarded
from .log import LogWriter
from .pages import pages


class Shell:
    """The whole application.

    A server that is told to stop calls `drain`, which ends streams, and `end_grace` when its time is over, which lets
    waiting calls answer at once.
    """

    def __init__(self, sandbox: Sandbox, access_log: LogWriter | None = None) -> None:
        self.sandbox = sandbox
        self.bank = BankSide(sandbox, access_log)
        self._draining = asyncio.Event()
        console = Console(sandbox)
        guarded = Guarded(PREFIX, open_paths(), console.is_page, SIGN_IN, to_sign_in)
        everything = pages(sandbox, console, self._unknown, self._draining, self._lifespan)
        self._pages = Guard(everything, guarded, sandbox.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            operation, scope[SPACE] = self._target(scope)
            if operation or host_problem(scope):
                await self.bank.serve(scope, receive, send, operation)
                return
        await self._pages(scope, receive, send)

    def drain(self) -> None:
        """End all streams and the watching of files."""
        self._draining.set()

    def end_grace(self) -> None:
        """Let every call that still waits answer now."""
        self.bank.grace_over.set()

    def is_call(self, scope: Scope) -> bool:
        """Tell whether a request is one of the bank's calls, rather than for a page or a stream."""
        return self._target(scope).operation is not None

    def _target(self, scope: Scope) -> Target:
        return self.sandbox.contract.at(scope["path"], scope.get("raw_path", b"").decode("latin-1"))

    async def _unknown(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.bank.serve(scope, receive, send, None)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(asyncio.to_thread(self.sandbox.warm_up))]
        if self.sandbox.settings.watch:
            tasks.append(asyncio.create_task(watch(self.sandbox.scenario_roots, self.sandbox.reload, self._draining)))
        yield
        self.drain()
        await asyncio.gather(*tasks)
