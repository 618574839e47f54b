"""A real MCP client of the official SDK, which starts `gen mcp` as an assistant does."""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, TextContent

T = TypeVar("T")
Conversation = Callable[[Client], Awaitable[T]]


def parameters(root: Path, **env: str) -> StdioServerParameters:
    """How the server is started. A client passes few variables on by itself."""
    kept = {
        name: value for name, value in os.environ.items() if name.startswith(("DOCKER_", "PYTHON", "TMPDIR", "XDG_"))
    }
    words = ["-m", "generator", "mcp", "--root", str(root)]
    return StdioServerParameters(command=sys.executable, args=words, env={**kept, "PATH": os.environ["PATH"], **env})


def talk(root: Path, conversation: Conversation[T], **env: str) -> T:
    """Starts the server, has the conversation, and ends it. An error in it comes out as it was raised."""
    outcome: list[T] = []
    raised: list[BaseException] = []

    async def whole() -> None:
        async with Client(stdio_client(parameters(root, **env))) as client:
            try:
                outcome.append(await conversation(client))
            except Exception as error:
                raised.append(error)

    anyio.run(whole)
    if raised:
        raise raised[0]
    return outcome[0]


async def ask(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The tool's answer as data; it must not be an error."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, words_of(result)
    assert result.structured_content is not None
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    """The tool's words; it must be an error."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    return words_of(result)


def words_of(result: CallToolResult) -> str:
    """The text that a model reads."""
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))
