"""A server process, watched from outside: what it costs in time, CPU and memory."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from sandbox.files.shipped import load_contract

_OPERATION = load_contract().main
PATH = _OPERATION.path
HEADERS = _OPERATION.example_headers

_WRK = ("wrk", "-t1", "-c16", f"-s{Path(__file__).with_name('load.lua')}")
_TICKS = os.sysconf("SC_CLK_TCK")
_QUIET_SECONDS = 0.5


class Server:
    """A server that prints a first line that ends in its URL; as a context it is stopped at the end."""

    def __init__(self, *command: str) -> None:
        """Start `python -m command...` and wait for its first answer; `cold_start` is how long that took."""
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().split()[-1]
        with Caller(self.url) as caller:
            caller.ask("000000000001")
        self.cold_start = time.perf_counter() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has taken so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def idle_megabytes(self) -> float:
        """Return the proportional set size, once the process has nothing more to do."""
        busy = -1.0
        while busy != (busy := self.cpu_seconds()):
            time.sleep(_QUIET_SECONDS)
        rollup = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text()
        match = re.search(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)
        assert match
        return int(match[1]) * 1024 / 1e6

    def load(self, seconds: float, first: int, count: int) -> float:
        """Put the server under load, asking for `count` customerIds from `first` on. Return answers per CPU-second."""
        before = self.cpu_seconds()
        headers = [f"{name}:{value}" for name, value in HEADERS.items()]
        result = subprocess.run(
            [*_WRK, f"-d{seconds:g}s", self.url + PATH, "--", str(first), str(count), *headers],
            capture_output=True,
            text=True,
            check=True,
        )
        taken = self.cpu_seconds() - before
        answers = re.search(r"(\d+) requests in", result.stdout)
        if not answers or "Non-2xx" in result.stdout or "Socket errors" in result.stdout:
            raise RuntimeError(result.stdout)
        return int(answers[1]) / taken


class Caller:
    """A client with one connection that it keeps."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def ask(self, customer_id: str) -> tuple[str | None, bytes]:
        """Return the rule that answered, and the body."""
        self._connection.request("POST", PATH, json.dumps({"customerId": customer_id}), HEADERS)
        reply = self._connection.getresponse()
        return reply.getheader("X-Sandbox-Rule"), reply.read()

    def visit(self, path: str) -> None:
        """Get a page, as a browser does."""
        self._connection.request("GET", path, headers={"Accept": "text/html"})
        reply = self._connection.getresponse()
        if reply.status != 200 or b"<!doctype html>" not in reply.read():
            raise RuntimeError(f"{path}: {reply.status}")
