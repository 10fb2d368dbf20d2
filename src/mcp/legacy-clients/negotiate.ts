import { NEWEST_WITH_SESSIONS, REVISIONS } from '../edge/initialize.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { META } from '../modern/revision.ts';

/** Capabilities of servers that clients of earlier revisions know and that mean the same to them. */
const KNOWN: readonly string[] = ['tools', 'prompts', 'resources', 'completions', 'logging', 'experimental'];

const NAMELESS: JsonObject = { name: 'unknown', version: '0' };

/** The version for a client that asks for `wanted` (MCP 2025-11-25, "Lifecycle", section "Version Negotiation"). */
export function agreedVersion(wanted: unknown): string {
  return typeof wanted === 'string' && REVISIONS.includes(wanted) ? wanted : NEWEST_WITH_SESSIONS;
}

/** The result of `initialize`, made of that of `server/discover`. */
export function initializeResult(discovered: JsonObject, protocolVersion: string): JsonObject {
  const { capabilities, instructions, _meta } = discovered;
  const declared = isObject(capabilities) ? capabilities : {};
  const serverInfo = isObject(_meta) ? _meta[META.server] : undefined;
  return {
    protocolVersion,
    capabilities: Object.fromEntries(Object.entries(declared).filter(([name]) => KNOWN.includes(name))),
    serverInfo: isObject(serverInfo) ? serverInfo : NAMELESS,
    ...(typeof instructions === 'string' && { instructions }),
  };
}

/** What a client can do, as the newer revision says it: tasks of 2025-11-25 are none of 2026-07-28. */
export function clientCapabilities({ tasks: _tasks, ...capabilities }: JsonObject): JsonObject {
  return capabilities;
}
