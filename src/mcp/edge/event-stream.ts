import type { Middleware } from '../../http/compose.ts';
import { createDeadline, type Deadline } from '../../http/deadline.ts';
import { header } from '../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { isEventStream } from './event-data.ts';

const LF = 0x0a;
const CR = 0x0d;
const COMMENT = ': keep-alive\n\n';

/**
 * Keeps what is between a guest and its client from buffering or closing a stream of server-sent events: headers for proxies,
 * unless the guest sends its own, and a comment when nothing was sent for `keepAlive` milliseconds. Comments are no activity of
 * the guest, whose deadlines lie behind this stage.
 */
export function withEventStreams(keepAlive: number | 'off'): Middleware {
  return (next) => (request, writer) => {
    let stream: KeptAlive | undefined;
    const call = next(
      request,
      wrapResponse(writer, {
        head(status, headers) {
          if (!isEventStream(headers)) return writer.head(status, headers);
          writer.head(status, forProxies(headers));
          if (keepAlive !== 'off' && request.method !== 'HEAD' && mayGrow(headers)) {
            stream = keepStreamAlive(writer, keepAlive);
          }
        },
        chunk(bytes, acknowledged) {
          stream?.sent(bytes);
          writer.chunk(bytes, acknowledged);
        },
        end(trailers) {
          stream?.stop();
          writer.end(trailers);
        },
        fail(error) {
          stream?.stop();
          writer.fail(error);
        },
      }),
    );
    return {
      cancel() {
        stream?.stop();
        call.cancel();
      },
      stop: (failure) => call.stop(failure),
    };
  };
}

/** nginx would collect events, and caches could repeat them. */
function forProxies(headers: string[]): string[] {
  const added: string[] = [];
  if (header(headers, 'cache-control') === undefined) added.push('cache-control', 'no-cache');
  if (header(headers, 'x-accel-buffering') === undefined) added.push('x-accel-buffering', 'no');
  return added.length === 0 ? headers : [...headers, ...added];
}

/** Whether text can be added: not to a body of known length, nor to a compressed one. */
function mayGrow(headers: readonly string[]): boolean {
  return header(headers, 'content-length') === undefined && header(headers, 'content-encoding') === undefined;
}

interface KeptAlive {
  /** The guest sends these bytes. */
  sent(bytes: Uint8Array): void;
  stop(): void;
}

function keepStreamAlive(writer: ResponseWriter, interval: number): KeptAlive {
  /** The last bytes of the stream. In front of the first event there may be a comment. */
  let end: readonly number[] = [LF, LF, LF];
  let isUnread = false;
  let silence: Deadline = start();

  function start(): Deadline {
    return createDeadline(performance.now(), interval, () => {
      // One at a time: a client that does not read must not make them pile up.
      if (endsEvent(end) && !isUnread) {
        isUnread = true;
        writer.chunk(new TextEncoder().encode(COMMENT), () => {
          isUnread = false;
        });
      }
      silence = start();
    });
  }

  return {
    sent(bytes) {
      // Their memory may be used for something else later.
      end = bytes.length >= 3 ? [...bytes.subarray(-3)] : [...end, ...bytes].slice(-3);
      silence.restart();
    },
    stop: () => silence.cancel(),
  };
}

/** Whether an empty line ends there (HTML, "Parsing an event stream"). After a CR, an LF could follow that belongs to it. */
function endsEvent([first, second, last]: readonly number[]): boolean {
  if (last !== LF) return false;
  return second === LF || (second === CR && (first === LF || first === CR));
}
