"""`health`: whether a sandbox answers; if not, why, in words."""

import os
from collections.abc import Mapping

import click

from .common import fail


@click.command()
@click.option(
    "--url",
    envvar="SANDBOX_URL",
    show_envvar=True,
    help="Its base URL; by default that of this machine, by the same variables as serve.",
)
def health(url: str | None) -> None:
    """Show the health of a running sandbox. Exit 1 when it does not answer."""
    import ssl
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPSHandler, ProxyHandler, build_opener

    url = url or own_url(os.environ)
    if not url.lower().startswith(("http://", "https://")):
        raise click.UsageError(f"--url: found {url[:80]!r}, expected one such as http://127.0.0.1:8080")
    # Health is no secret, and a throw-away certificate proves nothing.
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        # A sandbox is asked itself, whatever proxy the environment names.
        with build_opener(ProxyHandler({}), HTTPSHandler(context=anybody)).open(
            f"{url.rstrip('/')}/_sandbox/health", timeout=3
        ) as reply:
            click.echo(reply.read().decode("utf-8", "replace").rstrip())
    except HTTPError as error:
        fail(f"{url} answered {error.code}, expected 200; is this a sandbox? Say where it is with --url")
    except (OSError, ValueError, HTTPException) as error:
        fail(f"{url}: {_why_no_answer(error)}")


def _why_no_answer(error: Exception) -> str:
    """Say in words why a sandbox could not be asked, and what to do."""
    from http.client import BadStatusLine, InvalidURL
    from socket import gaierror
    from ssl import SSLError
    from urllib.error import URLError

    reason = error.reason if isinstance(error, URLError) else error
    match reason:
        case ConnectionRefusedError():
            return "nobody listens there; start it with segment-sandbox serve, or say where it is with --url"
        case gaierror():
            return "there is no host of that name; say where the sandbox is with --url"
        case TimeoutError():
            return "no answer within 3 s; is it busy, or is something else there?"
        case SSLError(reason=problem):
            if problem and "REQUIRED" in problem:
                return "it wants a client certificate; ask it without HTTPS, by serve --http-port and --url http://..."
            return "it does not speak HTTPS; say http://... with --url"
        case ConnectionError():
            return "the connection was closed without an answer; does it want https://, or a client certificate?"
        case BadStatusLine():
            return "what answers there does not speak HTTP; say where the sandbox is with --url"
        case ValueError() | InvalidURL() | str():
            return "this is no URL that can be asked; expected one such as http://127.0.0.1:8080"
    return "it can't be reached; is the address right, and the network up?"


def own_url(environment: Mapping[str, str]) -> str:
    """Return the URL of a sandbox with these settings on this machine, the one without TLS where there are two."""
    if port := environment.get("SANDBOX_HTTP_PORT"):
        return f"http://127.0.0.1:{port}"
    is_tls = environment.get("SANDBOX_TLS_CERT") or click.BOOL.convert(environment.get("SANDBOX_TLS", ""), None, None)
    return f"http{'s' if is_tls else ''}://127.0.0.1:{environment.get('SANDBOX_PORT', '8080')}"
