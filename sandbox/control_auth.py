"""Who is let in where a control token is wanted: a program that has it, or a browser that has signed in with it.

Rule 1: what a browser keeps is a digest of the token, never the token; it opens no other sandbox.
"""

from hashlib import blake2b
from hmac import compare_digest

from starlette.datastructures import Headers
from starlette.requests import cookie_parser


class Admission:
    """What opens the control API and the console of one sandbox."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        key = blake2b(self._token).digest()
        # Cookies are kept by host, whatever the port: two sandboxes side by side need two names.
        self.cookie_name = f"segment-sandbox-{blake2b(b'name', key=key, digest_size=4).hexdigest()}"
        self.cookie = blake2b(b"value", key=key, digest_size=32).hexdigest()

    def is_token(self, text: str) -> bool:
        """Tell whether somebody has said the token."""
        return compare_digest(text.encode("utf-8", "surrogatepass"), self._token)

    def has_bearer(self, headers: Headers) -> bool:
        """Tell whether a request brings the token itself, as programs do."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.is_token(token.strip())

    def has_cookie(self, headers: Headers) -> bool:
        """Tell whether a request comes from a browser that has signed in."""
        cookie = cookie_parser(headers.get("cookie", "")).get(self.cookie_name, "")
        return compare_digest(cookie.encode(), self.cookie.encode())
