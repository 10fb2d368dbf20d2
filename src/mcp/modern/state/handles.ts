import { type ClientMessage, isObject, type JsonObject } from '../client-message.ts';

/** Tools that the edge offers beside the guest's own, unless the guest has one of that name. */
export const CREATE = 'create_session';
export const END = 'end_session';

/** The argument that every tool gets, unless it has one of that name. */
const ARGUMENT = 'session_id';

/**
 * What a call asks for: to open a session, to end one, to run in one, or something that is no session. Undefined for a call
 * without state.
 */
export type HandleUse =
  | { readonly kind: 'create' }
  | { readonly kind: 'end' | 'enter'; readonly session: string }
  | { readonly kind: 'invalid' };

/** Gives clients without sessions those of the guest: by two tools, and an argument of all others. */
export interface Handles {
  /** A result of `tools/list` as clients get it. */
  list(result: JsonObject): JsonObject;
  useOf(message: ClientMessage): HandleUse | undefined;
}

/** Ids that a session can have ("Session Management" of Streamable HTTP up to 2025-11-25), of a reasonable length. */
const SESSION = /^[\x21-\x7e]{1,256}$/;

/** Most of the guest's tools that are known to have such an argument themselves; those that were listed last count. */
const MAX_OWN = 1000;

export function createHandles(): Handles {
  /** The guest's own tools that are called like those of the edge. */
  const shadowed = new Set<unknown>();
  /** The guest's own tools that have an argument of this name. */
  const own = new Set<unknown>();

  function listed(tool: unknown): unknown {
    if (!isObject(tool) || typeof tool.name !== 'string') return tool;
    if (tool.name === CREATE || tool.name === END) shadowed.add(tool.name);
    const { inputSchema } = tool;
    const properties =
      isObject(inputSchema) && isObject(inputSchema.properties) ? inputSchema.properties : {};
    own.delete(tool.name);
    if (ARGUMENT in properties) {
      own.add(tool.name);
      if (own.size > MAX_OWN) own.delete(own.values().next().value);
      return tool;
    }
    const extended = { ...properties, [ARGUMENT]: ARGUMENT_SCHEMA };
    return { ...tool, inputSchema: { type: 'object', ...(inputSchema as object), properties: extended } };
  }

  return {
    list(result) {
      if (!Array.isArray(result.tools)) return result;
      const tools = result.tools.map(listed);
      // The edge's are at the end of the last page.
      const added = result.nextCursor === undefined ? TOOLS.filter(({ name }) => !shadowed.has(name)) : [];
      return { ...result, tools: [...tools, ...added] };
    },
    useOf({ method, params }) {
      if (method !== 'tools/call') return undefined;
      const { name } = params;
      if (name === CREATE && !shadowed.has(CREATE)) return { kind: 'create' };
      const ends = name === END && !shadowed.has(END);
      const session = isObject(params.arguments) ? params.arguments[ARGUMENT] : undefined;
      if (own.has(name) || (!ends && (session === undefined || session === null))) return undefined;
      if (typeof session !== 'string' || !SESSION.test(session)) return { kind: 'invalid' };
      return { kind: ends ? 'end' : 'enter', session };
    },
  };
}

/** The message without the argument, which the guest's tool does not know. */
export function withoutHandle(message: JsonObject): JsonObject {
  const params = message.params as JsonObject;
  const { [ARGUMENT]: _, ...others } = params.arguments as JsonObject;
  return { ...message, params: { ...params, arguments: others } };
}

export function toolError(text: string): JsonObject {
  return { content: [{ type: 'text', text }], isError: true };
}

/** The result of `create_session`. */
export function created(session: string): JsonObject {
  const text = `${ARGUMENT}: ${session}`;
  return { content: [{ type: 'text', text }], structuredContent: { [ARGUMENT]: session } };
}

const ARGUMENT_SCHEMA: JsonObject = {
  type: 'string',
  description: `The session whose state the call uses, from ${CREATE}; without it, the call has no state`,
};

const TOOLS: readonly (JsonObject & { readonly name: string })[] = [
  {
    name: CREATE,
    description: `Creates a session, in which tools keep state between calls, and returns its ${ARGUMENT} for their calls. It lasts until it is ended or expires, by default a day after it was created. Keep the id secret: others could use the session.`,
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    outputSchema: { type: 'object', properties: { [ARGUMENT]: { type: 'string' } }, required: [ARGUMENT] },
  },
  {
    name: END,
    description: 'Ends a session, whose state cannot be used any more.',
    inputSchema: { type: 'object', properties: { [ARGUMENT]: { type: 'string' } }, required: [ARGUMENT] },
  },
];
