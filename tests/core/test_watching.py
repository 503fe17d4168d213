"""Files that change: whatever way they change in, it is noticed within a second."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import anyio
import pytest

from sandbox.files.watching import watch

pytestmark = pytest.mark.anyio
# Within a second, as is promised, and some for a busy machine.
LONGEST = 1.5


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def swap(link: Path, target: str) -> None:
    """Let a link lead elsewhere, at once, as Kubernetes does."""
    (link.parent / "..next").symlink_to(target)
    os.replace(link.parent / "..next", link)  # noqa: PTH105


# What is watched, the file that is read there, and what changes it.
Arranged: TypeAlias = tuple[Path, Path, Callable[[], object]]


def linked_root(directory: Path) -> Arranged:
    (directory / "root").symlink_to("one")
    root = directory / "root"
    return root, root / "a.yaml", lambda: swap(root, "two")


def data_in_the_root(directory: Path) -> Arranged:
    root = directory / "root"
    root.mkdir()
    (root / "..data").symlink_to("../one")
    (root / "a.yaml").symlink_to("..data/a.yaml")
    return root, root / "a.yaml", lambda: swap(root / "..data", "../two")


def data_elsewhere(directory: Path) -> Arranged:
    root = directory / "root"
    root.mkdir()
    (directory / "..data").symlink_to("one")
    (root / "a.yaml").symlink_to("../..data/a.yaml")
    return root, root / "a.yaml", lambda: swap(directory / "..data", "two")


def linked_directory_elsewhere(directory: Path) -> Arranged:
    root = directory / "root"
    root.mkdir()
    (directory / "..data").symlink_to("one")
    (root / "shared").symlink_to("../..data")
    return root, root / "shared" / "a.yaml", lambda: swap(directory / "..data", "two")


def replaced_directory(directory: Path) -> Arranged:
    (directory / "one").rename(directory / "root")

    def replace() -> None:
        (directory / "root").rename(directory / "gone")
        (directory / "two").rename(directory / "root")

    return directory / "root", directory / "root" / "a.yaml", replace


def single_linked_file(directory: Path) -> Arranged:
    root = directory / "elsewhere"
    root.mkdir()
    (root / "a.yaml").symlink_to("../one/a.yaml")
    return root / "a.yaml", root / "a.yaml", lambda: (directory / "one" / "a.yaml").write_text("two")


@pytest.mark.parametrize(
    "arrange",
    [linked_root, data_in_the_root, data_elsewhere, linked_directory_elsewhere, replaced_directory, single_linked_file],
)
async def test_what_leads_elsewhere_is_noticed_within_a_second(
    tmp_path: Path, arrange: Callable[[Path], Arranged]
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(name)
    root, file, change = arrange(tmp_path)
    loop, stopping, noticed = asyncio.get_running_loop(), asyncio.Event(), asyncio.Queue[str]()

    def changed() -> None:
        loop.call_soon_threadsafe(noticed.put_nowait, file.read_text())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch, [root], changed, stopping)
        with anyio.fail_after(10):
            assert await noticed.get() == "one"
        change()
        with anyio.fail_after(LONGEST):
            while await noticed.get() != "two":
                pass
        stopping.set()
