import { METHOD_NOT_FOUND, type Refusal } from '../edge/messages.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';
import { type ClientMessage, isObject } from './client-message.ts';
import { HEADER_MISMATCH, INVALID_PARAMS, UNSUPPORTED_VERSION } from './codes.ts';
import { mirroredValue } from './header-values.ts';
import { isLogLevel } from './log-level.ts';
import { META, REVISION } from './revision.ts';

const NAMED: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  // SEP-2663, "Streamable HTTP: Routing Headers".
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** Methods that no guest of an earlier revision gets: the revision removed them (MCP 2026-07-28, "Key Changes"). */
const NOT_SERVED: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
]);

/** The member of `params` that `Mcp-Name` mirrors; undefined if the request has no such header. */
export function mirroredMember(method: string): string | undefined {
  return NAMED.get(method);
}

/** Notifications of changes, in the response to this request. */
export const LISTEN = 'subscriptions/listen';

/** What is wrong with a request, if anything: "Server Validation" of "Streamable HTTP", and "_meta" of "Overview". */
export function checkMessage(message: ClientMessage, supported: readonly string[]): Refusal | undefined {
  return checkVersion(message, supported) ?? checkMirrors(message) ?? checkMeta(message);
}

/** The error for a method that is not served. */
export function unknownMethod(method: string): Refusal {
  return { status: 404, code: METHOD_NOT_FOUND, text: `unknown method ${method}` };
}

export function isServed(method: string): boolean {
  return !NOT_SERVED.has(method) && !method.startsWith('tasks/');
}

function checkVersion({ request, meta }: ClientMessage, supported: readonly string[]): Refusal | undefined {
  const named = mirroredValue(request.headers, VERSION_HEADER);
  const version = meta[META.version];
  if (typeof named !== 'string') return mismatch('MCP-Protocol-Version', named);
  if (version !== undefined && version !== named) return differs('MCP-Protocol-Version', named, version);
  if (!supported.includes(named)) {
    return {
      status: 400,
      code: UNSUPPORTED_VERSION,
      text: 'unsupported protocol version',
      data: { supported, requested: named },
    };
  }
  return version === undefined ? invalid(`params._meta lacks "${META.version}"`) : undefined;
}

function checkMirrors({ request: { headers }, method, params }: ClientMessage): Refusal | undefined {
  const named = mirroredValue(headers, 'mcp-method');
  if (typeof named !== 'string') return mismatch('Mcp-Method', named);
  if (named !== method) return differs('Mcp-Method', named, method);
  const member = mirroredMember(method);
  if (member === undefined) return undefined;
  const name = mirroredValue(headers, 'mcp-name');
  if (typeof name !== 'string') return mismatch('Mcp-Name', name);
  return name === params[member] ? undefined : differs('Mcp-Name', name, params[member]);
}

function checkMeta({ meta }: ClientMessage): Refusal | undefined {
  if (!isObject(meta[META.capabilities])) return invalid(`params._meta lacks "${META.capabilities}"`);
  const client = meta[META.client];
  if (client !== undefined && !isObject(client)) return invalid(`"${META.client}" is not an object`);
  const level = meta[META.logLevel];
  if (level !== undefined && !isLogLevel(level)) return invalid(`"${META.logLevel}" is not a level`);
  return undefined;
}

export function mismatch(name: string, value: null | undefined): Refusal {
  const text = value === null ? `${name} has an invalid value` : `${name} is missing`;
  return { status: 400, code: HEADER_MISMATCH, text: `Header mismatch: ${text}` };
}

export function differs(name: string, value: string, inBody: unknown): Refusal {
  const quoted = JSON.stringify(inBody)?.slice(0, LONGEST_QUOTE) ?? 'nothing';
  const text = `Header mismatch: ${name} is ${JSON.stringify(value).slice(0, LONGEST_QUOTE)}, the body has ${quoted}`;
  return { status: 400, code: HEADER_MISMATCH, text };
}

/** Most characters of a client's text in an error. */
const LONGEST_QUOTE = 100;

function invalid(text: string): Refusal {
  return { status: 400, code: INVALID_PARAMS, text };
}

/** The versions of clients that the edge itself serves. */
export const SUPPORTED: readonly string[] = [REVISION];
