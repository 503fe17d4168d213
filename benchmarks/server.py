"""A server process, watched from outside: what it costs in time, CPU and memory."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from sandbox.control.operations import PREFIX
from sandbox.files.shipped import load_contract

_OPERATION = load_contract().main
PATH = _OPERATION.path
HEADERS = _OPERATION.example_headers

# A slow server is measured too, and no failure.
_WRK = ("wrk", "-t1", "--latency", "--timeout=20s", f"-s{Path(__file__).with_name('load.lua')}")
_TICKS = os.sysconf("SC_CLK_TCK")
_QUIET_SECONDS = 0.5
_START_SECONDS = 60.0
_POLL_SECONDS = 0.02
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


class Load(NamedTuple):
    """Answers per second of the server's CPU, and the milliseconds within which half of them, and 99 %, came."""

    per_cpu_second: float
    p50: float
    p99: float


class Server:
    """A server process; as a context it is stopped at the end.

    It prints a first line that ends in its URL, or is known to listen at `url`.
    """

    def __init__(self, command: Sequence[str | Path], url: str | None = None, directory: Path | None = None) -> None:
        """Start a command and wait for its first answer; `cold_start` is how long that took, in seconds.

        Raises RuntimeError where it doesn't start.
        """
        began = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL if url else subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=directory,
        )
        try:
            self.url = url or self._printed_url()
            self._wait_for_answer(began + _START_SECONDS)
        except BaseException:
            self._stop()
            raise
        self.cold_start = time.perf_counter() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

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

    def load(self, seconds: int, connections: int, first: int, count: int) -> Load:
        """Put the server under load, asking for `count` customerIds from `first` on."""
        before = self.cpu_seconds()
        headers = [f"{name}:{value}" for name, value in HEADERS.items()]
        result = subprocess.run(
            [*_WRK, f"-c{connections}", f"-d{seconds}s", self.url + PATH, "--", str(first), str(count), *headers],
            capture_output=True,
            text=True,
            check=True,
        )
        taken = self.cpu_seconds() - before
        answers = re.search(r"(\d+) requests in", result.stdout)
        percentiles = dict(re.findall(r"^ +(50|99)% +(\S+)", result.stdout, re.MULTILINE))
        if not answers or len(percentiles) < 2 or "Non-2xx" in result.stdout or "Socket errors" in result.stdout:
            raise RuntimeError(result.stdout)
        return Load(int(answers[1]) / taken, *(_milliseconds(percentiles[name]) for name in ("50", "99")))

    def _printed_url(self) -> str:
        assert self._process.stdout
        if not (line := self._process.stdout.readline()):
            raise RuntimeError(f"{self._process.args!r} printed no address")
        return line.split()[-1]

    def _wait_for_answer(self, deadline: float) -> None:
        while True:
            try:
                with Caller(self.url) as caller:
                    caller.ask("000000000001")
                return
            except ConnectionRefusedError:
                if self._process.poll() is not None or time.perf_counter() > deadline:
                    raise RuntimeError(f"{self._process.args!r} does not answer at {self.url}") from None
                time.sleep(_POLL_SECONDS)

    def _stop(self) -> None:
        self._process.terminate()
        self._process.communicate()


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
        reply, body = self._request("POST", PATH, HEADERS, {"customerId": customer_id})
        return reply.getheader("X-Sandbox-Rule"), body

    def place(self, customer_id: str, entry: Mapping[str, object]) -> None:
        """Place an override over the control API, in the space of all calls here."""
        path = f"{PREFIX}/spaces/{HEADERS['client_id']}/overrides/customerId/{customer_id}"
        reply, body = self._request("PUT", path, {"Content-Type": "application/json"}, entry)
        if reply.status != 200:
            raise RuntimeError(f"{path}: {reply.status} {body!r}")

    def visit(self, path: str) -> None:
        """Get a page, as a browser does."""
        reply, body = self._request("GET", path, {"Accept": "text/html"})
        if reply.status != 200 or b"<!doctype html>" not in body:
            raise RuntimeError(f"{path}: {reply.status}")

    def _request(
        self, method: str, path: str, headers: Mapping[str, str], content: object = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request(method, path, None if content is None else json.dumps(content), dict(headers))
        reply = self._connection.getresponse()
        return reply, reply.read()


def sandbox(*options: str, scenarios: Path | None = None) -> Server:
    """Start our server as it starts by default, apart from these options; what it logs goes to the null device."""
    directory = [f"--scenarios={scenarios}"] if scenarios else []
    return Server([sys.executable, "-m", "sandbox", "serve", "--port=0", *directory, *options])


def _milliseconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)([a-z]+)", text)
    assert match
    return float(match[1]) * _MILLISECONDS[match[2]]
