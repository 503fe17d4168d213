"""A sandbox that lasts as long as a command: in this process, on a free port of loopback."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .common import checked_settings, in_process

if TYPE_CHECKING:
    from sandbox.runtime import Sandbox


# What a command is told by its environment.
VARIABLES = (
    "SANDBOX_URL",
    "SANDBOX_CLIENT_ID",
    "SANDBOX_CLIENT_SECRET",
    "SANDBOX_TOKEN",
    "SANDBOX_DISTURBANCE",
)


@contextmanager
def hosted(**flags: Any) -> Iterator[tuple["Sandbox", str]]:
    """Serve until the end of the `with`; give the sandbox and its URL."""
    from sandbox.server.background import BackgroundServer

    sandbox = in_process(checked_settings({"port": 0, "access_log": False, "grace": 0.0, **flags}))
    with BackgroundServer(sandbox) as server:
        yield sandbox, server.url


def credentials(sandbox: "Sandbox", space: str | None = None) -> Mapping[str, str]:
    """Return the variables that say who calls: the first registered client of the world, or the client of a space."""
    registered = sandbox.file_set.clients
    first = next(iter(registered), "anonymous")
    return {"SANDBOX_CLIENT_ID": space or first, "SANDBOX_CLIENT_SECRET": registered.get(first, "")}
