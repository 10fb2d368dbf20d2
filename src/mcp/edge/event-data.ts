/** Told of the `data` of events in a stream, as it comes. */
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

type Place = 'name' | 'value begins' | 'value' | 'skipped';

/**
 * Finds the data in a stream of server-sent events (HTML, "Parsing an event stream") without holding any of it back. Give
 * the function the stream's bytes.
 */
export function createEventDataReader({ data, dispatched }: EventDataHandler): (bytes: Uint8Array) => void {
  let place: Place = 'name';
  /** Name of the field, as long as it could be `data`. */
  let name = '';
  let hasData = false;
  let afterReturn = false;

  function dataBegins(): void {
    if (hasData) data(LINE_BREAK);
    hasData = true;
  }

  function lineRead(): void {
    if (place === 'name' && name === 'data') dataBegins();
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
      const half = afterReturn && byte === LF;
      afterReturn = byte === CR;
      if (half) continue;
      if (byte === LF || byte === CR) {
        if (place === 'value') data(bytes.subarray(from, i));
        lineRead();
      } else if (place === 'name') {
        if (byte === COLON) {
          place = name === 'data' ? 'value begins' : 'skipped';
          if (name === 'data') dataBegins();
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

/** Most of a stream is data, in which nothing matters but where it ends. */
function endOfLine(bytes: Uint8Array, from: number): number {
  const lf = bytes.indexOf(LF, from);
  const end = lf < 0 ? bytes.length : lf;
  const cr = bytes.subarray(from, end).indexOf(CR);
  return cr < 0 ? end : from + cr;
}
