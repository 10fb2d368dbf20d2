import { WasmcpError } from '../../../host/index.ts';
import { header, withHeader, withoutHeaders } from '../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { createEnvelopeReader, type EnvelopeReader } from './envelope.ts';
import { createEventDataReader } from './event-data.ts';

/**
 * For a client that accepts no streams: the response in a stream of events becomes the body, in the guest's bytes.
 * Notifications and requests of the server are dropped. Bodies of other types pass.
 */
export function jsonResponse(target: ResponseWriter): ResponseWriter {
  let unwrapped: Omit<ResponseWriter, 'head' | 'finished'> | undefined;
  return wrapResponse(target, {
    head(status, headers) {
      const type = header(headers, 'content-type') ?? '';
      if (/^text\/event-stream\b/i.test(type)) unwrapped = unwrap(target, status, headers);
      else target.head(status, headers);
    },
    chunk: (bytes, acknowledged) => (unwrapped ?? target).chunk(bytes, acknowledged),
    end: (trailers) => (unwrapped ?? target).end(trailers),
    fail: (error) => (unwrapped ?? target).fail(error),
  });
}

function unwrap(
  target: ResponseWriter,
  status: number,
  headers: string[],
): Omit<ResponseWriter, 'head' | 'finished'> {
  let reader: EnvelopeReader = createEnvelopeReader(isKnown);
  /** Data of an event whose kind is not known yet. */
  let held: Uint8Array[] = [];
  /** What the current chunk adds to the body. */
  let body: Uint8Array[] = [];
  let begun = false;
  let over = false;

  const read = createEventDataReader({
    data(bytes) {
      if (over) return;
      if (begun) {
        body.push(bytes);
        return;
      }
      const known = reader.push(bytes);
      if (!known || reader.envelope.kind === 'response') held.push(new Uint8Array(bytes));
      if (!known) return;
      begun = reader.envelope.kind === 'response';
      if (begun) body = held;
      held = [];
    },
    dispatched() {
      over ||= begun;
      held = [];
      reader = createEnvelopeReader(isKnown);
    },
  });

  return {
    chunk(bytes, acknowledged) {
      if (over) return acknowledged(bytes.length);
      const started = begun;
      read(bytes);
      if (begun && !started) {
        const framed = withoutHeaders(headers, 'content-length', 'trailer');
        target.head(status, withHeader(framed, 'content-type', 'application/json'));
      }
      if (body.length === 0) acknowledged(bytes.length);
      else target.chunk(Buffer.concat(body), () => acknowledged(bytes.length));
      body = [];
      if (over) target.end([]);
    },
    end() {
      if (over) return;
      over = true;
      if (begun) target.end([]);
      else
        target.fail(new WasmcpError('guest-no-response', 'the stream of the guest ended without a response'));
    },
    fail(error) {
      if (!over) target.fail(error);
      over = true;
    },
  };
}

function isKnown({ kind }: { readonly kind: unknown }): boolean {
  return kind !== undefined;
}
