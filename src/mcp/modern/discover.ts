import { version } from '../../version.ts';
import { type ClientMessage, isObject, type JsonObject } from './client-message.ts';
import type { LegacyGuest } from './guest.ts';
import { META, REVISION } from './revision.ts';
import { withTasks } from './tasks/extension.ts';

/** A `server/discover` of the edge's own, under the id of the client's request. */
export function discoverMessage({ id }: ClientMessage): Uint8Array {
  const meta = {
    [META.version]: REVISION,
    [META.client]: { name: 'wasmcp-node', version },
    [META.capabilities]: {},
  };
  const params = JSON.stringify({ _meta: meta });
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":"server/discover","params":${params}}`,
  );
}

/** The result of `server/discover` for a guest that only knows `initialize` (MCP 2026-07-28, "Discovery"). */
export function discoverResult({ initialized }: LegacyGuest, offersTasks: boolean): JsonObject {
  const { capabilities, instructions } = initialized;
  const usable = served(isObject(capabilities) ? capabilities : {});
  return {
    supportedVersions: [REVISION],
    capabilities: offersTasks ? withTasks(usable) : usable,
    ...(typeof instructions === 'string' && { instructions }),
  };
}

/**
 * What clients can use of the capabilities: nothing tells them of changes, because a guest notifies in its responses only, and
 * tasks of 2025-11-25 are none of 2026-07-28.
 */
function served(capabilities: JsonObject): JsonObject {
  const { tasks: _tasks, ...others } = capabilities;
  return Object.fromEntries(Object.entries(others).map(([name, value]) => [name, withoutChanges(value)]));
}

function withoutChanges(capability: unknown): unknown {
  if (!isObject(capability)) return capability;
  const { listChanged: _listChanged, subscribe: _subscribe, ...others } = capability;
  return others;
}
