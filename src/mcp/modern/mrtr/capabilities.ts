import { type ClientMessage, isObject, type JsonObject } from '../client-message.ts';
import { META } from '../revision.ts';

/** What a server may ask of its client, and the capability of a client that can be asked. */
const CAPABILITIES: ReadonlyMap<unknown, string> = new Map([
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
  ['roots/list', 'roots'],
]);

/** All of them, for a session in which clients with different capabilities are served. */
export const ALL_CAPABILITIES: JsonObject = {
  sampling: { tools: {} },
  elicitation: { form: {}, url: {} },
  roots: {},
};

/** Requests whose result may ask for input (MCP 2026-07-28, "Multi Round-Trip Requests", section "Supported Requests"). */
const SUPPORTED: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** Capabilities as the guest gets them in `initialize`: those that let it ask its client something. */
export function askableCapabilities({ meta }: ClientMessage): JsonObject {
  const declared = meta[META.capabilities];
  if (!isObject(declared)) return {};
  return Object.fromEntries([...CAPABILITIES.values()].flatMap((name) => entry(declared, name)));
}

function entry(declared: JsonObject, name: string): [string, unknown][] {
  return isObject(declared[name]) ? [[name, declared[name]]] : [];
}

export function takesInput(method: string): boolean {
  return SUPPORTED.has(method);
}

/** Whether the guest may ask its client something before it responds to this request. */
export function mayAsk(message: ClientMessage): boolean {
  if (!takesInput(message.method)) return false;
  const declared = message.meta[META.capabilities];
  return isObject(declared) && [...CAPABILITIES.values()].some((name) => isObject(declared[name]));
}

export function isInputRequest({ method }: JsonObject): boolean {
  return CAPABILITIES.has(method);
}

/** The capabilities that a client must have for this request of the guest; undefined if this client has them. */
export function missingCapabilities({ meta }: ClientMessage, request: JsonObject): JsonObject | undefined {
  const name = CAPABILITIES.get(request.method);
  if (name === undefined) return undefined;
  const all = meta[META.capabilities];
  const declared = isObject(all) ? all[name] : undefined;
  const part = partOf(request, declared);
  if (isObject(declared) && (part === undefined || isObject(declared[part]))) return undefined;
  return { [name]: part === undefined ? {} : { [part]: {} } };
}

/** The part of the capability that the request needs: without parts, elicitation means forms, and sampling is without tools. */
function partOf({ method, params }: JsonObject, declared: unknown): string | undefined {
  const given = isObject(params) ? params : {};
  if (method === 'sampling/createMessage') {
    return given.tools === undefined && given.toolChoice === undefined ? undefined : 'tools';
  }
  if (method !== 'elicitation/create') return undefined;
  if (given.mode === 'url') return 'url';
  return isObject(declared) && declared.url !== undefined ? 'form' : undefined;
}
