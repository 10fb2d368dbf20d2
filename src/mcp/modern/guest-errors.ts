import { INTERNAL_ERROR, METHOD_NOT_FOUND } from '../edge/messages.ts';
import { isObject, type JsonObject } from './client-message.ts';
import { HEADER_MISMATCH, INVALID_PARAMS, MISSING_CAPABILITY, UNSUPPORTED_VERSION } from './codes.ts';

/** Codes that earlier revisions had, and what they became (MCP 2026-07-28, "Overview", section "Error Codes"). */
const RENUMBERED: ReadonlyMap<unknown, number> = new Map([
  // Resource not found.
  [-32002, INVALID_PARAMS],
  // URL elicitation required: the client cannot be asked.
  [-32042, INTERNAL_ERROR],
]);

/** The range that the specification keeps for itself: a guest of an earlier revision cannot mean its errors. */
const RESERVED = { from: -32099, to: -32020 } as const;

/** HTTP statuses that the specification gives to errors. */
const STATUSES: ReadonlyMap<unknown, number> = new Map([
  [METHOD_NOT_FOUND, 404],
  [HEADER_MISMATCH, 400],
  [MISSING_CAPABILITY, 400],
  [UNSUPPORTED_VERSION, 400],
]);

/** An error of a guest of an earlier revision, as its client may see it. */
export function clientError(error: unknown): JsonObject {
  if (!isObject(error) || !Number.isSafeInteger(error.code)) {
    return { code: INTERNAL_ERROR, message: 'the server returned an error that is none' };
  }
  const code = error.code as number;
  const isReserved = code >= RESERVED.from && code <= RESERVED.to;
  return { ...error, code: RENUMBERED.get(code) ?? (isReserved ? INTERNAL_ERROR : code) };
}

/** The status of a response with this error; `status` is the guest's. */
export function statusOf({ code }: JsonObject, status: number): number {
  return STATUSES.get(code) ?? status;
}
