"""What a request to the control API says: its query, its body, and the values in them.

Rule 1: a parameter or field that is not known is a UserError, never ignored.
"""

from typing import Any

from starlette.requests import Request

from sandbox.core.strict_json import read_json
from sandbox.core.times import read_duration
from sandbox.files.yaml_source import read_document
from sandbox.user_errors import UserError

MAX_BODY_BYTES = 2**20

_TEXTS = frozenset(
    {
        "birthday",
        "segment",
        "country",
        "space",
        "now",
        "advance",
        "profile",
        "client_id",
        "scope",
        "lifetime",
        "operation",
        "query",
    }
)


def read_query(request: Request, *known: str) -> dict[str, str]:
    """Return the parameters of the query. Raises UserError for one that is not known, or given twice."""
    query = dict(request.query_params)
    for name, _ in request.query_params.multi_items():
        if len(request.query_params.getlist(name)) > 1:
            raise UserError(f"{name[:40]!r} was given more than once; give it once")
        if name not in known:
            raise UserError(f"{name[:40]!r} is no parameter; there are {', '.join(known)}")
    return query


async def read_body(request: Request) -> Any:
    """Read a body of JSON, or of YAML where its type says so. Raises UserError."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise UserError(f"the body has more than {MAX_BODY_BYTES} bytes")
    if "yaml" not in request.headers.get("content-type", ""):
        try:
            return read_json(body)
        except ValueError as mistake:
            raise UserError(f"the body {mistake}; for YAML, say Content-Type: application/yaml") from None
    try:
        document = read_document(body.decode(), "body")
    except UnicodeDecodeError:
        raise UserError("the body is not UTF-8") from None
    if document.mistakes:
        raise UserError("; ".join(map(str, document.mistakes)))
    return document.data


async def read_fields(request: Request, *known: str) -> dict[str, Any]:
    """Return the fields of a body that is an object. Raises UserError for one that is not known."""
    fields = await read_body(request)
    if not isinstance(fields, dict):
        raise UserError(f"expected an object with {', '.join(known)}")
    for name in fields:
        if name not in known:
            raise UserError(f"{str(name)[:40]!r} is not known here; there are {', '.join(known)}")
    for name in fields:
        if name in _TEXTS and not isinstance(fields[name], str):
            raise UserError(f"{name}: expected a text")
    return fields


def read_flag(name: str, fields: dict[str, Any]) -> bool | None:
    """Return a field that is true or false; YAML has it as text. None where it was left out. Raises UserError."""
    if (flag := fields.get(name)) is None:
        return None
    if isinstance(flag, bool) or flag in ("true", "false"):
        return bool(flag) and flag != "false"
    raise UserError(f"{name}: found {str(flag)[:40]!r}, expected true or false")


def read_number(name: str, text: str) -> int:
    """Read a whole number. Raises UserError."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise UserError(f"{name}: found {text[:40]!r}, expected a number")


def read_seconds(name: str, text: str) -> float:
    """Read a duration in seconds. Raises UserError."""
    try:
        return read_duration(text)
    except ValueError as mistake:
        raise UserError(f"{name}: {mistake}") from None
