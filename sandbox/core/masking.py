"""What is never shown whole: card numbers, and credentials of any kind.

Rule 1: masking lives here and nowhere else; a text that came from outside goes through one of these functions before
it is shown: in the journal, log, reasons, problems, the console, the names of spaces.
Rule 2: a value is masked by its name (`CREDENTIALS`), or by its form, whatever it is called.
Rule 3: `code` is a credential in the query and body of a request, where OAuth has its authorization code; in any other
text it is the name of the bank's documented error, and stays.
Customer numbers are no secret here, and a UUID is no card number, though it may be all digits.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote_plus

# What issued tokens and sessions begin with: the look of the family's tokens, and a name that can't be overlooked.
TOKEN_PREFIX, SESSION_PREFIX = "AAIk", "SANDBOX-"

# RFC 4122, 3, in lower case.
UUID_FORM = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"

# What the names of credentials end in, in any case, with -, _ or nothing between words: client_secret, idToken, tokens.
CREDENTIALS = (
    *("token", "secret", "password", "passwd", "passphrase", "assertion", "jwt", "api_key", "code_verifier"),
    *("authorization", "cookie"),
)
# Short names that are credentials only when they stand alone; the second only in a request.
SESSION, CODE = "sid", "code"

HIDDEN = "***"


def masked(value: str) -> str:
    """Hide the middle of a number or token: first 6 and last 4 stay of a card, the last 4 of anything shorter."""
    shown = 6 if len(value) > 12 else 0
    return value[:shown] + "*" * max(len(value) - shown - 4, 0) + value[-4:] if len(value) > 4 else "*" * len(value)


def may_hold_secret(text: str) -> bool:
    """Tell by one cheap look whether there may be something to mask in a text. False is certain."""
    if any(start in text for start in _STARTS):
        return True
    lower = text.lower()
    return any(word in lower for word in _WORDS) or _may_hold_card(text)


def masked_text(text: str) -> str:
    """Mask credentials and what could be a card number (13 digits and more, also in groups) in any text."""
    if not may_hold_secret(text):
        return text
    return _FORMS.sub(_hide_form, _NAMED.sub(_hide_value, text))


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Mask the headers of a request: credentials by their names, everything else as any text."""
    names = _header_names(tuple(headers))
    # Most calls hold nothing but what their names tell; one look at all values together is enough for them.
    others = "\n".join(value for name, value in headers.items() if not names[name][1])
    mask = masked_text if may_hold_secret(others) else str
    return {
        shown: _masked_credential(headers[name]) if is_secret else mask(headers[name])
        for name, (shown, is_secret) in names.items()
    }


def masked_query(query: str) -> str:
    """Mask a request's query, percent-encoded or not; a pair in which something is masked is shown decoded."""
    return "&".join(map(_masked_pair, query.split("&"))) if _may_hold_secret_of_request(query) else query


def masked_body(body: str) -> str:
    """Mask a request's body, which may be cut: JSON, YAML or a form, by what it looks like; a Content-Type may lie.

    A body that spells characters by escapes is shown without them where something is masked.
    """
    if not _may_hold_secret_of_request(body):
        return body
    plain = _ESCAPE.sub(_unescaped, body)
    if plain.lstrip("\ufeff \t\r\n").startswith(("{", "[", '"')):
        shown = _masked_fields(plain)
    else:
        shown = masked_query(_masked_lines(plain))
    shown = masked_text(_NAMED_IN_REQUEST.sub(_hide_value, shown))
    return body if shown == plain else shown


def _may_hold_card(text: str) -> bool:
    # Six times as fast as a search with the pattern.
    if _ANY_CARD not in text.encode("utf-8", "replace").translate(_ANY_DIGIT, b" -"):
        return False
    # One random UUID in twenty-five has so many digits in a row.
    return _ANY_CARD in _UUID.sub("x", text).encode("utf-8", "replace").translate(_ANY_DIGIT, b" -")


def _may_hold_secret_of_request(text: str) -> bool:
    return "%" in text or "\\" in text or CODE in (lower := text.lower()) or SESSION in lower or may_hold_secret(text)


def _is_secret(name: str) -> bool:
    """Tell whether a field of a request holds a credential."""
    folded = _folded(name)
    return folded in {SESSION, CODE} or folded.removesuffix("s").endswith(_FOLDED)


@lru_cache(maxsize=256)
def _header_names(names: tuple[str, ...]) -> dict[str, tuple[str, bool]]:
    """Return how each header's name is shown, and whether it stands for a credential; client_id is a name."""
    return {name: (masked_text(name), _is_secret_header(name)) for name in names}


def _is_secret_header(name: str) -> bool:
    # Gateways have many of their own, with more words behind: X-Auth-User, X-Token-Id.
    folded = _folded(name)
    return folded == SESSION or "auth" in folded or any(word in folded for word in _FOLDED)


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").strip()


def _masked_credential(value: str) -> str:
    scheme, blank, token = value.rpartition(" ")
    # What Basic has in base64 begins with the client's name, and ends with the end of its secret.
    is_shown_in_part = len(token) >= 16 and value[:5].lower() != "basic"
    return masked_text(scheme) + blank + (masked(token) if is_shown_in_part else HIDDEN)


def _masked_pair(pair: str) -> str:
    name, sign, _ = pair.partition("=")
    if sign and _is_secret(unquote_plus(name)):
        return f"{name}={HIDDEN}"
    plain = unquote_plus(pair)
    shown = masked_text(plain)
    return pair if shown == plain else shown


