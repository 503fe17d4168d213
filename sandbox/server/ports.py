"""Why a port can't be listened on, and what helps."""

import errno
import json
from http.client import HTTPConnection, HTTPException
from socket import gaierror

_TIMEOUT_SECONDS = 1.0
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def listening_problem(error: OSError, host: str, flag: str, port: int) -> str:
    """Say in one line what was found and what to do; `flag` is the option that named the port."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    another = f"choose another port with {flag}, or {flag} 0, which picks a free one"
    if error.errno == errno.EADDRINUSE:
        if version := _sandbox_at(_EVERY_ADDRESS.get(host, host), port):
            return f"{place}: address already in use, by a Segment Sandbox {version}; use that, stop it, or {another}"
        who = f"`ss -ltnp sport = :{port}` or `lsof -i :{port}` tells which"
        return f"{place}: address already in use, by another program ({who}); stop that, or {another}"
    if error.errno == errno.EACCES:
        return f"{place} is not for this user: the system keeps low ports for itself; {another}"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, gaierror):
        return f"{place}: {host} is no address of this machine; --host 127.0.0.1 is for this machine alone"
    return f"{place}: {error.strerror or error}"


def _sandbox_at(host: str, port: int) -> str | None:
    """Return the version of the sandbox that answers there without TLS; None where none does."""
    connection = HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/_sandbox/health")
        health = json.loads(connection.getresponse().read())
        return str(health["version"]) if "dataVersion" in health else None
    except (OSError, HTTPException, ValueError, TypeError, KeyError):
        return None
    finally:
        connection.close()
