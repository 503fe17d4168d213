"""The headers of an answer: what belongs to its decision, and what belongs to the call alone.

Rule 1: the explanation is ASCII on one line, whatever a file or a caller wrote (RFC 9110, 5.5).
Rule 2: what belongs to the decision is written once, and kept with it.
"""

import re
from http import HTTPStatus

from sandbox.core.call import Call
from sandbox.core.decide import Decision
from sandbox.core.directives import EXCHANGE, REASON, RULE, WARNING

# What no header may hold; such a uuid is echoed in the body alone.
_UNSENDABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_RULE, _REASON, _EXCHANGE, _WARNING = (name.lower().encode() for name in (RULE, REASON, EXCHANGE, WARNING))
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


def headers_of(decision: Decision) -> list[tuple[bytes, bytes]]:
    """Return the headers that belong to a decision."""
    reply = decision.reply
    headers = [
        *reply.headers,
        (b"content-length", b"%d" % len(reply.body)),
        (_RULE, decision.rule.encode()),
        (_REASON, _one_line(decision.reason)),
    ]
    return [*headers, (_WARNING, _one_line(decision.warning))] if decision.warning else headers


def reply_headers(call: Call) -> list[tuple[bytes, bytes]]:
    """Return all headers of a call's answer."""
    headers = [*headers_of(call.decision), (_EXCHANGE, b"%d" % call.id)]
    return [*headers, (b"uuid", call.uuid.encode("latin-1"))] if _is_sendable(call.uuid) else headers


def message(call: Call, default_lines: bytes) -> bytes:
    """Return a call's answer as it goes over the wire, whole; `default_lines` are the server's own headers."""
    decision: Decision = call.decision
    lines = decision.lines
    if lines is None:
        lines = decision.lines = header_lines(headers_of(decision))
    uuid = call.uuid
    own = f"{EXCHANGE.lower()}: {call.id}\r\nuuid: {uuid}\r\n" if _is_sendable(uuid) else f"{EXCHANGE}: {call.id}\r\n"
    status = _STATUS_LINES[decision.reply.status]
    return b"".join((status, default_lines, lines, own.encode("latin-1"), b"\r\n", decision.reply.body))


def header_lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return headers as they go over the wire."""
    return b"".join([name + b": " + value + b"\r\n" for name, value in headers])


def _is_sendable(uuid: str) -> bool:
    return uuid.isprintable() and uuid != "" if uuid.isascii() else not _UNSENDABLE.search(uuid)


def _one_line(text: str) -> bytes:
    if text.isascii() and text.isprintable():
        return text.encode()
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split()).encode("ascii", "backslashreplace")
