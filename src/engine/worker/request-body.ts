import { type ByteSource, type FieldList, Signal, type StreamFailure } from '../../../host/index.ts';
import { toFields } from './fields.ts';

/** The body of a request whose bytes come in messages. */
export interface RequestBody extends ByteSource {
  push(bytes: Uint8Array): void;
  end(trailers: readonly string[]): void;
  fail(): void;
}

const EMPTY: Uint8Array = new Uint8Array(0);
const BROKEN: StreamFailure = {
  message: 'the client broke the request off',
  http: { tag: 'connection-terminated' },
};

/** `taken` is called with the number of bytes that the guest has read or dropped: as many more may be sent. */
export function createRequestBody(taken: (bytes: number) => void): RequestBody {
  const changed = new Signal();
  const chunks: Uint8Array[] = [];
  let complete = false;
  let cancelled = false;
  let failure: StreamFailure | undefined;
  let trailers: FieldList | undefined;

  return {
    changed,
    get ready() {
      return chunks.length > 0 || complete || failure !== undefined;
    },
    get state() {
      if (chunks.length > 0) return 'open';
      if (failure !== undefined) return 'failed';
      return complete ? 'ended' : 'open';
    },
    get failure() {
      return failure;
    },
    get trailers() {
      return trailers;
    },
    read(max) {
      const first = chunks[0];
      if (first === undefined || max === 0) return EMPTY;
      if (first.length > max) {
        chunks[0] = first.subarray(max);
        taken(max);
        return first.subarray(0, max);
      }
      chunks.shift();
      taken(first.length);
      return first;
    },
    cancel() {
      cancelled = true;
      for (const bytes of chunks.splice(0)) taken(bytes.length);
    },
    push(bytes) {
      if (cancelled) taken(bytes.length);
      else if (bytes.length > 0) chunks.push(bytes);
      changed.wake();
    },
    end(flat) {
      complete = true;
      trailers = toFields(flat);
      changed.wake();
    },
    fail() {
      if (complete) return;
      failure = BROKEN;
      changed.wake();
    },
  };
}
