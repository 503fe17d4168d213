"""What can be set: one table, from which the command line, the environment and the README's list come.

A flag is stronger than its environment variable, and that is stronger than the default.
"""

from pathlib import Path
from typing import Any, NamedTuple

ENVIRONMENT_PREFIX = "SANDBOX_"


class Setting(NamedTuple):
    """One setting of the server. `type` reads its text; a `many` setting may be given several times."""

    name: str
    type: Any
    default: Any
    help: str
    many: bool = False

    @property
    def flag(self) -> str:
        flag = "--" + self.name.replace("_", "-")
        return f"{flag}/--no-{flag[2:]}" if self.type is bool else flag

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()


SETTINGS = (
    Setting("host", str, "127.0.0.1", "The address to listen on."),
    Setting("port", int, 8080, "The port to listen on; 0 picks a free one and prints it."),
    Setting("scenarios", Path, None, "A directory of scenario files, or one file. Default: those that ship."),
    Setting("prefix", str, (), "Serve the endpoint under this path too, such as /mx-gcgapi/ext.", many=True),
    Setting("watch", bool, True, "Read scenario files again when they change."),
    Setting("access_log", bool, True, "Write a line for each call, with masked numbers."),
    Setting("grace", float, 5.0, "Seconds that calls in flight are given when the server is told to stop."),
)


class Settings(NamedTuple):
    """The settings of one server, checked. `grace` is in seconds; `scenarios` None means the shipped ones."""

    host: str = "127.0.0.1"
    port: int = 8080
    scenarios: Path | None = None
    prefix: tuple[str, ...] = ()
    watch: bool = True
    access_log: bool = True
    grace: float = 5.0

    def checked(self) -> "Settings":
        """Return the settings in their proper form. Raises ValueError that names the setting."""
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port: found {self.port}, expected a number from 0 to 65535")
        if not 0 <= self.grace <= 3600:
            raise ValueError(f"grace: found {self.grace:g}, expected seconds from 0 to 3600")
        for prefix in self.prefix:
            if not prefix.startswith("/") or any(not 33 <= ord(char) <= 126 or char in "?#%" for char in prefix):
                raise ValueError(f"prefix: found {prefix!r}, expected a path such as /mx-gcgapi/ext")
        return self._replace(prefix=tuple(prefix.rstrip("/") for prefix in self.prefix))
