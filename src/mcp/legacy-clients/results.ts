import { INTERNAL_ERROR } from '../edge/messages.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { HEADER_MISMATCH, INVALID_PARAMS, UNSUPPORTED_VERSION } from '../modern/codes.ts';
import { isCacheable } from '../modern/guest-response.ts';
import { META } from '../modern/revision.ts';

/** A resource that does not exist, until 2025-11-25; INVALID_PARAMS since ("Key Changes", minor change 6). */
const RESOURCE_NOT_FOUND = -32002;

/** Errors about what the edge wrote, of which the client knows nothing. */
const OF_THE_EDGE: ReadonlySet<unknown> = new Set([HEADER_MISMATCH, UNSUPPORTED_VERSION]);

/** A result without the members that only clients of 2026-07-28 know. */
export function legacyResult(method: string, result: JsonObject): JsonObject {
  const { resultType: _type, _meta, ...others } = result;
  const meta = isObject(_meta) ? withoutServer(_meta) : {};
  const kept = isCacheable(method) ? withoutHints(others) : others;
  return Object.keys(meta).length > 0 ? { ...kept, _meta: meta } : kept;
}

function withoutServer(meta: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(meta).filter(([name]) => name !== META.server));
}

function withoutHints({ ttlMs: _ttl, cacheScope: _scope, ...others }: JsonObject): JsonObject {
  return others;
}

/** An error with the code that clients of earlier revisions know. */
export function legacyError(method: string, params: JsonObject, error: unknown): JsonObject {
  if (!isObject(error) || !Number.isSafeInteger(error.code)) {
    return { code: INTERNAL_ERROR, message: 'the server returned an error that is none' };
  }
  const { code, data } = error;
  if (OF_THE_EDGE.has(code)) return { ...error, code: INTERNAL_ERROR };
  const isMissing =
    method === 'resources/read' && code === INVALID_PARAMS && isObject(data) && data.uri === params.uri;
  return isMissing ? { ...error, code: RESOURCE_NOT_FOUND } : error;
}
