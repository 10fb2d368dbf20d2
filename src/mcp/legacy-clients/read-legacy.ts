import type { GuestRequest } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import { ambiguityIn } from '../ambiguity/ambiguity.ts';
import { REVISIONS } from '../edge/initialize.ts';
import { INVALID_REQUEST, type Refusal } from '../edge/messages.ts';
import { sessionOf } from '../edge/session.ts';
import { parseExactly, whyNotJson } from '../json.ts';
import { TooManyValues } from '../long-values/long-finder.ts';
import type { Outline } from '../long-values/outline.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { PARSE_ERROR } from '../modern/codes.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';
import { type ClientSession, readSessionId } from './session-id.ts';

export interface LegacyRequest {
  readonly kind: 'request';
  readonly id: string | number;
  readonly method: string;
  readonly params: JsonObject;
}

/** A message of a client. */
export type LegacyMessage =
  | LegacyRequest
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'response'; readonly whole: JsonObject };

interface Refused {
  readonly refusal: Refusal;
  /** Of the request, as it was written, if it is known. */
  readonly id?: Uint8Array | undefined;
}

const DECODER = new TextDecoder('utf-8', { fatal: true });

/** Numbers beyond the precision of JavaScript keep their digits. Members of `params` and `result` may be a `LongValue`. */
export function readLegacyMessage(outlined: () => Outline): LegacyMessage | Refused {
  let whole: unknown;
  try {
    const outline = outlined();
    const ambiguity = ambiguityIn(outline.text);
    if (ambiguity !== undefined) {
      const id = ambiguity.id === undefined ? undefined : Buffer.from(ambiguity.id);
      return { ...refused(ambiguity.text), id };
    }
    whole = outline.fill(parseExactly(DECODER.decode(outline.text)));
  } catch (error) {
    if (error instanceof TooManyValues) return refused(`the body has ${error.message}`);
    return { refusal: { status: 400, code: PARSE_ERROR, text: `the body ${whyNotJson(error)}` } };
  }
  if (!isObject(whole) || whole.jsonrpc !== '2.0') return refused('the body is not one JSON-RPC 2.0 message');
  const { id, method, params = {} } = whole;
  if (method === undefined) return { kind: 'response', whole };
  if (typeof method !== 'string' || !isObject(params)) return refused('method or params has a wrong type');
  if (id === undefined) return { kind: 'notification', method, params };
  if (typeof id === 'string' || Number.isSafeInteger(id)) {
    return { kind: 'request', id: id as string | number, method, params };
  }
  return refused('an id is a string or an integer');
}

/** The version that a server assumes when the client does not name one (MCP 2025-06-18, "Protocol Version Header"). */
const ASSUMED_VERSION = '2025-03-26';

/** The session of a request. A client without one has no capabilities. */
export function sessionFor(request: GuestRequest): { readonly session: ClientSession } | Refused {
  const version = header(request.headers, VERSION_HEADER);
  if (version !== undefined && !REVISIONS.includes(version)) {
    return refused(`unsupported protocol version ${JSON.stringify(version).slice(0, 100)}`);
  }
  const id = sessionOf(request);
  if (id === undefined) {
    const session = { id: '', version: version ?? ASSUMED_VERSION, capabilities: {}, info: undefined };
    return { session };
  }
  const session = readSessionId(id);
  return session === undefined
    ? { refusal: { status: 404, code: INVALID_REQUEST, text: 'there is no such session' } }
    : { session };
}

function refused(text: string): Refused {
  return { refusal: { status: 400, code: INVALID_REQUEST, text } };
}
