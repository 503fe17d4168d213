"""How the calls of a client travel: over httpx2, for programs that wait and for programs that await.

Rule 1: a sandbox is asked itself, whatever proxy the environment names.
"""

import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx2

from .calls import Call, Target, target
from .errors import Unreachable

Item = TypeVar("Item")

# The sandbox itself waits for up to 60 s where it is asked to, and a stream has a sign of life every 15 s.
TIMEOUT_SECONDS = 70.0


class Page(list[Item]):
    """A list of which there may be more: `after` says where the next page begins, None on the last one."""

    after: int | None = None


class _Aimed:
    """What both transports say of where they lead."""

    _target: Target

    @property
    def url(self) -> str:
        """The base URL of the sandbox."""
        return self._target.url

    @property
    def space(self) -> str | None:
        """The space that is meant where a call names none."""
        return self._target.space


class SyncTransport(_Aimed):
    """A sandbox at a URL. `space` is meant by each call that names none, `*` where there is no such space either.

    `token` is the control token, where the sandbox wants one; `timeout` is in seconds; `verify` says whom to trust over
    HTTPS, by default those whom this machine trusts; `transport` is another way to the sandbox than a socket. Raises
    ValueError where the URL is none.
    """

    def __init__(
        self,
        url: str,
        space: str | None = None,
        token: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        verify: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._target = target(url, space, token)
        trust = verify or _trust(url)
        self._http = httpx2.Client(timeout=timeout, verify=trust, trust_env=False, transport=transport)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, call: Call) -> Any:
        try:
            response = self._http.send(_request(self._target, call))
        except httpx2.RequestError as error:
            raise _unreachable(self.url, error) from error
        return _answer(self._target, response)

    @contextmanager
    def _stream(self, call: Call) -> Iterator[Iterator[Any]]:
        try:
            response = self._http.send(_request(self._target, call), stream=True)
        except httpx2.RequestError as error:
            raise _unreachable(self.url, error) from error
        try:
            if not _is_stream(response):
                response.read()
                _answer(self._target, response)
            yield self._events(response)
        finally:
            response.close()

    def _events(self, response: httpx2.Response) -> Iterator[Any]:
        try:
            for event in httpx2.EventSource(response):
                if event.data:
                    yield json.loads(event.data)
        except httpx2.RequestError as error:
            raise _unreachable(self.url, error) from error


class AsyncTransport(_Aimed):
    """A sandbox at a URL, to await. The arguments are those of `Client`."""

    def __init__(
        self,
        url: str,
        space: str | None = None,
        token: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        verify: ssl.SSLContext | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._target = target(url, space, token)
        trust = verify or _trust(url)
        self._http = httpx2.AsyncClient(timeout=timeout, verify=trust, trust_env=False, transport=transport)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: Call) -> Any:
        try:
            response = await self._http.send(_request(self._target, call))
        except httpx2.RequestError as error:
            raise _unreachable(self.url, error) from error
        return _answer(self._target, response)

    @asynccontextmanager
    async def _stream(self, call: Call) -> AsyncIterator[AsyncIterator[Any]]:
        try:
            response = await self._http.send(_request(self._target, call), stream=True)
        except httpx2.RequestError as error:
            raise _unreachable(self.url, error) from error
        try:
            if not _is_stream(response):
                await response.aread()
                _answer(self._target, response)
            yield self._events(response)
        finally:
            await response.aclose()

    async def _events(self, response: httpx2.Response) -> AsyncIterator[Any]:
        try:
            async for event in httpx2.EventSource(response):
                if event.data:
                    yield json.loads(event.data)
        except httpx2.RequestError as error:
            raise _unreachable(self.url, error) from error


def _request(to: Target, call: Call) -> httpx2.Request:
    return httpx2.Request(call.method, to.url_of(call), headers=to.headers_of(call), content=to.content_of(call))


def _answer(of: Target, response: httpx2.Response) -> Any:
    found = of.answer(response.status_code, response.headers.get("content-type", ""), response.content)
    if not isinstance(found, list):
        return found
    page: Page[Any] = Page(found)
    if link := response.links.get("next"):
        page.after = int(parse_qs(urlsplit(link["url"]).query)["after"][0])
    return page


def _is_stream(response: httpx2.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0]
    return response.status_code == 200 and kind == "text/event-stream"


def _unreachable(url: str, error: httpx2.RequestError) -> Unreachable:
    if isinstance(error, httpx2.ConnectError):
        return Unreachable(f"{url}: nobody answers there ({error}); is the sandbox running, and the URL right?")
    if isinstance(error, httpx2.TimeoutException):
        return Unreachable(f"{url}: no answer in time; is it busy, or is something else there?")
    return Unreachable(f"{url}: the connection ended without an answer ({error})")


def _trust(url: str) -> ssl.SSLContext:
    """Return whom to trust. Over plain HTTP that is nobody: reading the machine's list takes longer than many calls."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.startswith("http:") else ssl.create_default_context()
