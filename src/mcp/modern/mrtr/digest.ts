import { hash } from 'node:crypto';
import { parseExactly } from '../../json.ts';
import { LongValue } from '../../long-values/long-value.ts';
import { outlineOf } from '../../long-values/outline.ts';
import { isObject, type JsonObject } from '../client-message.ts';

/** Members of `params` in which a retry may differ from the first request. */
const OF_THE_ATTEMPT: ReadonlySet<string> = new Set(['_meta', 'inputResponses', 'requestState']);

/**
 * Digest of what a client asks for: the method and its parameters, however the body is written. Numbers beyond the precision of
 * JavaScript count with all digits. What is too long to be parsed counts as it is written: clients write the same value alike.
 */
export function requestDigest(body: Uint8Array): Buffer {
  const outline = outlineOf(body, 'client');
  const { method, params = {} } = outline.fill(parseExactly(outline.text.toString())) as JsonObject;
  const asked = Object.entries(params as JsonObject).filter(([name]) => !OF_THE_ATTEMPT.has(name));
  return hash('sha256', JSON.stringify([method, canonical(Object.fromEntries(asked))]), 'buffer');
}

/** Objects as lists of their members, ordered by name, with all exact numbers in them as they are. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value instanceof LongValue) return { digest: hash('sha256', value.bytes, 'base64') };
  if (!isObject(value) || isRaw(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, canonical(member)] as const);
  return { members: members.sort(([one], [other]) => (one < other ? -1 : 1)) };
}

/** TypeScript's library does not have it yet. */
const isRaw = (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON;