def _masked_fields(text: str) -> str:
    """Mask the values of credentials in JSON, or in YAML in braces, whatever they are; a cut one ends with the text."""
    shown: list[str] = []
    key, depth = "", 0
    is_hiding = False
    for token in _TOKEN.finditer(text):
        piece = token[0]
        if is_hiding:
            depth += (piece in {"{", "["}) - (piece in {"}", "]"})
            if depth > 0 or (depth == 0 and piece not in {",", "}", "]"}):
                continue
            is_hiding = False
            if depth == 0 and piece != ",":
                continue
        shown.append(piece)
        if piece == ":" and _is_secret(_plain_key(key)):
            shown.append(f' "{HIDDEN}"')
            is_hiding, depth = True, 0
        elif not piece.isspace():
            key = piece
    return "".join(shown)


def _masked_lines(text: str) -> str:
    """Mask the values of credentials in YAML: the rest of their lines, and the lines that are further in."""
    shown: list[str] = []
    hidden_behind: int | None = None
    for line in text.split("\n"):
        content = line.lstrip(" \t-")
        indent = len(line) - len(content)
        if hidden_behind is not None and (not content.strip() or indent > hidden_behind):
            continue
        key = _LINE_KEY.match(content)
        hidden_behind = indent if key and _is_secret(_plain_key(key[1])) else None
        if key and hidden_behind is not None:
            shown.append(f"{line[:indent]}{key[0]} {HIDDEN}")
        else:
            shown.append(_masked_fields(line) if "{" in line else line)
    return "\n".join(shown)


def _plain_key(key: str) -> str:
    return unquote_plus(_ESCAPE.sub(_unescaped, key.strip("\"' \t")))


def _unescaped(escape: re.Match[str]) -> str:
    char = chr(int(escape[1], 16))
    return char if char.isprintable() and char not in '"\\' else escape[0]


def _hide_value(found: re.Match[str]) -> str:
    quote = found[2] or ""
    return f"{found[1]}{quote}{HIDDEN}{quote}"


def _hide_form(found: re.Match[str]) -> str:
    if found["uuid"]:
        return found[0]
    return f"{found['scheme']} {HIDDEN}" if found["scheme"] else masked(found[0])


def _named(names: str) -> re.Pattern[str]:
    """Return what finds a name with its value in a text: name=value, "name": "value", or some_name: value.

    A single word with a colon behind it begins a sentence, or is what a directive is meant for (`token:500`).
    """
    name = rf"(?:{names})\\*[\"']\s*[:=]\s*|(?:{names})\s*=\s*|(?:(?<=[_-])(?:{names})|\b(?:password|api[_-]key)):\s+"
    value = r"(\\*[\"']).*?(?:\2|\Z)|[^&\s\"',;}\]\[{][^&\s\"',;}\]]*"
    return re.compile(rf"({name})(?:{value})", re.IGNORECASE | re.DOTALL)


_FOLDED = tuple(name.replace("_", "") for name in CREDENTIALS)
_SPELT = f"(?:{'|'.join(name.replace('_', '[_-]?') for name in CREDENTIALS)})s?"
_NAMED = _named(_SPELT)
_NAMED_IN_REQUEST = _named(rf"{_SPELT}|(?<!\w)(?:{SESSION}|{CODE})")
_WORDS = (*(name.rpartition("_")[2] for name in CREDENTIALS), "bearer", "basic")
# RFC 7519: a JSON Web Token's first part is an object in base64url, with or without blanks at its beginning.
_JWT_STARTS = ("eyJ", "eyA", "ewo", "ew0")
_STARTS = (TOKEN_PREFIX, SESSION_PREFIX, *_JWT_STARTS)

_ANY_DIGIT = bytes.maketrans(b"123456789", b"000000000")
_ANY_CARD = b"0" * 13
_UUID = re.compile(rf"(?<![0-9a-f-]){UUID_FORM}(?![0-9a-f-])", re.ASCII | re.IGNORECASE)
_FORMS = re.compile(
    rf"(?P<uuid>(?i:{_UUID.pattern}))"
    rf"|{TOKEN_PREFIX}[A-Za-z0-9_-]{{40,}}|{SESSION_PREFIX}[0-9A-F]{{56}}"
    rf"|(?<![A-Za-z0-9_-])(?:{'|'.join(_JWT_STARTS)})[A-Za-z0-9_-]{{6,}}(?:\.[A-Za-z0-9_-]*){{1,4}}"
    # RFC 9110, 11.4; not our own words of "a bearer token".
    r"|\b(?P<scheme>(?i:bearer|basic))\s+(?!tokens?\b)[^\s\"',;}]+"
    r"|[0-9](?:[ -]?[0-9]){12,}",
    re.ASCII,
)
_TOKEN = re.compile(
    r"\"(?:\\.|[^\"\\])*\"?|'(?:''|[^'])*'?|[{}\[\],:]|\s+|[^\s\"'{}\[\],:][^\s{}\[\],:]*",
    re.DOTALL,
)
_LINE_KEY = re.compile(r"(\"(?:\\.|[^\"\\])*\"[ \t]*|'(?:''|[^'])*'[ \t]*|[^\"'#:][^:]*+):(?=\s|\Z)")
_ESCAPE = re.compile(r"\\(?:u00|x)([0-9a-fA-F]{2})")
