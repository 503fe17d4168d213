"""Notice that scenario files changed.

Rule 1: what the system tells of is noticed at once; what it tells nobody of, a link or a directory that leads
elsewhere, within half a second.
"""

import asyncio
import logging
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from .layers import links

log = logging.getLogger("sandbox")

_DEBOUNCE_MILLISECONDS = 100
_LOOK_MILLISECONDS = 500


async def watch(roots: Sequence[Path], changed: Callable[[], object], stopping: asyncio.Event) -> None:
    """Call `changed`, in a thread, after each change of the directories or files, until `stopping` is set.

    A directory that is removed, replaced, or swapped by its symlink is watched anew within a second.
    WATCHFILES_FORCE_POLLING=true helps where a network mount tells nothing.
    """
    # Imported here: the first answer need not wait for it.
    from watchfiles import awatch

    watched = [root if root.suffix not in {".yaml", ".yml"} else root.parent for root in roots]
    while not stopping.is_set():
        is_fresh, ends = True, await asyncio.to_thread(_ends, watched, roots)
        try:
            changes = awatch(
                *watched,
                watch_filter=None,
                step=_DEBOUNCE_MILLISECONDS,
                rust_timeout=_LOOK_MILLISECONDS,
                yield_on_timeout=True,
                stop_event=stopping,
            )
            async for found in changes:
                # A save may bring links; otherwise those that are known are enough to look at.
                now = await asyncio.to_thread(_ends, watched, roots) if found else {way: _end(way) for way in ends}
                # What changed before the watching had begun told nobody.
                if found or is_fresh or now != ends:
                    await asyncio.to_thread(_notice, changed)
                if now != ends:
                    break
                is_fresh = False
        except Exception as error:  # noqa: BLE001 - a name in no encoding, a mount that goes: nothing ends the watching
            log.debug("the watching of %s begins anew: %s", ", ".join(map(str, watched)), error)
            await asyncio.to_thread(_notice, changed)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _LOOK_MILLISECONDS / 1000)


_End: TypeAlias = tuple[int, int, int] | None


def _ends(watched: Sequence[Path], roots: Sequence[Path]) -> dict[Path, _End]:
    """Return what all ways to the files end at, of which the system tells nobody: a link's end, and the roots."""
    return {way: _end(way) for root in roots for way in (*watched, root, *links(root))}


def _end(way: Path) -> _End:
    try:
        status = way.stat()
    except OSError:
        return None
    # A directory changes with each save in it, of which the system tells.
    return status.st_dev, status.st_ino, 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns


def _notice(changed: Callable[[], object]) -> None:
    try:
        changed()
    except Exception:
        # Whatever it is, the next save is read again.
        log.exception("a defect of the sandbox, please report it")
