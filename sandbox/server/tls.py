"""TLS: a throw-away certificate authority, or the certificate of given files.

Rule 1: what a client needs is written out: the authority's root, and a client certificate where one is wanted.
Rule 2: nothing of it outlives the server, unless a directory was named for it.
"""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.settings import Settings, is_host
from sandbox.user_errors import UserError

ROOT_FILE, CLIENT_FILE = "ca.pem", "client.pem"


class Certificates:
    """What a server shows, and what its clients need: `root` and `client` are files, where they were made here."""

    def __init__(self, settings: Settings) -> None:
        """Make or load the certificates. Raises UserError where files can't be used."""
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.set_alpn_protocols(["http/1.1"])
        self.root: Path | None = None
        self.client: Path | None = None
        self._temporary: TemporaryDirectory[str] | None = None
        if settings.tls_cert:
            files = f"tls_cert: {settings.tls_cert}" + (f" with {settings.tls_key}" if settings.tls_key else "")
            with _told(f"{files}: expected certificate and key as PEM files, the key without a pass phrase"):
                self.context.load_cert_chain(settings.tls_cert, settings.tls_key, _no_pass_phrase)
        else:
            self._make(settings)
        if settings.tls_client_ca:
            with _told(f"tls_client_ca: {settings.tls_client_ca}: expected certificates as a PEM file"):
                self.context.load_verify_locations(settings.tls_client_ca)
        if settings.mutual_tls:
            self.context.verify_mode = ssl.CERT_REQUIRED

    def _make(self, settings: Settings) -> None:
        try:
            # Imported here: nobody else waits for it, and it is an extra.
            from trustme import CA
        except ImportError:
            raise UserError(
                "tls: a throw-away authority needs the package trustme: pip install 'segment-sandbox[tls]'; "
                "or give a certificate with --tls-cert and --tls-key"
            ) from None
        authority = CA(organization_name="Segment Sandbox", organization_unit_name="throw-away, for tests only")
        with _told("tls_name: expected names that a certificate can be for"):
            authority.issue_cert(*_names(settings)).configure_cert(self.context)
        if settings.tls_directory is None:
            self._temporary = TemporaryDirectory(prefix="segment-sandbox-")
        directory = Path(self._temporary.name) if self._temporary else settings.tls_directory
        assert directory
        with _told(f"tls_directory: {directory}: expected a directory that can be written to"):
            directory.mkdir(parents=True, exist_ok=True)
            self.root = directory / ROOT_FILE
            self.root.write_bytes(authority.cert_pem.bytes())
            if settings.mutual_tls and not settings.tls_client_ca:
                authority.configure_trust(self.context)
                self.client = directory / CLIENT_FILE
                client = authority.issue_cert(common_name="a client of the sandbox")
                _write_secretly(self.client, client.private_key_and_cert_chain_pem.bytes())


@contextmanager
def _told(expected: str) -> Iterator[None]:
    """Turn what goes wrong with a file or a name into a UserError that says what was expected."""
    try:
        yield
    except (OSError, ValueError) as error:
        # ssl.SSLError is an OSError, and what idna refuses a ValueError.
        raise UserError(f"{expected}; {getattr(error, 'strerror', None) or error}") from None


def _no_pass_phrase() -> str:
    raise ValueError("the key is encrypted")


def _names(settings: Settings) -> list[str]:
    """Return the names that a server is called by: this machine's, and those that were given."""
    # Not every machine has a name that a certificate can be for.
    own = [name for name in (socket.gethostname(), settings.host) if is_host(name) and "xn--" not in name.lower()]
    return list(dict.fromkeys(["localhost", "127.0.0.1", "::1", *own, *settings.tls_name]))


def _write_secretly(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
