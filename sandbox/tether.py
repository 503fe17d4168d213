"""Servers that are tied to the process that started them, such as those of a test run.

Rule 1: one process owns them, and others, such as the workers of pytest-xdist, ask that one: a set of flags has one
server.
Rule 2: a server ends with the process that owns it, even where that is killed: `python -m sandbox.tether` runs the
command line, and stops when the other end of its standard input is closed, by will or by death.
"""

import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Client, Connection, Listener
from threading import Lock, Thread
from typing import TypeAlias

from .settings import ENVIRONMENT_PREFIX

STOP_SECONDS = 10

# What a worker needs to ask the owner: the port on this machine, and the key that lets it in.
Address: TypeAlias = tuple[int, bytes]


class StartFailure(Exception):
    """A server did not start; the message is what it said."""


class Servers:
    """The servers that this process owns."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: dict[tuple[str, ...], tuple[subprocess.Popen[str], str]] = {}

    def url(self, flags: Sequence[str]) -> str:
        """Return the base URL of the server with these flags, started if need be. Raises StartFailure."""
        key = tuple(flags)
        with self._lock:
            if key not in self._running:
                self._running[key] = _started(key)
            return self._running[key][1]

    def close(self) -> None:
        """Stop all servers, and kill those that don't."""
        with self._lock:
            for process, _ in self._running.values():
                if process.stdin:
                    process.stdin.close()
            for process, _ in self._running.values():
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                if process.stdout:
                    process.stdout.close()
            self._running.clear()


class Office:
    """Where the workers of this machine ask the owner for servers."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        key = os.urandom(16)
        self._listener = Listener(("127.0.0.1", 0), authkey=key)
        self.address: Address = (self._listener.address[1], key)
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                worker = self._listener.accept()
            except OSError:
                # The listener was closed.
                return
            except Exception:  # noqa: BLE001, S112 - a stranger, or a worker that died: the next one is served
                continue
            Thread(target=self._answer, args=(worker,), daemon=True).start()

    def _answer(self, worker: "Connection[object, tuple[str, ...]]") -> None:
        with worker:
            try:
                worker.send((True, self._servers.url(worker.recv())))
            except StartFailure as failure:
                worker.send((False, str(failure)))
            except (OSError, EOFError):
                # The worker died.
                return

    def close(self) -> None:
        """Answer nobody any more."""
        self._listener.close()


class Colleague:
    """The servers that another process owns, for a worker. One is asked for once."""

    def __init__(self, address: Address) -> None:
        self._port, self._key = address

    def url(self, flags: Sequence[str]) -> str:
        """Return the base URL of the server with these flags. Raises StartFailure."""
        with Client(("127.0.0.1", self._port), authkey=self._key) as owner:
            owner.send(tuple(flags))
            is_started, answer = owner.recv()
        if not is_started:
            raise StartFailure(answer)
        return str(answer)


def _started(flags: tuple[str, ...]) -> tuple["subprocess.Popen[str]", str]:
    command = [sys.executable, "-m", "sandbox.tether", "serve", "--port", "0", "--no-access-log", "--no-watch"]
    # Tests depend on nothing but what they say.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*command, *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
        if url := _ready(process):
            return process, url
        process.communicate()
        log.seek(0)
        raise StartFailure(log.read().strip())


def _ready(process: "subprocess.Popen[str]") -> str:
    """Wait until a server listens, and return its base URL; nothing where it does not start."""
    assert process.stdout
    greeting = process.stdout.readline()
    return greeting.split()[-1] if " is ready on " in greeting else ""


def _end_with_owner() -> None:
    # Not by sys.stdin: its lock, held by a thread, makes the end of an interpreter a crash.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    Thread(target=_end_with_owner, daemon=True).start()
    runpy.run_module("sandbox", run_name="__main__")
