import type { GuestRequest } from '../../http/handler.ts';
import { filterHeaders } from '../../http/headers.ts';
import { version } from '../../version.ts';
import { messageFor } from '../edge/messages.ts';
import { type ProbeResult, type Verdict, verdictByStatus } from '../edge/probe.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';
import { isObject, type JsonObject } from './client-message.ts';
import type { LegacyGuest } from './guest.ts';
import { META, REVISION } from './revision.ts';
import { withTasks } from './tasks/extension.ts';

/** A `server/discover` of the edge's own on behalf of a client, under the id of its request. */
export function discoverRequest(request: GuestRequest, id: string | number): GuestRequest {
  const probe = messageFor(request, discoverMessage(id));
  const others = filterHeaders(probe.headers, (name) => !name.startsWith('mcp-'));
  return { ...probe, headers: [...others, VERSION_HEADER, REVISION, 'mcp-method', 'server/discover'] };
}

function discoverMessage(id: string | number): Uint8Array {
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

/** Every error but one that concerns the client means that the guest does not know the request. */
export function judgeDiscover(result: ProbeResult): Verdict {
  const { status } = result;
  if (status === 401 || status === 403) return 'relay';
  return status === 400 || status === 404 || status === 405 || status === 406
    ? 'proceed'
    : verdictByStatus(result);
}

/** The versions that a guest of the newer revision serves; undefined for any other guest. */
export function supportedBy({ status, response }: ProbeResult): readonly string[] | undefined {
  if (status >= 300 || !isObject(response?.result)) return undefined;
  const { supportedVersions } = response.result;
  if (!Array.isArray(supportedVersions) || !supportedVersions.includes(REVISION)) return undefined;
  return supportedVersions.filter((version) => typeof version === 'string');
}

/**
 * The result of `server/discover` for a guest that only knows `initialize` (MCP 2026-07-28, "Discovery"). With `notifies`, it has
 * a stream for its notifications.
 */
export function discoverResult(
  { initialized }: LegacyGuest,
  offersTasks: boolean,
  notifies: boolean,
): JsonObject {
  const { capabilities, instructions } = initialized;
  const usable = served(isObject(capabilities) ? capabilities : {}, notifies);
  return {
    supportedVersions: [REVISION],
    capabilities: offersTasks ? withTasks(usable) : usable,
    ...(typeof instructions === 'string' && { instructions }),
  };
}

/**
 * What clients can use of the capabilities: most guests notify in their responses only, and nothing tells clients of changes then.
 * Tasks of 2025-11-25 are none of 2026-07-28.
 */
function served(capabilities: JsonObject, notifies: boolean): JsonObject {
  const { tasks: _tasks, ...others } = capabilities;
  if (notifies) return others;
  return Object.fromEntries(Object.entries(others).map(([name, value]) => [name, withoutChanges(value)]));
}

function withoutChanges(capability: unknown): unknown {
  if (!isObject(capability)) return capability;
  const { listChanged: _listChanged, subscribe: _subscribe, ...others } = capability;
  return others;
}
