"""A server in a thread of this process, for commands that need a sandbox for as long as they last.

Rule 1: it is gone with the process, however that ends.
"""

import threading
from concurrent.futures import Future
from types import TracebackType

from sandbox.runtime import Sandbox

from .server import Server


class BackgroundServer:
    """A server that serves from `with` to its end. `url` is where it listens."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._ready: Future[str] = Future()
        self._server = Server(sandbox, lambda urls: self._ready.set_result(urls[0]))
        # A daemon: a process that ends without leaving the `with` does not wait for it.
        self._thread = threading.Thread(target=self._serve, name="sandbox", daemon=True)

    def __enter__(self) -> "BackgroundServer":
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()

    @property
    def url(self) -> str:
        return self._ready.result()

    def _serve(self) -> None:
        try:
            self._server.run()
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)
