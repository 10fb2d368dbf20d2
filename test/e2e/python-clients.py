"""Prints, one JSON line for each client, what it found at the server: python-clients.py URL CLIENTS_THAT_ARE_ASKED"""

import asyncio
import json
import sys

import fastmcp
import mcp
from mcp import types

URL = sys.argv[1]
ASKED = sys.argv[2].split(",")

MODES = ("legacy", "auto", "2026-07-28")


KNOWN = {"username": "ada", "email": "ada@example.com", "name": "Ada", "color": "blue"}
ROOT = "file:///project"


def filled(params):
    return {name: KNOWN[name] for name in params.requested_schema["properties"]}


async def elicited(context, params):
    return types.ElicitResult(action="accept", content=filled(params))


async def listed(context):
    return types.ListRootsResult(roots=[types.Root(uri=ROOT)])


async def sampled(context, params):
    content = types.TextContent(type="text", text="a model said so")
    return types.CreateMessageResult(role="assistant", content=content, model="test")


async def fastmcp_elicited(message, response_type, params, context):
    return filled(params)


async def fastmcp_sampled(messages, params, context):
    return "a model said so"


async def text(client, tool, arguments):
    return (await client.call_tool(tool, arguments)).content[0].text


ROUNDS = "test_input_required_result_multi_round"
AT_ONCE = "test_input_required_result_multiple_inputs"


async def asked(client, name, names):
    """What a tool returns that asks the user, and one that asks the model; none for clients that are not asked."""
    if name not in ASKED:
        return None
    user = await text(client, "test_elicitation", {"message": "Who are you?"})
    model = await text(client, "test_sampling", {"prompt": "Say so"})
    if ROUNDS not in names:
        return ["ada" in user, model]
    several = [await text(client, ROUNDS, {}), await text(client, AT_ONCE, {})]
    return ["ada" in user, model, *several]


async def look(client, name):
    steps = []

    async def progress(done, total, message):
        steps.append(done)

    tools = await client.list_tools()
    names = [tool.name for tool in getattr(tools, "tools", tools)]
    resource = await client.read_resource("test://static-text")
    prompt = await client.get_prompt("test_simple_prompt")
    counted = [await text(client, "counter", {}) for _ in range(2)]
    reporting = "progress_handler" if name == "fastmcp" else "progress_callback"
    worked = await client.call_tool("test_tool_with_progress", {}, **{reporting: progress})
    handle = None
    if "create_session" in names:
        session = (await text(client, "create_session", {})).removeprefix("session_id: ")
        handle = [await text(client, "counter", {"session_id": session}) for _ in range(2)]
    print(
        json.dumps(
            {
                "client": name,
                "version": str(client.protocol_version),
                "resource": getattr(resource, "contents", resource)[0].text,
                "prompt": prompt.messages[0].content.text,
                "counted": counted,
                "progress": steps,
                "text": worked.content[0].text,
                "handle": handle,
                "asked": await asked(client, name, names),
            }
        )
    )


async def main():
    handlers = {"elicitation_handler": fastmcp_elicited, "sampling_handler": fastmcp_sampled, "roots": [ROOT]}
    async with fastmcp.Client(URL, **handlers) as client:
        await look(client, "fastmcp")
    callbacks = {"elicitation_callback": elicited, "sampling_callback": sampled, "list_roots_callback": listed}
    for mode in MODES:
        async with mcp.Client(URL, mode=mode, **callbacks) as client:
            await look(client, mode)


asyncio.run(main())
