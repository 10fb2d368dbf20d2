import type { HandleNames } from '../../../options/types.ts';
import { LongValue } from '../../long-values/long-value.ts';
import { selectMembers, withoutMember } from '../../long-values/members.ts';
import { type ClientMessage, isObject, type JsonObject } from '../client-message.ts';
import { argumentSchema, handleTools } from './handle-tools.ts';
import { admitsProperty } from './open-schema.ts';

/**
 * What a call asks for: to create a session, to end one, to run in one, or something that is no session. Undefined for a call
 * without state.
 */
export type HandleUse =
  | { readonly kind: 'create' }
  | { readonly kind: 'end' | 'enter'; readonly session: string }
  | { readonly kind: 'invalid' };

/** Gives clients without sessions those of the guest: by two tools, and an argument of all others (SEP-2567, "Pattern"). */
export interface Handles {
  /** A client or the edge has seen all of the guest's tools, so that no tool of the guest is mistaken for one of the edge. */
  readonly isInformed: boolean;
  /** A result of `tools/list` as clients get it. */
  list(result: JsonObject): JsonObject;
  useOf(message: ClientMessage): HandleUse | undefined;
  /** The message without the argument, which the guest's tool does not know. */
  strip(message: JsonObject): JsonObject;
}

/** Ids that a session can have ("Session Management" of Streamable HTTP up to 2025-11-25), of a reasonable length. */
const SESSION = /^[\x21-\x7e]{1,256}$/;

/** Most of the guest's tools that are known to have such an argument themselves; those that were listed last count. */
const MAX_OWN = 1000;

export function createHandles(names: HandleNames, lifetime: number): Handles {
  const { create, end, argument } = names;
  const offered = handleTools(names, lifetime);
  /** The guest's own tools that are called like those of the edge. */
  const shadowed = new Set<unknown>();
  /** The guest's own tools that have an argument of this name, or whose schema does not admit one more. */
  const own = new Set<unknown>();
  let isInformed = false;
  /** What long arguments have by that name: a call is looked at twice. */
  const known = new WeakMap<LongValue, { readonly value: unknown }>();

  function sessionIn(given: unknown): unknown {
    if (!(given instanceof LongValue)) return isObject(given) ? given[argument] : undefined;
    const found = known.get(given) ?? { value: memberOf(given, argument) };
    known.set(given, found);
    return found.value;
  }

  function listed(tool: unknown): unknown {
    if (!isObject(tool) || typeof tool.name !== 'string') return tool;
    if (tool.name === create || tool.name === end) shadowed.add(tool.name);
    const { inputSchema } = tool;
    const schema = isObject(inputSchema) ? inputSchema : {};
    const properties = isObject(schema.properties) ? schema.properties : {};
    own.delete(tool.name);
    if (Object.hasOwn(properties, argument) || !admitsProperty(schema)) {
      own.add(tool.name);
      if (own.size > MAX_OWN) own.delete(own.values().next().value);
      return tool;
    }
    const extended = { ...properties, [argument]: argumentSchema(names) };
    return { ...tool, inputSchema: { type: 'object', ...schema, properties: extended } };
  }

  return {
    get isInformed() {
      return isInformed;
    },
    list(result) {
      if (!Array.isArray(result.tools)) return result;
      const tools = result.tools.map(listed);
      // The edge's are at the end of the last page.
      if (result.nextCursor !== undefined) return { ...result, tools };
      isInformed = true;
      return { ...result, tools: [...tools, ...offered.filter(({ name }) => !shadowed.has(name))] };
    },
    useOf({ method, params }) {
      if (method !== 'tools/call') return undefined;
      const { name } = params;
      if (name === create && !shadowed.has(create)) return { kind: 'create' };
      const ends = name === end && !shadowed.has(end);
      const session = sessionIn(params.arguments);
      if (!ends && (session === undefined || session === null || own.has(name))) return undefined;
      if (typeof session !== 'string' || !SESSION.test(session)) return { kind: 'invalid' };
      return { kind: ends ? 'end' : 'enter', session };
    },
    strip(message) {
      const params = message.params as JsonObject;
      return { ...message, params: { ...params, arguments: without(argument, params.arguments) } };
    },
  };
}

/** What an argument of a call is; of one that cannot be read, no text. */
function memberOf(given: LongValue, name: string): unknown {
  try {
    return (JSON.parse(selectMembers(given, [name])) as JsonObject)[name];
  } catch {
    return Number.NaN;
  }
}

function without(name: string, given: unknown): unknown {
  if (given instanceof LongValue) return withoutMember(given, name);
  const { [name]: _, ...others } = given as JsonObject;
  return others;
}
