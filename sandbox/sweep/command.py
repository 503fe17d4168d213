"""Running the user's command: in a process group of its own, for a bounded time, with its last words kept.

Rule 1: whatever the command started is gone when its run is over.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

# What is kept of a command's output.
_LAST_BYTES = 16 * 1024
# How long a process group may take to end by itself once it is told to.
_FAREWELL_SECONDS = 1.0


class Ended(NamedTuple):
    """How a command ended: its exit code, None where it was killed after the bound; `output` are its last words."""

    exit_code: int | None
    output: str


async def run(command: Sequence[str], environment: Mapping[str, str], bound: float) -> Ended:
    """Run a command for at most `bound` seconds. Raises OSError where it can't be started."""
    read_end, write_end = os.pipe()
    output = _Output(read_end)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            env=dict(environment),
            start_new_session=True,
        )
    except BaseException:
        output.close()
        raise
    finally:
        os.close(write_end)
    try:
        async with asyncio.timeout(bound):
            exit_code: int | None = await process.wait()
    except TimeoutError:
        exit_code = None
        await _end(process)
    except asyncio.CancelledError:
        await _end(process)
        raise
    finally:
        # What a command leaves behind is killed with it.
        _signal(process, signal.SIGKILL)
        output.close()
    return Ended(exit_code, output.text)


async def _end(process: asyncio.subprocess.Process) -> None:
    _signal(process, signal.SIGTERM)
    with suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await process.wait()
            return
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # A group outlives its leader; it is gone when nobody is left in it.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


class _Output:
    """The last bytes that came through a pipe."""

    def __init__(self, read_end: int) -> None:
        self._pipe = read_end
        self._bytes = bytearray()
        os.set_blocking(read_end, False)
        asyncio.get_running_loop().add_reader(read_end, self._read)

    @property
    def text(self) -> str:
        return self._bytes.decode("utf-8", "replace")

    def close(self) -> None:
        while self._read():
            pass
        asyncio.get_running_loop().remove_reader(self._pipe)
        os.close(self._pipe)

    def _read(self) -> bool:
        """Read what is there; tell whether there may be more."""
        try:
            piece = os.read(self._pipe, 64 * 1024)
        except BlockingIOError:
            return False
        if not piece:
            asyncio.get_running_loop().remove_reader(self._pipe)
            return False
        self._bytes += piece
        del self._bytes[:-_LAST_BYTES]
        return True
