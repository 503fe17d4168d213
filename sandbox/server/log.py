"""The log: lines on standard error, in the order in which they came.

Rule 1: nobody waits for whoever reads the log. A thread writes, out of a bounded buffer; what finds no room is dropped,
and a line says how much that was.
Rule 2: access lines and all other records share that buffer. A line has time (UTC, milliseconds), level, message.
Rule 3: what a caller chose is one word of ASCII, and no number is whole.
"""

import logging
import os
import re
import sys
import threading
from collections.abc import Sequence
from functools import lru_cache
from select import select
from time import gmtime, strftime
from urllib.parse import quote

from sandbox.clock import timestamp
from sandbox.core.call import Call
from sandbox.core.decide import Decision
from sandbox.core.masking import masked, masked_text

MAX_BUFFERED_CHARACTERS = 2**20
MAX_PATH = 2_000
# How long lines gather, so that many are written at once.
GATHERING_SECONDS = 0.005
# How long the end of the process waits for a reader who may be gone.
FLUSH_SECONDS = 1.0

_SAFE = "/:@!$&'()*+,;="
_WORD = re.compile(rf"[\w.~{_SAFE}-]+", re.ASCII)


class LogWriter:
    """Writes lines to a file descriptor, from any thread, without ever making a caller wait."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._texts: list[str] = []
        self._size = 0
        self._dropped = 0
        self._flushes: list[threading.Event] = []
        self._news = threading.Event()
        self._is_urgent = threading.Event()
        self._second = self._millisecond = -1
        self._second_text = self._time_text = ""
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def add(self, *messages: str, level: str = "INFO") -> None:
        """Write a line for each message; they all get the present time."""
        with self._lock:
            head = f"{self._time()} {level} "
            self._put("".join([f"{head}{message}\n" for message in messages]))
        if not self._news.is_set():
            self._news.set()

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until everything so far is written, but no longer than this; tell whether it is."""
        written = threading.Event()
        with self._lock:
            self._flushes.append(written)
        self._is_urgent.set()
        self._news.set()
        return written.wait(seconds)

    def _time(self) -> str:
        millisecond = int(timestamp() * 1000)
        if millisecond != self._millisecond:
            second, rest = divmod(millisecond, 1000)
            if second != self._second:
                self._second, self._second_text = second, strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
            self._millisecond, self._time_text = millisecond, f"{self._second_text}.{rest:03}Z"
        return self._time_text

    def _put(self, text: str) -> None:
        # Whatever its length, a text finds room in an empty buffer.
        if self._size and self._size + len(text) > MAX_BUFFERED_CHARACTERS:
            self._dropped += text.count("\n")
        else:
            self._texts.append(text)
            self._size += len(text)

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._is_urgent.wait(GATHERING_SECONDS)
            self._is_urgent.clear()
            self._news.clear()
            texts, flushes = self._take()
            self._write("".join(texts).encode("utf-8", "backslashreplace"))
            for written in flushes:
                written.set()

    def _take(self) -> tuple[Sequence[str], Sequence[threading.Event]]:
        with self._lock:
            if self._dropped:
                what = f"{self._dropped} lines of this log were dropped: nobody took them in time"
                self._texts.append(f"{self._time()} WARNING {what}\n")
            texts, flushes = self._texts, self._flushes
            self._texts, self._flushes, self._size, self._dropped = [], [], 0, 0
        return texts, flushes

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                # Somebody else made the descriptor non-blocking, for all who share it.
                select([], [self._descriptor], [])
            except OSError:
                # The reader is gone, or the disk is full: it may be better for the lines to come.
                with self._lock:
                    self._dropped += data.count(b"\n")
                return


class LogHandler(logging.Handler):
    """Hands records on to the writer, with their traces."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        self._writer.add(self.format(record), level=record.levelname)

    def flush(self) -> None:
        self._writer.flush()


def log_to_stderr() -> LogWriter:
    """Send all log records to standard error; return the writer, for what goes there without a record."""
    descriptor = sys.stderr.fileno() if sys.stderr else os.open(os.devnull, os.O_WRONLY)
    writer = LogWriter(descriptor)
    logging.basicConfig(level=logging.INFO, handlers=[LogHandler(writer)], format="%(message)s")
    # What uvicorn warns of is answered, or said better, here.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    return writer


def access_line(call: Call, seconds: float) -> str:
    """Return the line of one call: method, path, status or fault, rule, space, whom it asked about, duration."""
    decision: Decision = call.decision
    who = ", ".join([f"{identity.kind} {masked(identity.value)}" for identity in call.identities]) or "-"
    outcome = f"fault {decision.fault}" if decision.fault else decision.reply.status
    return (
        f"{call.method or '-'} {as_word(call.path[:MAX_PATH])} {outcome} {decision.rule} {as_word(call.space)} {who} "
        f"{seconds * 1000:.1f} ms"
    )


@lru_cache(maxsize=512)
def as_word(text: str) -> str:
    """Return a text as one word of ASCII without whole numbers, percent-encoded where need be; a dash for nothing."""
    text = masked_text(text)
    return text if _WORD.fullmatch(text) else quote(text, safe=_SAFE) or "-"
