import { Fields } from '../../../../host/http/fields.ts';
import type { FutureResult } from '../../../../host/http/future.ts';
import { IncomingBody } from '../../../../host/http/incoming-body.ts';
import type { Method } from '../../../../host/http/incoming-request.ts';
import type { FutureIncomingResponse, IncomingResponse } from '../../../../host/http/incoming-response.ts';
import { OutgoingBody } from '../../../../host/http/outgoing-body.ts';
import { OutgoingRequest } from '../../../../host/http/outgoing-request.ts';
import { RequestOptions } from '../../../../host/http/request-options.ts';
import {
  createHost,
  Guest,
  type HttpErrorCode,
  type OutgoingHttp,
  type Pass,
} from '../../../../host/index.ts';
import { bytes, bytesOf, testSink, text } from '../../streams.ts';

/** A request of a guest; times in milliseconds. */
export interface Call {
  readonly method?: Method;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
  readonly trailers?: readonly (readonly [string, string])[];
  readonly connect?: number;
  readonly firstByte?: number;
  readonly betweenBytes?: number;
}

/** The result of a call, from the first byte to the trailers; `error` is an `error-code`. */
export interface Answer {
  readonly status?: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly trailers?: readonly (readonly [string, string])[] | undefined;
  readonly error?: HttpErrorCode;
}

/** A guest that makes requests, simulated by the test. */
export interface Player {
  readonly guest: Guest;
  /** Calls `handle`; a refusal is thrown as an `error-code`. */
  start(url: string, call?: Call): { readonly future: FutureIncomingResponse; readonly body: OutgoingBody };
  /** Sends all, reads all. */
  fetch(url: string, call?: Call): Promise<Answer>;
}

export function play(outgoing: OutgoingHttp, pass: Pass = (release) => release()): Player {
  const guest = new Guest();
  const io = { stdout: testSink(), stderr: testSink() };
  const handler = createHost({ outgoing, pass }).bind(guest, io)('wasi:http/outgoing-handler@0.2.6') as {
    handle(request: OutgoingRequest, options: RequestOptions | undefined): FutureIncomingResponse;
  };

  function start(url: string, call: Call = {}): ReturnType<Player['start']> {
    const request = requestFor(url, call);
    const body = request.body();
    return { future: handler.handle(request, optionsFor(call)), body };
  }

  async function fetch(url: string, call: Call = {}): Promise<Answer> {
    let started: ReturnType<Player['start']>;
    try {
      started = start(url, call);
    } catch (error) {
      return { error: error as HttpErrorCode, headers: [], body: Buffer.alloc(0) };
    }
    await write(started.body, call.body, call.trailers).catch(() => {});
    const response = await responseOf(started.future);
    if (!('status' in response)) return { error: response, headers: [], body: Buffer.alloc(0) };
    return read(response);
  }

  return { guest, start, fetch };
}

export function requestFor(url: string, call: Call = {}): OutgoingRequest {
  const [, scheme, authority, path] = /^(\w+):\/\/([^/?]*)(.*)$/.exec(url) ?? [];
  const request = new OutgoingRequest(fields(call.headers ?? []));
  request.setMethod(call.method ?? { tag: 'get' });
  request.setScheme({ tag: scheme === 'http' ? 'HTTP' : 'HTTPS' });
  request.setAuthority(authority);
  request.setPathWithQuery(path);
  return request;
}

/** Writes a whole body, as fast as it is read. Rejects with the `stream-error`. */
export async function write(
  body: OutgoingBody,
  content: string | Uint8Array = '',
  trailers?: Call['trailers'],
): Promise<void> {
  const stream = body.write();
  const data = typeof content === 'string' ? bytes(content) : content;
  try {
    await stream.blockingWriteAndFlush(data);
  } finally {
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, trailers && fields(trailers));
  }
}

export async function responseOf(future: FutureIncomingResponse): Promise<IncomingResponse | HttpErrorCode> {
  await future.subscribe().block();
  const result = future.get() as Extract<FutureResult<IncomingResponse>, { tag: 'ok' }>;
  return result.val.val;
}

/** The same, for a request that must succeed. */
export async function received(future: FutureIncomingResponse): Promise<IncomingResponse> {
  const response = await responseOf(future);
  if (!('status' in response)) throw new TypeError(`the request failed: ${response.tag}`);
  return response;
}

/** Reads at most `max` bytes, then drops the body. */
export async function read(
  response: IncomingResponse,
  max: number = Number.POSITIVE_INFINITY,
): Promise<Answer> {
  const head = { status: response.status(), headers: pairs(response.headers()) };
  const body = response.consume();
  const stream = body.stream();
  const chunks: Uint8Array[] = [];
  let error: unknown;
  for (let size = 0; size < max && error === undefined; ) {
    try {
      const chunk = bytesOf(await stream.blockingRead(65_536n));
      chunks.push(chunk);
      size += chunk.length;
    } catch (thrown) {
      error = thrown;
    }
  }
  stream[Symbol.dispose]();
  const answer = { ...head, body: Buffer.concat(chunks) };
  if (chunks.length > 0 && error === undefined) {
    body[Symbol.dispose]();
    return answer;
  }
  const trailers = IncomingBody.finish(body);
  await trailers.subscribe().block();
  const end = trailers.get() as Extract<FutureResult<Fields | undefined>, { tag: 'ok' }>;
  if (end.val.tag === 'err') return { ...answer, error: end.val.val };
  return { ...answer, trailers: end.val.val && pairs(end.val.val) };
}

function fields(entries: readonly (readonly [string, string])[]): Fields {
  return Fields.fromList(entries.map(([name, value]) => [name, bytes(value)]));
}

function pairs(from: Fields): [string, string][] {
  return from.entries().map(([name, value]) => [name, text(value)]);
}

function optionsFor({ connect, firstByte, betweenBytes }: Call): RequestOptions {
  const nanoseconds = (ms: number | undefined): bigint | undefined =>
    ms === undefined ? undefined : BigInt(ms) * 1_000_000n;
  const options = new RequestOptions();
  options.setConnectTimeout(nanoseconds(connect));
  options.setFirstByteTimeout(nanoseconds(firstByte));
  options.setBetweenBytesTimeout(nanoseconds(betweenBytes));
  return options;
}
