import type { Middleware } from '../../http/compose.ts';
import type { GuestRequest, Upload } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import type { RequestRecord } from '../../http/request-record.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';
import { type Level, type MemberHandler, MemberScanner, type WantedMembers } from './member-scanner.ts';
import { createOutcomeReader } from './outcome.ts';

/** Maximum number of bytes of a message that are read for its facts. */
const MAX_READ = 64 * 1024;

/** Bytes up to which it is faster to parse a whole message than to look for what is needed. */
const SMALL = 4096;

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
    const response = readOutcome(record, target);
    const version = header(request.headers, VERSION_HEADER);
    if (body instanceof Uint8Array && readWhole(record, body, version)) return next(request, response);
    const reader = new FactsReader(record, version);
    if (!(body instanceof Uint8Array)) return next({ ...request, body: read(body, reader) }, response);
    reader.push(body);
    reader.end();
    return next(request, response);
  };
}

/** Returns whether it was a small message, so that its facts are known. */
function readWhole(record: RequestRecord, body: Uint8Array, version: string | undefined): boolean {
  if (body.length > SMALL) return false;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.length);
  const message = objectIn(bytes.toString());
  if (message === undefined) return false;
  const { method, id } = message;
  if (typeof method !== 'string') return true;
  const params = objectOf(message.params);
  const meta = objectOf(params._meta);
  record.message({
    method,
    target: textOf(params.name),
    protocolVersion: version ?? textOf(params.protocolVersion),
    traceparent: textOf(meta.traceparent),
    tracestate: textOf(meta.tracestate),
    requestId: typeof id === 'number' ? String(id) : textOf(id),
  });
  return true;
}

type Members = Readonly<Record<string, unknown>>;

const NONE: Members = {};

/** Undefined for what is no JSON: its beginning may still be a message. */
function objectIn(text: string): Members | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Arrays have no member that is looked for. */
function objectOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : NONE;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
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
  readonly #hasVersion: boolean;
  #isNoted = false;

  constructor(record: RequestRecord, protocolVersion: string | undefined) {
    this.#record = record;
    this.#hasVersion = protocolVersion !== undefined;
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
    const isText = typeof value === 'string' || (name === 'id' && typeof value === 'number');
    // The header counts, and of repeated members the last, as for guests.
    const isGiven = name === 'protocolVersion' && this.#hasVersion;
    if (isText && !isGiven) this.#found.set(name, String(value));
  }

  /** Whatever follows does not count: guests do not read it either. */
  invalid(): void {
    this.#scanner.stopped = true;
  }

  name(): void {}
  container(): void {}
  member(): void {}
}
