import { randomBytes } from 'node:crypto';
import { isObject, type JsonObject } from '../modern/client-message.ts';

/** What a client said in `initialize`, which a guest of 2026-07-28 wants to know with each request. */
export interface ClientSession {
  /** The id, by which the client is told from others. */
  readonly id: string;
  /** The revision that was agreed. */
  readonly version: string;
  readonly capabilities: JsonObject;
  readonly info: JsonObject | undefined;
}

/** No server of wasmcp writes ids that begin like this. */
const PREFIX = 'mcp1.';

/** Longest id, in characters: each request has it among its headers. */
const MAX_ID = 4096;

/** The id of a new session, which contains what the client said; undefined if that is too much. */
export function createSessionId(
  version: string,
  capabilities: JsonObject,
  info: JsonObject | undefined,
): string | undefined {
  // The random part makes the id one that others cannot guess: responses of the client name nothing else.
  const contents = JSON.stringify([version, randomBytes(16).toString('base64url'), capabilities, info]);
  const id = PREFIX + Buffer.from(contents).toString('base64url');
  return id.length > MAX_ID ? undefined : id;
}

export function isOwnSessionId(id: string | undefined): boolean {
  return id?.startsWith(PREFIX) ?? false;
}

/** Undefined for an id that cannot be one of `createSessionId`. */
export function readSessionId(id: string): ClientSession | undefined {
  if (!isOwnSessionId(id) || id.length > MAX_ID) return undefined;
  try {
    const text = Buffer.from(id.slice(PREFIX.length), 'base64url').toString();
    const contents: unknown = JSON.parse(text);
    if (!Array.isArray(contents)) return undefined;
    const [version, secret, capabilities, info] = contents as unknown[];
    if (typeof version !== 'string' || typeof secret !== 'string' || !isObject(capabilities))
      return undefined;
    return { id, version, capabilities, info: isObject(info) ? info : undefined };
  } catch {
    return undefined;
  }
}
