"""Prints, one JSON line for each client, what it found at the server: python-clients.py URL"""

import asyncio
import json
import sys

import fastmcp
import mcp

URL = sys.argv[1]


async def look(client, mode):
    steps = []

    async def progress(done, total, message):
        steps.append(done)

    tools = await client.list_tools()
    names = [tool.name for tool in getattr(tools, "tools", tools)]
    counted = [(await client.call_tool("counter", {})).content[0].text for _ in range(2)]
    worked = await client.call_tool("test_tool_with_progress", {}, **{PROGRESS[mode]: progress})
    handle = None
    if "create_session" in names:
        created = await client.call_tool("create_session", {})
        session = created.content[0].text.removeprefix("session_id: ")
        calls = [await client.call_tool("counter", {"session_id": session}) for _ in range(2)]
        handle = [call.content[0].text for call in calls]
    print(
        json.dumps(
            {
                "client": mode,
                "version": str(client.protocol_version),
                "counted": counted,
                "progress": steps,
                "text": worked.content[0].text,
                "handle": handle,
            }
        )
    )


PROGRESS = {
    "fastmcp": "progress_handler",
    "legacy": "progress_callback",
    "auto": "progress_callback",
    "2026-07-28": "progress_callback",
}


async def main():
    async with fastmcp.Client(URL) as client:
        await look(client, "fastmcp")
    for mode in ("legacy", "auto", "2026-07-28"):
        async with mcp.Client(URL, mode=mode) as client:
            await look(client, mode)


asyncio.run(main())
