"""Notice that scenario files changed."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

log = logging.getLogger("sandbox")

_DEBOUNCE_MILLISECONDS = 100
_LOOK_MILLISECONDS = 1_000


async def watch(root: Path, changed: Callable[[], object], stopping: asyncio.Event) -> None:
    """Call `changed`, in a thread, after each change of the directory or file, until `stopping` is set.

    A directory that is removed, replaced, or swapped by its symlink is watched anew within a second.
    WATCHFILES_FORCE_POLLING=true helps where a network mount tells nothing.
    """
    # Imported here: the first answer need not wait for it.
    from watchfiles import awatch

    watched = root if root.suffix not in {".yaml", ".yml"} else root.parent
    while not stopping.is_set():
        identity, is_fresh = _identity(watched), True
        try:
            changes = awatch(
                watched,
                watch_filter=None,
                step=_DEBOUNCE_MILLISECONDS,
                rust_timeout=_LOOK_MILLISECONDS,
                yield_on_timeout=True,
                stop_event=stopping,
            )
            async for found in changes:
                if _identity(watched) != identity:
                    break
                # What changed before the watching had begun told nobody.
                if found or is_fresh:
                    await asyncio.to_thread(_notice, changed)
                is_fresh = False
        except Exception as error:  # noqa: BLE001 - a name in no encoding, a mount that goes: nothing ends the watching
            log.debug("the watching of %s begins anew: %s", watched, error)
            await asyncio.to_thread(_notice, changed)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _LOOK_MILLISECONDS / 1000)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _notice(changed: Callable[[], object]) -> None:
    try:
        changed()
    except Exception:
        # Whatever it is, the next save is read again.
        log.exception("a defect of the sandbox, please report it")
