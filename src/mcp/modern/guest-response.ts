import { INTERNAL_ERROR } from '../edge/messages.ts';
import { writeJson } from '../long-values/long-value.ts';
import { isObject, type JsonObject } from './client-message.ts';
import { clientError, statusOf } from './guest-errors.ts';
import { META } from './revision.ts';

/** What a result is completed with. */
export interface Completion {
  readonly method: string;
  /** The guest may tell this client from others. */
  readonly isPrivate: boolean;
  /** What the guest said of itself; undefined if it is not known. */
  readonly serverInfo: unknown;
}

/** Methods whose results have hints for caches (MCP 2026-07-28, "Caching", section "Cacheable Results"). */
const CACHEABLE: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

export function isCacheable(method: string): boolean {
  return CACHEABLE.has(method);
}

export interface Completed {
  readonly status: number;
  readonly text: string;
}

/** The response to a client's request, made of the guest's. */
export function completeResponse(response: JsonObject, status: number, completion: Completion): Completed {
  const { jsonrpc = '2.0', id, result, error } = response;
  if (isObject(result)) {
    return { status, text: writeJson({ jsonrpc, id, result: completeResult(result, completion) }) };
  }
  const failure =
    error === undefined
      ? { code: INTERNAL_ERROR, message: 'the server returned a result that is not an object' }
      : clientError(error);
  return errorResponse(failure, id, status);
}

/** A response with an error; `status` is that of the guest. */
export function errorResponse(error: JsonObject, id: unknown, status: number): Completed {
  return { status: statusOf(error, status), text: writeJson({ jsonrpc: '2.0', id, error }) };
}

/** How long clients may keep a result unseen: guests of earlier revisions do not say that they may. */
const TTL = 0;

/** A result with the members that the revision requires. What the guest has written itself stays. */
export function completeResult(
  result: JsonObject,
  { method, isPrivate, serverInfo }: Completion,
): JsonObject {
  const meta = isObject(result._meta) ? result._meta : {};
  const mayCache = isCacheable(method) && result.resultType !== 'input_required';
  const identity = isObject(serverInfo) ? { [META.server]: serverInfo, ...meta } : meta;
  return {
    resultType: 'complete',
    ...(mayCache && { ttlMs: TTL, cacheScope: isPrivate ? 'private' : 'public' }),
    ...result,
    ...(Object.keys(identity).length > 0 && { _meta: identity }),
  };
}
