import type { GuestRequest } from '../../http/handler.ts';
import { type Ambiguity, ambiguityIn } from '../ambiguity/ambiguity.ts';
import type { Refusal } from '../edge/messages.ts';
import { INVALID_REQUEST } from '../edge/messages.ts';
import { parseJson, whyNotJson } from '../json.ts';
import { TooManyValues } from '../long-values/long-finder.ts';
import { type Outline, outlineOf } from '../long-values/outline.ts';
import { PARSE_ERROR } from './codes.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A request of a client. */
export interface ClientMessage {
  readonly request: GuestRequest;
  /** The body without its long values. */
  readonly text: Uint8Array;
  readonly id: string | number;
  readonly method: string;
  readonly params: JsonObject;
  readonly meta: JsonObject;
}

/** What the body is: a request, an error for the client, or neither, which is a notification. */
export interface Read {
  readonly message?: ClientMessage;
  readonly refusal?: Refusal;
  /** Of what is refused, if it could be read. */
  readonly id?: string | number;
}

export function jsonText(id: string | number): Uint8Array {
  return Buffer.from(JSON.stringify(id));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The body of a POST (MCP 2026-07-28, "Streamable HTTP", section "Sending Messages"). Members of `params` may be a `LongValue`.
 */
export function readMessage(
  request: GuestRequest,
  body: Uint8Array,
  outlined: () => Outline = () => outlineOf(body, 'client'),
): Read {
  let value: unknown;
  let text: Uint8Array;
  try {
    const outline = outlined();
    text = outline.text;
    const ambiguity = ambiguityIn(text);
    if (ambiguity !== undefined) return invalid(ambiguity.text, idIn(ambiguity));
    value = outline.fill(parseJson(DECODER.decode(text)));
  } catch (error) {
    if (error instanceof TooManyValues) return invalid(`the body has ${error.message}`);
    return { refusal: { status: 400, code: PARSE_ERROR, text: `the body ${whyNotJson(error)}` } };
  }
  if (!isObject(value) || value.jsonrpc !== '2.0') return invalid('the body is not a JSON-RPC 2.0 message');
  const { id, method, params = {} } = value;
  if (typeof method !== 'string') return invalid('clients send requests and notifications only');
  if (id === undefined) return {};
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) return invalid('an id is a string or an integer');
  if (!isObject(params)) return invalid('params is not an object', id as string | number);
  const meta = isObject(params._meta) ? params._meta : {};
  return { message: { request, text, id: id as string | number, method, params, meta } };
}

/** Undefined for an id that no request may have. */
function idIn({ id: text }: Ambiguity): string | number | undefined {
  const id: unknown = text === undefined ? undefined : JSON.parse(text);
  return typeof id === 'string' || Number.isSafeInteger(id) ? (id as string | number) : undefined;
}

const DECODER = new TextDecoder('utf-8', { fatal: true });

function invalid(text: string, id?: string | number): Read {
  return { refusal: { status: 400, code: INVALID_REQUEST, text }, ...(id !== undefined && { id }) };
}
