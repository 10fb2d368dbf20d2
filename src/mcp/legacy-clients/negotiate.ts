import { NEWEST_WITH_SESSIONS, REVISIONS } from '../edge/initialize.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { META } from '../modern/revision.ts';
import { EXTENSION as TASKS } from '../modern/tasks/extension.ts';

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

/**
 * What a client can do, as the newer revision says it: without tasks, neither those of 2025-11-25, which are other ones, nor the
 * extension (SEP-2663), whose results have a type that these clients do not know.
 */
export function clientCapabilities({ tasks: _tasks, extensions, ...others }: JsonObject): JsonObject {
  if (!isObject(extensions)) return others;
  const { [TASKS]: _extension, ...known } = extensions;
  return { ...others, extensions: known };
}
