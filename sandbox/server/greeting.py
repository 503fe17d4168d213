"""What a server says once it listens: a banner for people, one line of JSON for programs.

Rule 1: a program never parses prose: all that the banner says and a program may need is in the line.
Rule 2: a ready file is there whole or not at all, and only as long as its server is.
"""

import json
import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import click

from sandbox import __version__
from sandbox.runtime import Sandbox
from sandbox.user_errors import UserError

from .tls import Certificates


class Greeting:
    """The greeting of one server, by its settings: where it goes, and what takes it back at the end."""

    def __init__(self, sandbox: Sandbox, certificates: Certificates | None = None) -> None:
        """Remove the ready file that an earlier server may have left. Raises UserError where there can be none."""
        self._sandbox = sandbox
        self._certificates = certificates
        self._file: Path | None = sandbox.settings.ready_file
        if self._file:
            try:
                self._file.unlink(missing_ok=True)
            except OSError as error:
                raise UserError(f"ready_file: {self._file}: {error.strerror}; expected a file to write") from None
            if not os.access(self._file.parent, os.W_OK | os.X_OK):
                raise UserError(f"ready_file: {self._file}: expected a directory that is there and can be written to")

    def say(self, urls: list[str]) -> None:
        """Greet, with the base URLs of a server that listens, the one with TLS first."""
        line = json.dumps(self.facts(urls))
        if self._file:
            _write_whole(self._file, f"{line}\n")
        # A server whose greeting nobody reads serves all the same.
        with suppress(OSError):
            click.echo(line if self._sandbox.settings.json else self._banner(urls))
            sys.stdout.flush()

    def take_back(self) -> None:
        """Remove the ready file, unless another server has written its own over it."""
        if self._file:
            with suppress(OSError, ValueError, TypeError, KeyError):
                if json.loads(self._file.read_bytes())["pid"] == os.getpid():
                    self._file.unlink()

    def facts(self, urls: list[str]) -> dict[str, Any]:
        """Return what a program needs; a field is null where there is none.

        `url` is the first of `urls`; `token` opens the control API; the certificates are files.
        """
        settings, certificates = self._sandbox.settings, self._certificates
        has_control = settings.control == "on"
        root, client = (certificates.root, certificates.client) if certificates else (None, None)
        return {
            "url": urls[0],
            "urls": urls,
            "console": f"{urls[0]}/" if has_control else None,
            "token": settings.control_token if has_control else None,
            "rootCertificate": str(root) if root else None,
            "clientCertificate": str(client) if client else None,
            "pid": os.getpid(),
            "version": __version__,
        }

    def _banner(self, urls: list[str]) -> str:
        facts = self.facts(urls)
        named = {
            "--cacert": ("root certificate", facts["rootCertificate"]),
            "--cert": ("client certificate", facts["clientCertificate"]),
        }
        lines = [f"Segment Sandbox {__version__} is ready on {urls[0]}", *(f"also on {other}" for other in urls[1:])]
        lines += [f"{title}: {file}" for title, file in named.values() if file]
        lines.append("")
        if facts["token"] and not self._sandbox.settings.is_loopback:
            lines.append(f"control token: {facts['token']}")
        if facts["console"]:
            lines.append(f"console: open {facts['console']} in a browser")
        trust = [f"{option} {shlex.quote(file)}" for option, (_, file) in named.items() if file]
        return "\n".join([*lines, "to stop: Ctrl-C", "", self._sandbox.curl(urls[0], trust), ""])


def _write_whole(path: Path, text: str) -> None:
    """Write a file that nobody else may read, and that nobody sees before it is whole."""
    descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)
