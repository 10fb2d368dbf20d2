import type { Socket } from 'node:net';

/** Most bytes of heads that are held; what is longer is left to the parser, which has a limit of its own. */
const MAX_HELD = 64 * 1024;
const END = '\r\n\r\n';
/** RFC 9112 section 4, as far as it has come. */
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/;
const STATUS_LINE_BEGUN = /^(H(T(T(P(\/(1(\.([01]( \d{0,3})?)?)?)?)?)?)?)?)?$/;
const STATUS_LINE_SIZE = 'HTTP/1.1 200'.length;

/** Reads the heads of responses before the parser does. */
export interface ResponseHeads {
  /** What comes next is a response's. */
  expect(): void;
}

/**
 * Lets undici read from `socket` only what its parser takes, which is stricter than HTTP is to clients:
 *
 * - Interim responses are left out. RFC 9110 section 15.2: a client must be able to parse any number of them, also when it
 *   expects none; undici ends a connection for 100. 101 stays: it was not asked for, and what follows is no HTTP.
 * - `Content-Length` beside `Transfer-Encoding` is left out, and the connection closed after that response (RFC 9112 section
 *   6.3); undici compares it with the body. Repetitions of the same `Content-Length` are left out (RFC 9110 section 8.6).
 *
 * undici takes bytes by `read()` alone.
 */
export function filterResponseHeads(socket: Socket): ResponseHeads {
  const read = socket.read.bind(socket);
  let expecting = true;
  let skipped = 0;
  let held: Buffer = Buffer.alloc(0);

  /** What the parser may have now; undefined while the head is not complete. What is before `fresh` was seen already. */
  function pass(fresh: number): Buffer | undefined {
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
    // Streams ask themselves with a size.
    if (!expecting || size !== undefined) return read(size);
    for (let chunk = read() as Buffer | null; chunk !== null; chunk = read()) {
      const known = held.length;
      held = known === 0 ? chunk : Buffer.concat([held, chunk]);
      const passed = pass(known);
      if (passed === undefined) continue;
      expecting = false;
      held = Buffer.alloc(0);
      return passed;
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

/** Whether this may become a head. What is none fails at once, in the parser. */
function isHeadBegun(held: Buffer, from: number): boolean {
  // A bare line feed is refused (RFC 9112 section 2.2 lets that be chosen): it would be no end here.
  if (/[^\r]\n/.test(held.toString('latin1', Math.max(0, from - 1)))) return false;
  return STATUS_LINE_BEGUN.test(held.toString('latin1', 0, STATUS_LINE_SIZE));
}

function isInterim(head: string): boolean {
  const status = Number(STATUS_LINE.exec(head)?.[1]);
  return status >= 100 && status < 200 && status !== 101;
}

/** The response with one field that frames it, where HTTP says which one counts. */
function framedOnce(head: string, whole: Buffer, rest: Buffer): Buffer {
  const lengths = head.match(/\r\ncontent-length:[^\r\n]*/gi) ?? [];
  const isCoded = /\r\ntransfer-encoding:/i.test(head);
  if (lengths.length === 0 || (lengths.length === 1 && !isCoded)) return whole;
  const values = new Set(lengths.map((line) => line.slice(line.indexOf(':') + 1).trim()));
  // Two lengths are an error, which the parser finds.
  if (!isCoded && values.size > 1) return whole;
  const bare = head.replace(/\r\ncontent-length:[^\r\n]*/gi, '');
  const field = isCoded ? 'connection: close' : `content-length: ${[...values][0]}`;
  return Buffer.concat([Buffer.from(`${bare.slice(0, -2)}${field}${END}`, 'latin1'), rest]);
}
