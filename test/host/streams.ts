import type {
  BodySink,
  ByteSource,
  FieldList,
  HttpErrorCode,
  ResponseSink,
  StreamFailure,
} from '../../host/index.ts';
import { Signal } from '../../host/index.ts';
import type { StreamEnd } from '../../host/io/error.ts';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Of what was read or written. Throws the end of a stream. */
export function text(chunks: Uint8Array | StreamEnd | readonly Uint8Array[]): string {
  const list = chunks instanceof Uint8Array || 'tag' in chunks ? [bytesOf(chunks)] : chunks;
  return Buffer.concat(list).toString();
}

/** What was read. Throws the end of a stream. */
export function bytesOf(chunk: Uint8Array | StreamEnd): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw chunk.val;
}

function isError(result: unknown): result is { readonly val: unknown } {
  return typeof result === 'object' && result !== null && 'tag' in result && result.tag === 'err';
}

/** A source that the test fills. */
export interface TestSource extends ByteSource {
  push(text: string): void;
  end(trailers?: FieldList): void;
  fail(failure: StreamFailure): void;
  readonly cancelled: boolean;
}

export function testSource(): TestSource {
  const changed = new Signal();
  let held = Buffer.alloc(0);
  let ending: 'open' | 'ended' | 'failed' = 'open';
  let failure: StreamFailure | undefined;
  let trailers: FieldList | undefined;
  let cancelled = false;
  return {
    changed,
    get ready() {
      return held.length > 0 || ending !== 'open';
    },
    get state() {
      return held.length > 0 ? 'open' : ending;
    },
    get failure() {
      return failure;
    },
    get trailers() {
      return trailers;
    },
    get cancelled() {
      return cancelled;
    },
    read(max) {
      const chunk = held.subarray(0, max);
      held = held.subarray(chunk.length);
      return chunk;
    },
    cancel() {
      cancelled = true;
      held = Buffer.alloc(0);
    },
    push(more) {
      if (!cancelled) held = Buffer.concat([held, bytes(more)]);
      changed.wake();
    },
    end(fields) {
      ending = 'ended';
      trailers = fields;
      changed.wake();
    },
    fail(reason) {
      ending = 'failed';
      failure = reason;
      changed.wake();
    },
  };
}

/** A sink with this capacity, which the test empties. */
export interface TestSink extends BodySink {
  readonly chunks: Uint8Array[];
  readonly ended: boolean;
  readonly aborted: boolean;
  readonly trailers: FieldList | undefined;
  /** Frees capacity. */
  drain(): void;
  close(failure?: StreamFailure): void;
}

export function testSink(room: number = 2 ** 40): TestSink {
  const changed = new Signal();
  let capacity = room;
  let failure: StreamFailure | undefined;
  const state = { closed: false, ended: false, aborted: false };
  let trailers: FieldList | undefined;
  const chunks: Uint8Array[] = [];
  return {
    changed,
    chunks,
    get capacity() {
      return Math.max(0, capacity);
    },
    get closed() {
      return state.closed;
    },
    get failure() {
      return failure;
    },
    get ended() {
      return state.ended;
    },
    get aborted() {
      return state.aborted;
    },
    get trailers() {
      return trailers;
    },
    write(chunk) {
      capacity -= chunk.length;
      chunks.push(chunk);
    },
    end(fields) {
      state.ended = true;
      trailers = fields;
    },
    abort() {
      state.aborted = true;
    },
    drain() {
      capacity = room;
      changed.wake();
    },
    close(reason) {
      state.closed = true;
      failure = reason;
      changed.wake();
    },
  };
}

/** Records a response. */
export interface TestResponse extends TestSink, ResponseSink {
  status: number | undefined;
  headers: FieldList | undefined;
  code: HttpErrorCode | undefined;
}

export function testResponse(room?: number): TestResponse {
  const response = Object.defineProperties(
    {
      status: undefined,
      headers: undefined,
      code: undefined,
      head(status: number, headers: FieldList) {
        this.status = status as never;
        this.headers = headers as never;
      },
      error(code: HttpErrorCode) {
        this.code = code as never;
      },
    },
    Object.getOwnPropertyDescriptors(testSink(room)),
  );
  return response as unknown as TestResponse;
}

/** Returns the WIT error that a host function throws or returns; fails the test if there is none or it traps. */
export function thrown(call: () => unknown): unknown {
  try {
    const result = call();
    if (isError(result)) return result.val;
  } catch (error) {
    if (error instanceof Error) throw error;
    return error;
  }
  throw new TypeError('nothing was thrown');
}

/** Like `thrown`, for calls that wait. */
export async function rejection(promise: unknown): Promise<unknown> {
  if (!(promise instanceof Promise)) throw new TypeError('the call did not wait');
  return promise.then(
    (result) => {
      if (isError(result)) return result.val;
      throw new TypeError('nothing was thrown');
    },
    (error: unknown) => {
      if (error instanceof Error) throw error;
      return error;
    },
  );
}
