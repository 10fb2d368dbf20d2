import type { Readable } from 'node:stream';
import type { FieldList } from '../../io/source.ts';
import type { Connection, Connections } from './connections.ts';
import { errorCodeOf, OutgoingError } from './error-code.ts';
import type { RequestEvents, Sending, SentRequest } from './transport.ts';

/** RFC 9110 section 9.2.2: methods whose requests can be repeated. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Sends a request on a connection of `connections`. If an idle connection turns out to be closed, an idempotent request without
 * a body is sent again, once, on a new one (RFC 9112 section 9.3.1).
 */
export function sendOver(
  connections: Promise<Connections>,
  request: SentRequest,
  events: RequestEvents,
): Sending {
  let connection: Connection | undefined;
  let flow: { pause(): void; resume(): void } | undefined;
  let started = false;
  let aborted = false;
  /** The request is known to consist of its head only. */
  let bodiless = request.body === undefined;

  function mayRepeat(error: Error): boolean {
    return (
      connection?.reused === true &&
      !started &&
      bodiless &&
      IDEMPOTENT.has(request.method) &&
      errorCodeOf(error).tag === 'connection-terminated'
    );
  }

  async function send(fresh: boolean, body: AsyncIterable<Uint8Array> | undefined): Promise<void> {
    const [open] = await Promise.all([connections, request.allowed]);
    if (aborted) return;
    events.connecting();
    connection = open.take(request.destination, fresh);
    const { path, method, headers } = request;
    connection.send(
      // undici accepts any async iterable as a body; its types do not.
      { path, method, headers: [...headers], body: (body as unknown as Readable | undefined) ?? null },
      {
        onRequestStart(controller) {
          flow = controller;
          if (!aborted) events.connected();
        },
        onResponseStart(controller, status) {
          // What follows would be another protocol, which was not requested.
          if (status === 101) controller.abort(new OutgoingError({ tag: 'HTTP-upgrade-failed' }));
          // 1xx are not final responses (RFC 9110 section 15.2).
          if (status < 200 || aborted) return;
          started = true;
          events.head({ status, headers: fieldsOf(controller.rawHeaders) });
        },
        onResponseData(_controller, chunk) {
          if (!aborted) events.data(chunk);
        },
        onResponseEnd(controller) {
          connection?.release();
          // From here on they belong to another request.
          connection = undefined;
          flow = undefined;
          if (!aborted) events.ended(fieldsOf(controller.rawTrailers));
        },
        onResponseError(_controller, error) {
          connection?.destroy(error);
          if (mayRepeat(error)) send(true, undefined).catch(fail);
          else fail(error);
        },
      },
    );
  }

  function fail(error: unknown): void {
    if (!aborted) events.failed(error);
  }

  function sized(bytes: number): void {
    bodiless = bytes === 0;
  }

  send(false, request.body && counted(request.body, sized)).catch(fail);

  return {
    pause: () => flow?.pause(),
    resume: () => flow?.resume(),
    abort(reason) {
      if (aborted) return;
      aborted = true;
      connection?.destroy(reason);
    },
  };
}

/**
 * The same body; calls `ended` with its number of bytes. Not nested in a function: V8 would keep the generator, and with it the
 * request, alive until a full garbage collection.
 */
async function* counted(
  body: AsyncIterable<Uint8Array>,
  ended: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    yield chunk;
  }
  ended(bytes);
}

/** Raw fields of undici, which alternate names and values. Copies the bytes. */
function fieldsOf(raw: unknown): FieldList {
  if (!Array.isArray(raw)) return [];
  const fields: [string, Uint8Array][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    fields.push([Buffer.from(raw[at]).toString('latin1'), Uint8Array.from(raw[at + 1] as Buffer)]);
  }
  return fields;
}
