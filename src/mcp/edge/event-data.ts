import { header } from '../../http/headers.ts';

/** Notified of the `data` of events in a stream, as it arrives. */
export interface EventDataHandler {
  /** Some bytes of the current event's data. */
  data(bytes: Uint8Array): void;
  /** The event is complete. */
  dispatched(): void;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const LINE_BREAK: Uint8Array = Uint8Array.of(LF);

/** Whether a response with these headers is a stream of server-sent events. */
export function isEventStream(headers: readonly string[]): boolean {
  const type = header(headers, 'content-type') ?? '';
  return type === 'text/event-stream' || /^text\/event-stream\b/i.test(type);
}

/** Whether the bytes end where an event does, if they begin where one begins. */
export function endsEvent(bytes: Uint8Array): boolean {
  return bytes.at(-1) === LF && bytes.at(-2) === LF;
}

type Place = 'name' | 'value begins' | 'value' | 'skipped';

/**
 * Finds the data in a stream of server-sent events (HTML, "Parsing an event stream") without buffering any of it. The
 * returned function takes the stream's bytes.
 */
export function createEventDataReader({ data, dispatched }: EventDataHandler): (bytes: Uint8Array) => void {
  let place: Place = 'name';
  /** Name of the field, while it could still be `data`. */
  let name = '';
  let hasData = false;
  let afterReturn = false;

  function beginData(): void {
    if (hasData) data(LINE_BREAK);
    hasData = true;
  }

  function endLine(): void {
    if (place === 'name' && name === 'data') beginData();
    if (place === 'name' && name === '') {
      if (hasData) dispatched();
      hasData = false;
    }
    place = 'name';
    name = '';
  }

  return (bytes) => {
    let from = 0;
    for (let i = 0; i < bytes.length; i++) {
      if (place === 'value') i = endOfLine(bytes, i);
      if (i === bytes.length) break;
      const byte = bytes[i]!;
      const completesBreak = afterReturn && byte === LF;
      afterReturn = byte === CR;
      if (completesBreak) continue;
      if (byte === LF || byte === CR) {
        if (place === 'value') data(bytes.subarray(from, i));
        endLine();
      } else if (place === 'name') {
        if (byte === COLON) {
          place = name === 'data' ? 'value begins' : 'skipped';
          if (name === 'data') beginData();
        } else if (name.length > 4) place = 'skipped';
        else name += String.fromCharCode(byte);
      } else if (place === 'value begins') {
        place = 'value';
        from = byte === SPACE ? i + 1 : i;
      }
    }
    if (place === 'value') data(bytes.subarray(from));
  };
}

/** Most of a stream is data, of which only the end matters. */
function endOfLine(bytes: Uint8Array, from: number): number {
  const lf = bytes.indexOf(LF, from);
  const end = lf < 0 ? bytes.length : lf;
  const cr = bytes.subarray(from, end).indexOf(CR);
  return cr < 0 ? end : from + cr;
}
