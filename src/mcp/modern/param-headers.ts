import { ambiguousArgument } from '../ambiguity/ambiguity.ts';
import { INVALID_REQUEST, type Refusal } from '../edge/messages.ts';
import { LongValue } from '../long-values/long-value.ts';
import { selectMembers } from '../long-values/members.ts';
import { differs, mismatch } from './check-message.ts';
import { type ClientMessage, isObject, type JsonObject } from './client-message.ts';
import { encodeMirrored, mirroredValue } from './header-values.ts';

/** An argument of a tool that a header mirrors (MCP 2026-07-28, "Streamable HTTP", section "Custom Headers from Tool Parameters"). */
interface Mirrored {
  /** `Mcp-Param-…`. */
  readonly header: string;
  readonly path: readonly string[];
}

/** Knows which headers the guest's tools ask for, from the lists of tools that clients got. */
export interface ParamHeaders {
  learn(tools: unknown): void;
  check(message: ClientMessage): Refusal | undefined;
  /** The headers that a call with these parameters needs. */
  headersOf(params: JsonObject): string[];
}

/** Most tools with mirrored arguments that are remembered; those that were listed last count. */
const MAX_TOOLS = 1000;

/** Deepest object in arguments whose members are mirrored. */
const MAX_DEPTH = 8;

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);

export function createParamHeaders(): ParamHeaders {
  const known = new Map<string, readonly Mirrored[]>();

  return {
    learn(tools) {
      if (!Array.isArray(tools)) return;
      for (const tool of tools) {
        if (!isObject(tool) || typeof tool.name !== 'string') continue;
        const mirrored = mirroredIn(tool.inputSchema, [], []);
        known.delete(tool.name);
        if (mirrored.length > 0) known.set(tool.name, mirrored);
        if (known.size > MAX_TOOLS) known.delete(known.keys().next().value!);
      }
    },
    check({ method, params, text, request: { headers } }) {
      if (method !== 'tools/call' || known.size === 0) return undefined;
      const mirrored = known.get(params.name as string);
      if (mirrored === undefined) return undefined;
      const paths = mirrored.map(({ path }) => path);
      const long = params.arguments instanceof LongValue ? params.arguments : undefined;
      let given = params.arguments;
      try {
        const selected = long && selectMembers(long, paths.flat());
        const ambiguity = ambiguousArgument(selected === undefined ? text : asCall(selected), paths);
        if (ambiguity !== undefined) return refused(ambiguity.text);
        if (selected !== undefined) given = JSON.parse(selected);
      } catch (error) {
        return refused(`params.arguments: ${(error as Error).message}`);
      }
      for (const { header, path } of mirrored) {
        const refusal = checkOne(headers, header, valueAt(given, path));
        if (refusal !== undefined) return refusal;
      }
      return undefined;
    },
    headersOf(params) {
      const headers: string[] = [];
      const mirrored = known.get(params.name as string) ?? [];
      const given = mirrored.length > 0 ? read(params.arguments, mirrored) : undefined;
      for (const { header, path } of mirrored) {
        const value = valueAt(given, path);
        if (value === undefined || value === null) continue;
        headers.push(header, encodeMirrored(typeof value === 'string' ? value : JSON.stringify(value)));
      }
      return headers;
    },
  };
}

function refused(text: string): Refusal {
  return { status: 400, code: INVALID_REQUEST, text };
}

/** A message with these arguments. */
function asCall(text: string): Uint8Array {
  return Buffer.from(`{"jsonrpc":"2.0","params":{"arguments":${text}}}`);
}

/** The arguments as far as headers mirror them; undefined if they cannot be read, which the guest will say. */
function read(given: unknown, mirrored: readonly Mirrored[]): unknown {
  if (!(given instanceof LongValue)) return given;
  const names = mirrored.flatMap(({ path }) => path);
  try {
    return JSON.parse(selectMembers(given, names));
  } catch {
    return undefined;
  }
}

/** Clients leave out a tool with an annotation that is not valid, so its headers do not matter. */
function mirroredIn(schema: unknown, path: readonly string[], found: Mirrored[]): readonly Mirrored[] {
  if (!isObject(schema) || !isObject(schema.properties) || path.length >= MAX_DEPTH) return found;
  for (const [name, property] of Object.entries(schema.properties)) {
    if (!isObject(property)) continue;
    const suffix = property['x-mcp-header'];
    const at = [...path, name];
    if (typeof suffix === 'string' && TOKEN.test(suffix) && TYPES.has(property.type)) {
      found.push({ header: `Mcp-Param-${suffix}`, path: at });
    }
    mirroredIn(property, at, found);
  }
  return found;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) current = isObject(current) ? (current as JsonObject)[name] : undefined;
  return current;
}

function checkOne(headers: readonly string[], name: string, value: unknown): Refusal | undefined {
  const named = mirroredValue(headers, name.toLowerCase());
  if (value === undefined || value === null) {
    return named === undefined ? undefined : differs(name, String(named), undefined);
  }
  if (typeof named !== 'string') return mismatch(name, named);
  // "Server Validation": 42.0 and 42 are equal.
  const isEqual =
    typeof value === 'number' ? named !== '' && Number(named) === value : named === String(value);
  return isEqual ? undefined : differs(name, named, value);
}
