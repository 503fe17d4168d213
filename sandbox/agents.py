"""The sandbox for coding agents: its control API as tools of the Model Context Protocol, in a space of the agent's own.

Rule 1: a tool is an operation of the control API; what can go wrong is said to the agent in the API's own words.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Literal

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from . import __version__
from .client import AsyncClient, ClientError

Result = dict[str, Any] | None
Section = Literal["customerId", "cardNumber", "companion"]

_INSTRUCTIONS = """\
A bank's customer-segment API to integrate with, on this machine. Calls that carry the client_id {space} belong to you:
your overrides, clock and journal are nobody else's. Ask `token` first: it says where to call and with which headers.
Force errors with `place_override`, look at what arrived with `calls`, and prove it with `verify`."""


class Tools:
    """The tools of one agent; each method is one, and its docstring is what the agent reads."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def explain(self, body: dict[str, Any] | str = "", headers: dict[str, str] | None = None) -> Result:
        """Say which rule would answer a call, why, and what it beats, without making it.

        body is the call's, such as {"customerId": "321116471234"}; without headers, valid ones are meant.
        """
        return dict(await self._client.explain(body=body, headers=headers))

    async def find_customer(
        self, birthday: str | None = None, segment: str | None = None, country: str | None = None, count: int = 5
    ) -> Result:
        """Find customers by birthday (today, never or MM-DD), segment (such as 20) or country (such as MX)."""
        found = await self._client.find_customers(
            birthday=birthday, segment=segment, country=country, count=count, space=self._client.space
        )
        return {"customers": found}

    async def place_override(self, section: Section, pattern: str, entry: dict[str, Any]) -> Result:
        """Decide what a customerId, a cardNumber (or a prefix such as 32*) or a companion (token, e2eKey) answers.

        entry is one of a scenario file: {"error": "serverUnavailable", "times": 2}, {"fault": "connectionReset"},
        {"customer": {"customerSegment": "20", "birthday": "today"}}, {"sequence": [...]}; with "delay": "2s" if wanted.
        """
        return dict(await self._client.place_override(section, pattern, entry))

    async def clear_overrides(self) -> Result:
        """Take all your overrides away."""
        await self._client.clear_overrides()
        return None

    async def clock(self, now: str | None = None, advance: str | None = None, release: bool = False) -> Result:
        """Show what time it is; set it (now: 2028-02-29T09:00:00-06:00), advance it (P1D, PT90M), or release it."""
        if release:
            return dict(await self._client.release_clock())
        if now is not None or advance is not None:
            return dict(await self._client.set_clock(now=now, advance=advance))
        return dict(await self._client.show_clock())

    async def calls(self, match: dict[str, Any] | None = None, limit: int = 20) -> Result:
        """Show your last calls, newest first; match filters, such as {"status": 404, "customerId": "321116471234"}."""
        return dict(await self._client.list_exchanges(match, limit=limit))  # type: ignore[arg-type]

    async def verify(
        self,
        match: dict[str, Any] | None = None,
        exactly: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        only: bool | None = None,
        timeout: str | None = None,  # noqa: ASYNC109 - the sandbox waits, not this function
    ) -> Result:
        """Check whether calls came as expected; where they did not, the message says what came closest."""
        return dict(
            await self._client.verify(
                match=match,  # type: ignore[arg-type]
                exactly=exactly,
                at_least=at_least,
                at_most=at_most,
                only=only,
                timeout=timeout,
            )
        )

    async def coverage(self) -> Result:
        """Say which errors and rules your calls have exercised, which never, and what the caller could do better."""
        return dict(await self._client.coverage())

    async def token(self, scope: str | None = None, lifetime: str | None = None) -> Result:
        """Issue a token and say where to call and with which client_id; lifetime 0s makes an expired token."""
        assert self._client.space
        issued = await self._client.issue_token(self._client.space, scope=scope, lifetime=lifetime)
        return {"url": self._client.url, "client_id": self._client.space, **issued}

    async def errors(self) -> Result:
        """List every error with its status, texts, magic values and headers that force it."""
        return {"errors": await self._client.list_errors()}

    async def reset(self) -> Result:
        """Reset your space to as-started: overrides, counts, clock, profile and journal."""
        await self._client.reset_space()
        return None


TOOLS = (
    *("explain", "find_customer", "place_override", "clear_overrides", "clock", "calls", "verify", "coverage"),
    *("token", "errors", "reset"),
)


def serve(url: str, space: str, control_token: str | None) -> None:
    """Serve the tools over standard input and output, until the agent closes them."""
    asyncio.run(_serve(url, space, control_token))


async def _serve(url: str, space: str, control_token: str | None) -> None:
    async with AsyncClient(url, space, control_token) as client:
        tools = Tools(client)
        server = MCPServer(
            "segment-sandbox",
            title="Segment Sandbox",
            version=__version__,
            instructions=_INSTRUCTIONS.format(space=space),
            log_level="WARNING",
        )
        for name in TOOLS:
            server.add_tool(_told(getattr(tools, name)), name=name, structured_output=False)
        await server.run_stdio_async()


def _told(tool: Callable[..., Awaitable[Result]]) -> Callable[..., Awaitable[Result]]:
    """Return the tool with its failures as an agent reads them."""

    @wraps(tool)
    async def told(*values: Any, **more: Any) -> Result:
        try:
            return await tool(*values, **more)
        except (ClientError, ValueError) as error:
            raise ToolError(str(error)) from None

    return told
