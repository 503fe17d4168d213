"""What the sandbox itself answers: JSON, YAML, and problems.

Rule 1: an error of the sandbox's own is a problem (RFC 9457), never in the bank's shape; it says what was found and
what was expected.
"""

import json
from http import HTTPStatus
from typing import Any

import yaml
from starlette.responses import Response

from sandbox.core.masking import masked_text
from sandbox.user_errors import NotFound, UserError


class Json(Response):
    """JSON that people can read, too."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


class Problem(Json):
    """The sandbox's own error: what was found, what was expected, what to do."""

    media_type = "application/problem+json"

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        self.detail = masked_text(detail)
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
        super().__init__({**problem, "detail": self.detail, **more}, status, headers)


class Yaml(Response):
    """YAML as a scenario file has it."""

    media_type = "application/yaml"

    def render(self, content: Any) -> bytes:
        return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120).encode()


def problem_of(error: UserError) -> Problem:
    """Return the problem for a UserError."""
    status = 404 if isinstance(error, NotFound) else 400
    mistakes = [{"path": masked_text(path), "message": masked_text(message)} for path, message in error.mistakes]
    return Problem(status, str(error), None, mistakes=mistakes) if mistakes else Problem(status, str(error))


class _Dumper(yaml.SafeDumper):
    """YAML's usual writer, without the anchors and aliases that scenario files don't have."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
