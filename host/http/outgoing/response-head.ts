import type { Socket } from 'node:net';

/** Maximum size in bytes of heads that are buffered; longer ones are left to the parser, which has its own limit. */
const MAX_HELD = 64 * 1024;
const END = '\r\n\r\n';
/** RFC 9112 section 4: a status line, and any beginning of one. */
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/;
const STATUS_LINE_BEGUN = /^(H(T(T(P(\/(1(\.([01]( \d{0,3})?)?)?)?)?)?)?)?)?$/;
const STATUS_LINE_SIZE = 'HTTP/1.1 200'.length;

/** Filters the heads of responses before the parser reads them. */
export interface ResponseHeads {
  /** To be called before each request: the next bytes are the head of a response. */
  expect(): void;
}

/**
 * Lets undici read from `socket` only what its parser accepts, which is stricter than HTTP demands of clients:
 *
 * - Interim responses are removed. A client must be able to parse any number of them, even if it expects none (RFC 9110 section
 *   15.2); undici closes a connection after 100. 101 remains: it was not requested, and what follows is not HTTP.
 * - `Content-Length` beside `Transfer-Encoding` is removed, and the connection is closed after that response (RFC 9112 section
 *   6.3); undici compares it with the body. Repetitions of the same `Content-Length` are removed (RFC 9110 section 8.6).
 *
 * undici reads bytes only by `read()`.
 */
export function filterResponseHeads(socket: Socket): ResponseHeads {
  const read = socket.read.bind(socket);
  let expecting = true;
  let skipped = 0;
  let held: Buffer = Buffer.alloc(0);

  /** What the parser may read now; undefined until the head is complete. Bytes before `fresh` were examined already. */
  function filtered(fresh: number): Buffer | undefined {
    for (let from = Math.max(0, fresh - END.length); ; from = 0) {
      const end = held.indexOf(END, from);
      if (end < 0) return isHeadBegun(held, from) && held.length + skipped < MAX_HELD ? undefined : held;
      const head = held.toString('latin1', 0, end + END.length);
      const rest = held.subarray(end + END.length);
      if (!isInterim(head)) return framedOnce(head, held, rest);
      skipped += head.length;
      held = rest;
    }
  }

  socket.read = (size?: number): Buffer | null => {
    // Streams call it themselves with a size.
    if (!expecting || size !== undefined) return read(size);
    for (let chunk = read() as Buffer | null; chunk !== null; chunk = read()) {
      const known = held.length;
      held = known === 0 ? chunk : Buffer.concat([held, chunk]);
      const readable = filtered(known);
      if (readable === undefined) continue;
      expecting = false;
      held = Buffer.alloc(0);
      return readable;
    }
    return null;
  };

  return {
    expect() {
      expecting = true;
      skipped = 0;
    },
  };
}

/** Whether this may become a head. Otherwise the parser fails at once. */
function isHeadBegun(held: Buffer, from: number): boolean {
  // A bare line feed, which would not end a head here, is refused (RFC 9112 section 2.2 allows that).
  if (/[^\r]\n/.test(held.toString('latin1', Math.max(0, from - 1)))) return false;
  return STATUS_LINE_BEGUN.test(held.toString('latin1', 0, STATUS_LINE_SIZE));
}

function isInterim(head: string): boolean {
  const status = Number(STATUS_LINE.exec(head)?.[1]);
  return status >= 100 && status < 200 && status !== 101;
}

/** Leaves one field that frames the response, if HTTP says which one counts. */
function framedOnce(head: string, whole: Buffer, rest: Buffer): Buffer {
  const lengths = head.match(/\r\ncontent-length:[^\r\n]*/gi) ?? [];
  const isCoded = /\r\ntransfer-encoding:/i.test(head);
  if (lengths.length === 0 || (lengths.length === 1 && !isCoded)) return whole;
  const values = new Set(lengths.map((line) => line.slice(line.indexOf(':') + 1).trim()));
  // Two different lengths are an error, which the parser reports.
  if (!isCoded && values.size > 1) return whole;
  const bare = head.replace(/\r\ncontent-length:[^\r\n]*/gi, '');
  const field = isCoded ? 'connection: close' : `content-length: ${[...values][0]}`;
  return Buffer.concat([Buffer.from(`${bare.slice(0, -2)}${field}${END}`, 'latin1'), rest]);
}
