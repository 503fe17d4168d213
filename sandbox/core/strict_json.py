"""JSON as RFC 8259 has it, which is less than Python takes for JSON.

Rule 1: what can be read in two ways is refused: a name twice, NaN, a byte order mark, half a surrogate pair.
"""

import json
from typing import Any

# RFC 1952, 2.3.1.
_GZIP = b"\x1f\x8b"


def read_json(body: bytes) -> object:
    """Read strict JSON (RFC 8259): UTF-8, no BOM, no NaN, no name twice. Raises ValueError that ends "the body ..."."""
    if not body:
        raise ValueError("is absent")
    try:
        payload = _decode(body.decode())
        if b"\\u" in body:
            json.dumps(payload, ensure_ascii=False).encode()
        return payload
    except UnicodeEncodeError:
        raise ValueError("holds half a surrogate pair, which is no character") from None
    except UnicodeDecodeError:
        what = "is gzip, expected JSON that is not compressed" if body.startswith(_GZIP) else "is not UTF-8"
        raise ValueError(what) from None
    except json.JSONDecodeError as mistake:
        what = "begins with a byte order mark" if body.startswith(b"\xef\xbb\xbf") else "is not JSON"
        raise ValueError(f"{what}: line {mistake.lineno}, column {mistake.colno}") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except _StrictnessError as mistake:
        raise ValueError(str(mistake)) from None
    except ValueError:
        raise ValueError("holds a number with too many digits") from None


def _decode(text: str) -> object:
    # What the decoder does, without its search for blanks around the value: nearly nobody sends any.
    try:
        payload, end = _DECODER.scan_once(text, 0)
    except StopIteration:
        end = -1
    return payload if end == len(text) else _DECODER.decode(text)


class _StrictnessError(ValueError):
    """JSON that Python would accept and the standard doesn't."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _StrictnessError("has a name twice in one object")
    return fields


def _refuse_constant(name: str) -> object:
    raise _StrictnessError(f"holds {name}, which is not JSON")


_DECODER: Any = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
