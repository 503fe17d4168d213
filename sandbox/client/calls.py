"""A call of the control API as data: from the arguments of a method to what is sent, and back from what was answered.

Rule 1: whatever a name has in it, it stays one part of the path (RFC 3986, 2.2).
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from .errors import Problem, Unreachable

PREFIX = "/_sandbox"
FOR_ALL = "*"
JSON, YAML = "application/json", "application/yaml"


class Call(NamedTuple):
    """What a method asks for. A value of None is left out; `body` is sent as JSON, or as YAML where it is a text."""

    method: str
    path: str
    names: Mapping[str, object] = {}
    query: Mapping[str, object] = {}
    headers: Mapping[str, object] = {}
    body: Mapping[str, Any] | str | None = None
    accept: str = JSON


class Target(NamedTuple):
    """A sandbox, and the space that is meant where a call names none."""

    url: str
    space: str | None
    token: str | None

    def url_of(self, call: Call) -> str:
        """Return the URL of a call. Raises ValueError for a name that is empty."""
        names = {"space": FOR_ALL if self.space is None else self.space, **_given(call.names)}
        path = call.path.format_map({name: _segment(name, str(value)) for name, value in names.items()})
        query = urlencode({name: str(value) for name, value in self._spaced(call.query).items()})
        return f"{self.url}{PREFIX}{path}{'?' if query else ''}{query}"

    def headers_of(self, call: Call) -> dict[str, str]:
        """Return the request headers of a call."""
        headers = {"Accept": call.accept}
        if call.body is not None:
            headers["Content-Type"] = YAML if isinstance(call.body, str) else JSON
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers | {name: str(value) for name, value in _given(call.headers).items()}

    def content_of(self, call: Call) -> bytes | None:
        """Return the request body of a call."""
        if call.body is None or isinstance(call.body, str):
            return None if call.body is None else call.body.encode()
        return json.dumps(self._spaced(call.body), ensure_ascii=False).encode()

    def answer(self, status: int, content_type: str, content: bytes) -> Any:
        """Return what was answered: data, a text where it is YAML, None where there is nothing. Raises ClientError."""
        kind = content_type.partition(";")[0].strip()
        try:
            if status >= 400 and kind == "application/problem+json":
                raise Problem(json.loads(content))
            if status == 204:
                return None
            if 200 <= status < 300 and kind in {JSON, YAML}:
                return json.loads(content) if kind == JSON else content.decode()
        except (ValueError, KeyError, TypeError):
            pass
        raise Unreachable(f"{self.url} answered {status} with {kind or 'no content'}; is this a sandbox?")

    def _spaced(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was given, with our space where one may be named and none was."""
        if "space" in values and values["space"] is None:
            values = {**values, "space": self.space}
        return _given(values)


def target(url: str, space: str | None, token: str | None) -> Target:
    """Return a target. Raises ValueError where the URL is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"url: found {url[:80]!r}, expected one such as http://127.0.0.1:8080")
    return Target(url.rstrip("/"), space, token)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _segment(name: str, value: str) -> str:
    if not value:
        raise ValueError(f"{name}: found an empty text; a path needs one that is not")
    # A dot by itself means a folder (RFC 3986, 5.2.4), even to those who only pass the URL on.
    return value.replace(".", "%2E") if value in {".", ".."} else quote(value, safe="*")
