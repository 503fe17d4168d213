"""Calls as commands to paste into a shell."""

from collections.abc import Mapping, Sequence
from shlex import quote


def curl_command(method: str, url: str, headers: Mapping[str, str], body: str, options: Sequence[str] = ()) -> str:
    """Return a call as a command of curl, which takes one with a body for a POST by itself; `options` come first."""
    verb = "" if method == "POST" else f"-X {method} "
    lines = (f"-H {quote(f'{name}: {value}')}" for name, value in headers.items())
    return " \\\n  ".join([f"curl -i {verb}{quote(url)}", *options, *lines, f"-d {quote(body)}"])
