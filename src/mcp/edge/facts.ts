import type { Middleware } from '../../http/compose.ts';
import type { GuestRequest, Upload } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import type { RequestRecord } from '../../http/request-record.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';
import { type Level, type MemberHandler, MemberScanner, type WantedMembers } from './member-scanner.ts';
import { createOutcomeReader } from './outcome.ts';

/** Maximum number of bytes of a message that are read for its facts. */
const MAX_READ = 64 * 1024;

const WANTED: WantedMembers = {
  scalars: [
    new Set(['method', 'id']),
    new Set(['name', 'protocolVersion']),
    new Set(['traceparent', 'tracestate']),
  ],
  entered: [new Set(['params']), new Set(['_meta'])],
};

/**
 * Notes in the request's record what its message says, and the response to it. In front of every other stage of MCP, and it
 * changes nothing.
 */
export function withFacts(): Middleware {
  const readOutcome = createOutcomeReader();
  return (next) => (request, target) => {
    const { record, body, method } = request;
    if (record === undefined || method !== 'POST' || body === undefined) return next(request, target);
    const reader = new FactsReader(record, header(request.headers, VERSION_HEADER));
    const response = readOutcome(record, target);
    if (!(body instanceof Uint8Array)) return next({ ...request, body: read(body, reader) }, response);
    reader.push(body);
    reader.end();
    return next(request, response);
  };
}

/** The facts are noted before the part of the upload that they were found in is passed on. */
function read(upload: Upload, reader: FactsReader): NonNullable<GuestRequest['body']> {
  return {
    start: (receiver) =>
      upload.start({
        data(bytes) {
          reader.push(bytes);
          return receiver.data(bytes);
        },
        end(trailers) {
          reader.end();
          receiver.end(trailers);
        },
        fail(error) {
          reader.end();
          receiver.fail(error);
        },
      }),
    resume: () => upload.resume(),
    stop: () => upload.stop(),
  };
}

class FactsReader implements MemberHandler {
  readonly #record: RequestRecord;
  readonly #scanner = new MemberScanner(this, WANTED);
  readonly #found = new Map<string, string>();
  #isNoted = false;

  constructor(record: RequestRecord, protocolVersion: string | undefined) {
    this.#record = record;
    if (protocolVersion !== undefined) this.#found.set('protocolVersion', protocolVersion);
  }

  push(bytes: Uint8Array): void {
    const scanner = this.#scanner;
    if (scanner.stopped) return;
    const end = Math.min(bytes.length, MAX_READ - scanner.read);
    scanner.push(bytes, end);
    if (scanner.complete || scanner.stopped || end < bytes.length) this.end();
  }

  /** Notes what was found. */
  end(): void {
    if (this.#isNoted) return;
    this.#isNoted = true;
    this.#scanner.stopped = true;
    const found = (name: string): string | undefined => this.#found.get(name);
    const method = found('method');
    if (method === undefined) return;
    this.#record.message({
      method,
      target: found('name'),
      protocolVersion: found('protocolVersion'),
      traceparent: found('traceparent'),
      tracestate: found('tracestate'),
      requestId: found('id'),
    });
  }

  scalar(_level: Level, name: string, value: unknown): void {
    // The header counts, and of repeated members the first.
    const isText = typeof value === 'string' || (name === 'id' && typeof value === 'number');
    if (isText && !this.#found.has(name)) this.#found.set(name, String(value));
  }

  /** Whatever follows does not count: guests do not read it either. */
  invalid(): void {
    this.#scanner.stopped = true;
  }

  name(): void {}
  container(): void {}
  member(): void {}
}
