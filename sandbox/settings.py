"""What can be set: one table, from which the command line, the environment and the README's list come.

A flag is stronger than its environment variable, and that is stronger than the default.
"""

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from .core.durations import read_duration

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
    Setting("journal_size", int, 1000, "How many calls the journal of a space keeps."),
    Setting("most_spaces", int, 200, "How many spaces there may be; the one that was idle for longest goes first."),
    Setting("space_idle", str, "1h", "After how long without a call a space is forgotten: 90s, 30m, 1h."),
    Setting("real_cards", str, "warn", "What a card number gets that looks real: allow, warn or refuse."),
    Setting("control", str, "on", "Whether there is a control API: on or off."),
    Setting(
        "control_token", str, None, "The bearer token of the control API beyond loopback; made up where none is set."
    ),
    Setting("grace", float, 5.0, "Seconds that calls in flight are given when the server is told to stop."),
)


_BOUNDS = {"port": (0, 65535), "journal_size": (1, 100_000), "most_spaces": (1, 100_000), "grace": (0, 3600)}
_CHOICES = {"real_cards": ("allow", "warn", "refuse"), "control": ("on", "off")}


class Settings(NamedTuple):
    """The settings of one server, checked. `grace` is in seconds; `scenarios` None means the shipped ones."""

    host: str = "127.0.0.1"
    port: int = 8080
    scenarios: Path | None = None
    prefix: tuple[str, ...] = ()
    watch: bool = True
    access_log: bool = True
    journal_size: int = 1000
    most_spaces: int = 200
    space_idle: str = "1h"
    real_cards: str = "warn"
    control: str = "on"
    control_token: str | None = None
    grace: float = 5.0

    @property
    def space_idle_time(self) -> timedelta:
        return timedelta(seconds=read_duration(self.space_idle))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def checked(self) -> "Settings":
        """Return the settings in their proper form. Raises ValueError that names the setting."""
        for name, (least, most) in _BOUNDS.items():
            if not least <= (number := getattr(self, name)) <= most:
                raise ValueError(f"{name}: found {number:g}, expected a number from {least} to {most}")
        for name, choice in _CHOICES.items():
            if (word := getattr(self, name)) not in choice:
                raise ValueError(f"{name}: found {word!r}, expected {', '.join(choice[:-1])} or {choice[-1]}")
        try:
            read_duration(self.space_idle)
        except ValueError as mistake:
            raise ValueError(f"space_idle: {mistake}") from None
        if self.control_token is not None and not (self.control_token.isascii() and self.control_token.isprintable()):
            raise ValueError("control_token: expected printable ASCII")
        for prefix in self.prefix:
            if not prefix.startswith("/") or any(not 33 <= ord(char) <= 126 or char in "?#%" for char in prefix):
                raise ValueError(f"prefix: found {prefix!r}, expected a path such as /mx-gcgapi/ext")
        return self._replace(prefix=tuple(prefix.rstrip("/") for prefix in self.prefix))
