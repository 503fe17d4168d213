"""What a request to the control API says, checked against the operation that it calls.

Rule 1: a parameter or field that is not known is a mistake, never ignored; all mistakes are named at once.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

from starlette.requests import Request

from sandbox.core.schema import Path
from sandbox.core.strict_json import read_json
from sandbox.core.times import read_duration
from sandbox.files.yaml_source import read_document
from sandbox.state.spaces import FOR_ALL, space_name
from sandbox.user_errors import UserError

from .operations import Operation, Part

MAX_BODY_BYTES = 2**20
# To look for what was probably meant, for each of very many mistakes, would keep all others waiting.
_MAX_MISTAKES = 100


class Sent(NamedTuple):
    """A request whose parameters and body are what the operation takes; defaults are filled in."""

    request: Request
    parameters: Mapping[str, Any]
    body: Any

    @property
    def space(self) -> str:
        """The space that is named by its client_id."""
        return named_space(self.parameters["space"])


async def read(request: Request, operation: Operation) -> Sent:
    """Read a request to an operation. Raises UserError with all mistakes."""
    mistakes: list[tuple[Path, str]] = []
    parameters: dict[str, Any] = {}

    def check(part: Part, data: Any) -> Any:
        mistakes.extend(islice(part.mistakes(data), _MAX_MISTAKES))
        return part.completed(data) if isinstance(data, Mapping) else data

    query, headers = request.query_params, request.headers
    repeated = [name for name, times in Counter(name for name, _ in query.multi_items()).items() if times > 1]
    mistakes.extend(((name[:40],), "was given more than once; give it once") for name in repeated)
    for part, given in (
        (operation.path, request.path_params),
        (operation.query, dict(query)),
        (operation.headers, {name: headers[name] for name in operation.headers.names if name in headers}),
    ):
        parameters |= check(part, part.typed(given))
    body = None
    if operation.body:
        try:
            body = check(operation.body, await _body(request, operation.body))
        except UserError as error:
            mistakes.append(((), str(error)))
    if mistakes:
        raise UserError.of(mistakes)
    return Sent(request, parameters, body)


def named_space(name: str) -> str:
    """Return the space of a client_id; `*` means the one for all."""
    return name if name == FOR_ALL else space_name(name)


def read_seconds(name: str, text: str) -> float:
    """Read a duration in seconds. Raises UserError."""
    try:
        return read_duration(text)
    except ValueError as mistake:
        raise UserError(f"{name}: {mistake}") from None


async def _body(request: Request, part: Part) -> Any:
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
    return part.typed(document.data)
