"""`mcp`: a coding agent's own client drives the sandbox over standard input and output."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from .conftest import Connect, Server

pytestmark = pytest.mark.anyio
LUIS = "321116471234"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def agent(*arguments: str) -> AsyncIterator[Client]:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "sandbox", "mcp", *arguments], env=dict(os.environ)
    )
    async with Client(stdio_client(command)) as client:
        yield client


async def ask(client: Client, tool: str, **arguments: Any) -> Any:
    result = await client.call_tool(tool, arguments)
    text = "".join(getattr(part, "text", "") for part in result.content)
    assert not result.is_error, text
    return json.loads(text) if text else None


async def test_an_agent_finds_its_tools_and_what_they_are_for() -> None:
    async with agent() as client:
        tools = {tool.name: tool.description or "" for tool in (await client.list_tools()).tools}
    assert list(tools) == [
        *("explain", "find_customer", "place_override", "clear_overrides", "clock", "calls", "verify", "coverage"),
        *("token", "errors", "reset"),
    ]
    assert all(tools.values())


async def test_an_agent_steers_a_running_sandbox_in_a_space_of_its_own(server: Server, connect: Connect) -> None:
    async with agent("--url", server.url) as client:
        where = await ask(client, "token")
        assert where["url"] == server.url
        channel = connect(server, where["client_id"])
        token = f"Bearer {where['access_token']}"

        await ask(client, "place_override", section="customerId", pattern=LUIS, entry={"error": 500, "times": 1})
        statuses = [channel.ask({"customerId": LUIS}, Authorization=token).status_code for _ in range(2)]
        assert statuses == [500, 200]
        assert connect(server).ask({"customerId": LUIS}).status_code == 200
        calls = await ask(client, "calls", match={"status": 500})
        assert calls["count"] == 1
        assert (await ask(client, "verify", match={"customerId": LUIS}, exactly=2))["verified"] is True
        assert (await ask(client, "verify", match={"status": 404}))["verified"] is False
        assert (await ask(client, "coverage"))["errors"]["serverUnavailable"] == 1
        await ask(client, "clear_overrides")
        await ask(client, "reset")
        assert (await ask(client, "calls"))["count"] == 0


async def test_an_agent_without_a_sandbox_has_one_of_its_own() -> None:
    async with agent() as client:
        explained = await ask(client, "explain", body={"customerId": "999900000404"})
        assert (explained["status"], explained["rule"]) == (404, "scenario_file")
        assert (await ask(client, "clock", now="2028-02-29"))["today"]["MX"] == "2028-02-29"
        assert (await ask(client, "clock", advance="P1D"))["today"]["MX"] == "2028-03-01"
        assert (await ask(client, "clock", release=True))["setBy"] == "machine"
        assert (await ask(client, "clock"))["ticking"] is True
        assert len((await ask(client, "find_customer", birthday="today", count=2))["customers"]) == 2
        assert "serverUnavailable" in {error.get("code") for error in (await ask(client, "errors"))["errors"]}


async def test_a_mistake_is_told_in_the_sandbox_s_own_words() -> None:
    async with agent() as client:
        entry = {"error": "serverUnavailabel"}
        result = await client.call_tool("place_override", {"section": "customerId", "pattern": LUIS, "entry": entry})
    assert result.is_error
    assert "did you mean serverUnavailable?" in str(result.content)


def test_without_its_extra_the_command_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['mcp'] = None; from sandbox.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", code, "mcp"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "pip install 'segment-sandbox[mcp]'" in result.stderr
