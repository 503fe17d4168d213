"""Notice that scenario files changed."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger("sandbox")

_DEBOUNCE_MILLISECONDS = 100
_RETRY_SECONDS = 1.0


async def watch(root: Path, changed: Callable[[], object], stopping: asyncio.Event) -> None:
    """Call `changed`, in a thread, after each change of the directory or file, until `stopping` is set.

    A directory that is gone is waited for. WATCHFILES_FORCE_POLLING=true helps where a network mount tells nothing.
    """
    # Imported here: the first answer need not wait for it.
    from watchfiles import awatch

    watched = root if root.suffix not in {".yaml", ".yml"} else root.parent
    while not stopping.is_set():
        try:
            async for _ in awatch(watched, watch_filter=None, step=_DEBOUNCE_MILLISECONDS, stop_event=stopping):
                await asyncio.to_thread(_noticed, changed)
        except OSError as error:
            log.warning("%s can't be watched: %s", watched, error)
        try:
            await asyncio.wait_for(stopping.wait(), _RETRY_SECONDS)
        except TimeoutError:
            await asyncio.to_thread(_noticed, changed)


def _noticed(changed: Callable[[], object]) -> None:
    try:
        changed()
    except Exception:
        # Whatever it is, the next save is read again.
        log.exception("a defect of the sandbox, please report it")
