"""What can be set: one table, from which the command line, the environment and the README's list come.

A flag is stronger than its environment variable, and that is stronger than the default.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from .core.credentials import CHECKS, LENIENT, STRICT, Profile, read_checks
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
    Setting(
        "profile",
        str,
        LENIENT,
        f"How strict the bank's side is: {LENIENT}, {STRICT}, or checks with commas between: {', '.join(CHECKS)}.",
    ),
    Setting("live_texts", bool, False, "Word errors as live systems were seen to, instead of as documented."),
    Setting("control", str, "on", "Whether there is a control API: on or off."),
    Setting(
        "control_token", str, None, "The bearer token of the control API beyond loopback; made up where none is set."
    ),
    Setting("tls", bool, False, "Serve HTTPS, by a throw-away certificate authority unless --tls-cert is given."),
    Setting(
        "tls_name", str, (), "Another name that the throw-away certificate is for, such as sandbox.test.", many=True
    ),
    Setting(
        "tls_directory",
        Path,
        None,
        "Where the throw-away root ca.pem is written, and client.pem; a temporary directory by default.",
    ),
    Setting("tls_cert", Path, None, "Serve HTTPS with this certificate chain (PEM); the key may be in it."),
    Setting("tls_key", Path, None, "The key of --tls-cert (PEM)."),
    Setting("mutual_tls", bool, False, "Want a client certificate: client.pem, or one by --tls-client-ca."),
    Setting("tls_client_ca", Path, None, "The authority whose client certificates are let in (PEM)."),
    Setting("http_port", int, None, "With HTTPS, listen without it on this port, too; 0 picks a free one."),
    Setting("grace", float, 5.0, "Seconds that calls in flight are given when the server is told to stop."),
)


_BOUNDS = {
    "port": (0, 65535),
    "http_port": (0, 65535),
    "journal_size": (1, 100_000),
    "most_spaces": (1, 100_000),
    "grace": (0, 3600),
}
# RFC 1123, 2.1, and the wildcard of certificates (RFC 6125, 6.4.3).
_HOST_NAME = re.compile(r"(?:\*\.)?(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*", re.ASCII)
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
    profile: str = LENIENT
    live_texts: bool = False
    control: str = "on"
    control_token: str | None = None
    tls: bool = False
    tls_name: tuple[str, ...] = ()
    tls_directory: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    mutual_tls: bool = False
    tls_client_ca: Path | None = None
    http_port: int | None = None
    grace: float = 5.0

    @property
    def space_idle_time(self) -> timedelta:
        return timedelta(seconds=read_duration(self.space_idle))

    @property
    def bank_profile(self) -> Profile:
        """The profile that counts where a space says nothing itself."""
        return Profile(read_checks(self.profile), self.live_texts)

    @property
    def is_tls(self) -> bool:
        """Whether HTTPS is served."""
        return self.tls or self.tls_cert is not None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def checked(self) -> "Settings":
        """Return the settings in their proper form. Raises ValueError that names the setting."""
        for problem in (*self._problems_of_values(), *self._problems_of_texts(), *self._problems_of_tls()):
            raise ValueError(problem)
        return self._replace(prefix=tuple(prefix.rstrip("/") for prefix in self.prefix))

    def _problems_of_values(self) -> Iterator[str]:
        for name, (least, most) in _BOUNDS.items():
            if (number := getattr(self, name)) is not None and not least <= number <= most:
                yield f"{name}: found {number:g}, expected a number from {least} to {most}"
        for name, choice in _CHOICES.items():
            if (word := getattr(self, name)) not in choice:
                yield f"{name}: found {word!r}, expected {', '.join(choice[:-1])} or {choice[-1]}"

    def _problems_of_texts(self) -> Iterator[str]:
        for name, read in (("space_idle", read_duration), ("profile", read_checks)):
            try:
                read(getattr(self, name))
            except ValueError as mistake:
                yield f"{name}: {mistake}"
        if self.control_token is not None and not (self.control_token.isascii() and self.control_token.isprintable()):
            yield "control_token: expected printable ASCII"
        for prefix in self.prefix:
            if not prefix.startswith("/") or any(not 33 <= ord(char) <= 126 or char in "?#%" for char in prefix):
                yield f"prefix: found {prefix!r}, expected a path such as /mx-gcgapi/ext"

    def _problems_of_tls(self) -> Iterator[str]:
        is_given, of_own = self.tls_cert is not None, bool(self.tls_directory or self.tls_name)
        if self.tls_key and not is_given:
            yield "tls_key: it is the key of a certificate; give that with --tls-cert"
        if not self.is_tls and (of_own or self.mutual_tls or self.http_port is not None):
            yield "tls: expected --tls or --tls-cert beside what is said of HTTPS"
        for name in self.tls_name:
            if not is_host(name):
                yield f"tls_name: found {name!r}, expected a host name, such as sandbox.test, or an IP address"
        if is_given and of_own:
            yield "tls_cert: --tls-directory and --tls-name are for the throw-away authority; leave one or the other"
        if self.mutual_tls and is_given and not self.tls_client_ca:
            yield "mutual_tls: expected --tls-client-ca beside --tls-cert: whose certificates are let in?"
        if self.tls_client_ca and not self.mutual_tls:
            yield "tls_client_ca: it counts with --mutual-tls only"


def is_host(name: str) -> bool:
    """Tell whether a certificate can be for this name."""
    try:
        return bool((len(name) < 254 and _HOST_NAME.fullmatch(name)) or ip_address(name))
    except ValueError:
        return False
