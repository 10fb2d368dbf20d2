import type { WasmcpError, WasmcpErrorCode } from '../../../host/index.ts';
import { header, withoutHeaders } from '../../http/headers.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { parseJson } from '../json.ts';
import { outlineOf } from '../long-values/outline.ts';
import { jsonResponse } from './json-response.ts';
import { INTERNAL_ERROR, INVALID_REQUEST, OWN_ID, sendError } from './messages.ts';

/** What a guest returned for a request of the edge's own. */
export interface ProbeResult {
  /** 0 when the guest failed before the head. */
  readonly status: number;
  readonly headers: string[];
  /** Undefined when it is incomplete, or longer than the limit. */
  readonly body: Uint8Array | undefined;
  /** The body, when it is a JSON-RPC response. */
  readonly response: Response | undefined;
  /** Whether the response may have an error: false where a look at the bytes shows that it has none. */
  readonly mayHaveError: boolean;
}

interface Response {
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/**
 * What follows: the client's request proceeds; the client is refused; the guest is unavailable, and the client may try again;
 * or the client gets the guest's response as it is.
 */
export type Verdict = 'proceed' | 'refused' | 'unavailable' | 'relay';

export interface Probe {
  /** Id of the client's request, as it was written. */
  readonly id: Uint8Array | undefined;
  /** What the probe decides, worded for the client. */
  readonly about: string;
  /** Longest body that is read, in bytes; 64 KiB by default. */
  readonly maxResponse?: number;
  judge(result: ProbeResult): Verdict;
  proceed(result: ProbeResult): void;
}

/** Failures of the guest itself. The client gets others as they are: a full queue, a broken store. */
const GUEST_FAILURES: ReadonlySet<WasmcpErrorCode> = new Set([
  'guest-trapped',
  'guest-no-response',
  'guest-error-response',
  'guest-timeout',
  'worker-lost',
]);

/** Longest body that is read by default, in bytes. */
const MAX_RESPONSE = 64 * 1024;

/** Statuses that refuse a client. It could not act on another one, which becomes 403. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403, 404]);

/** Longest `Retry-After`, in seconds. */
const LONGEST_WAIT = 3600;

/** Judges by the status alone. Only a success proceeds: a probe without a response must not grant anything. */
export function verdictByStatus({ status }: ProbeResult): Verdict {
  if (status >= 200 && status < 300) return 'proceed';
  return status < 200 || status === 408 || status === 429 || status >= 500 ? 'unavailable' : 'refused';
}

/** Where the response to a probe goes. `client` gets what ends its request. */
export function probeTarget(client: ResponseWriter, probe: Probe): ResponseWriter {
  const chunks: Uint8Array[] = [];
  let status = 0;
  let headers: string[] = [];
  let size = 0;
  const { maxResponse = MAX_RESPONSE } = probe;

  function decide(body: Uint8Array | undefined): void {
    const result = new Result(status, headers, body);
    const verdict = probe.judge(result);
    if (verdict === 'proceed') probe.proceed(result);
    else if (verdict === 'relay' && status > 0) relay(client, result);
    else if (verdict === 'refused') refuse(client, result, probe);
    else sendUnavailable(client, result, probe);
  }

  return jsonResponse({
    head(code, list) {
      status = code;
      headers = list;
    },
    chunk(bytes, acknowledged) {
      size += bytes.length;
      if (size <= maxResponse) chunks.push(bytes);
      acknowledged(bytes.length);
    },
    end: () => decide(size <= maxResponse ? joined(chunks) : undefined),
    fail(error: WasmcpError) {
      if (GUEST_FAILURES.has(error.code)) decide(undefined);
      else client.fail(error);
    },
    finished: client.finished,
  });
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Bytes that the text of an `error` member has, if none of its letters is escaped. */
const ERROR: Buffer = Buffer.from('error');
const BACKSLASH = 0x5c;

/**
 * Parses the body only when the response is accessed: most verdicts depend on the status alone, and an exception of JSON.parse
 * for an empty body costs more than the rest of a probe.
 */
class Result implements ProbeResult {
  readonly status: number;
  readonly headers: string[];
  readonly body: Uint8Array | undefined;

  constructor(status: number, headers: string[], body: Uint8Array | undefined) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get response(): Response | undefined {
    return this.body === undefined || this.body.length === 0 ? undefined : readResponse(this.body);
  }

  get mayHaveError(): boolean {
    if (this.body === undefined) return false;
    const { buffer, byteOffset, length } = this.body;
    const bytes = Buffer.from(buffer, byteOffset, length);
    return bytes.includes(ERROR) || bytes.includes(BACKSLASH);
  }
}

function readResponse(body: Uint8Array): Response | undefined {
  let message: unknown;
  try {
    const outline = outlineOf(body, 'guest');
    message = outline.fill(parseJson(outline.text.toString()));
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { id, result, error } = message as { id?: unknown; result?: unknown; error?: unknown };
  if (result !== undefined && error === undefined) return { id, result };
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, message: text } = error as { code?: unknown; message?: unknown };
  if (typeof code !== 'number') return undefined;
  return { id, error: { code, message: typeof text === 'string' ? text : '' } };
}

/** The client gets the guest's response as it is. */
export function relay(client: ResponseWriter, { status, headers, body }: ProbeResult): void {
  client.head(status, body === undefined ? withoutHeaders(headers, 'content-length') : headers);
  if (body !== undefined && body.length > 0) client.chunk(body, () => {});
  client.end([]);
}

/** Uses the guest's own words if there are any, but not under our id. */
function refuse(client: ResponseWriter, result: ProbeResult, { id, about }: Probe): void {
  const { status, response, headers } = result;
  const kept = REFUSALS.has(status);
  if (kept && response?.id !== OWN_ID) {
    relay(client, result);
    return;
  }
  const challenge = header(headers, 'www-authenticate');
  sendError(client, id, {
    status: kept ? status : 403,
    code: response?.error?.code ?? INVALID_REQUEST,
    text: response?.error?.message || `the server returned ${status} when asked for ${about}`,
    headers: challenge === undefined ? [] : ['www-authenticate', challenge],
  });
}

function sendUnavailable(
  client: ResponseWriter,
  { status, headers }: ProbeResult,
  { id, about }: Probe,
): void {
  const wait = Number(header(headers, 'retry-after'));
  const seconds = Number.isInteger(wait) && wait > 0 ? Math.min(wait, LONGEST_WAIT) : 1;
  const how = status === 0 ? 'did not respond' : `returned ${status}`;
  const text = `the server ${how} when asked for ${about}; try again later`;
  const retry = ['retry-after', String(seconds)];
  sendError(client, id, { status: 503, code: INTERNAL_ERROR, text, headers: retry });
}
