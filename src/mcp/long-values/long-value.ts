import { randomUUID } from 'node:crypto';
import { parseStored } from '../json.ts';

/** In front of the number of a long value, in texts that never leave this folder. Nobody else can write it. */
const MARK = `long value ${randomUUID()} `;

const MARKED = new RegExp(`"${MARK}(\\d+)"`);

/** The values that are being written; undefined while nothing is. Shared: a call of `writeJson` ends before the next one begins. */
let written: LongValue[] | undefined;

/** An object, array or string that was not parsed, because that would take long. */
export class LongValue {
  /** As they were received, in UTF-8. That they are JSON was not checked. */
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** For `JSON.stringify`, which takes its time outside of `writeJson`. */
  toJSON(): unknown {
    return written === undefined ? parseStored(this.bytes.toString()) : markOf(written.push(this) - 1);
  }
}

/** `JSON.stringify` for what may contain long values: they are written as they were received, in one line. */
export function writeJson(value: unknown): string {
  const values: LongValue[] = [];
  written = values;
  try {
    const text = JSON.stringify(value);
    if (values.length === 0) return text;
    return text
      .split(MARKED)
      .map((part, i) => (i % 2 === 0 ? part : oneLine(values[Number(part)]!)))
      .join('');
  } finally {
    written = undefined;
  }
}

/** Line breaks in JSON occur only between tokens, and would end the data of an event. */
function oneLine({ bytes }: LongValue): string {
  const text = bytes.toString();
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ') : text;
}

/** A string that stands for a long value until `unmarked` returns which. */
export function markOf(index: number): string {
  return `${MARK}${index}`;
}

/** The number of the long value that this stands for. */
export function unmarked(value: unknown): number | undefined {
  return typeof value === 'string' && value.startsWith(MARK) ? Number(value.slice(MARK.length)) : undefined;
}
