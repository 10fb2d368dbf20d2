import { isUtf8 } from 'node:buffer';
import { free } from '../../../host/index.ts';
import { LONG, LongFinder, type Range } from './long-finder.ts';
import { LongValue, markOf, unmarked } from './long-value.ts';

/** A message whose long members are left out. */
export interface Outline {
  /** The message, with a short string for each of them. */
  readonly text: Buffer;
  /** Puts them back into what `text` was parsed to, as `LongValue`s. */
  fill(message: unknown): unknown;
}

/** Members of `params` that are parsed however long they are: the edge reads them. */
const OF_CLIENTS: ReadonlySet<string> = new Set([
  ...['_meta', 'name', 'uri', 'taskId', 'inputResponses', 'notifications', 'capabilities', 'clientInfo'],
]);

/** Those of `result`, `params` and `error` in the messages of guests. */
const OF_GUESTS: ReadonlySet<string> = new Set(['_meta', 'tools', 'inputRequests', 'inputResponses']);

/** Most values that are parsed of a message of a client, and of a guest: lists of tools are long. */
const MAX_OF_CLIENTS: number = 64 * 1024;
const MAX_OF_GUESTS: number = 256 * 1024;

export type Writer = 'client' | 'guest';

const NONE: Buffer = Buffer.alloc(0);

/** The bytes of a message as they arrive. Those that are long are looked at meanwhile, so that no other client waits for it. */
export class MessageBytes {
  readonly #writer: Writer;
  #bytes: Buffer;
  #length = 0;
  #finder: LongFinder | undefined;

  /** `expected` is the number of bytes that will probably arrive. */
  constructor(writer: Writer, expected = 0) {
    this.#writer = writer;
    this.#bytes = expected === 0 ? NONE : Buffer.allocUnsafe(expected);
  }

  /** Copies them. */
  push(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
    if (length <= LONG) return;
    this.#finder ??= finderFor(this.#writer);
    this.#finder.advance(this.#bytes, length);
  }

  #grow(length: number): void {
    const before = this.#bytes;
    this.#bytes = Buffer.allocUnsafe(Math.max(length, 2 * before.length));
    if (this.#length === 0) return;
    before.copy(this.#bytes, 0, 0, this.#length);
    free(before);
  }

  /** All bytes so far. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * The outline of the whole message.
   *
   * @throws SyntaxError if it is nested too deeply, is not UTF-8, or, as `TooManyValues`, would take long to parse
   */
  outline(): Outline {
    const finder = this.#finder;
    return finder === undefined ? new Whole(this.bytes) : cut(this.bytes, finder, this.#writer);
  }
}

/** The outline of a message that is there as a whole. */
export function outlineOf(bytes: Uint8Array, writer: Writer): Outline {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length <= LONG) return new Whole(whole);
  const finder = finderFor(writer);
  finder.advance(whole, whole.length);
  return cut(whole, finder, writer);
}

function finderFor(writer: Writer): LongFinder {
  const [names, most] = writer === 'client' ? [OF_CLIENTS, MAX_OF_CLIENTS] : [OF_GUESTS, MAX_OF_GUESTS];
  return new LongFinder((quotedName) => {
    try {
      return names.has(JSON.parse(quotedName) as string);
    } catch {
      return true;
    }
  }, most);
}

function cut(bytes: Buffer, finder: LongFinder, writer: Writer): Outline {
  finder.end();
  const { error, found } = finder;
  if (error !== undefined) throw error;
  if (found.length === 0) return new Whole(bytes);
  const values = found.map(({ start, end }) => new LongValue(bytes.subarray(start, end)));
  // Of guests, other bytes are replaced.
  const mustBeUtf8 = writer === 'client';
  if (mustBeUtf8 && !values.every((value) => isUtf8(value.bytes))) throw new SyntaxError('not UTF-8');
  return new Cut(withMarks(bytes, found), values);
}

/** Nothing is left out. */
class Whole implements Outline {
  readonly text: Buffer;

  constructor(text: Buffer) {
    this.text = text;
  }

  fill(message: unknown): unknown {
    return message;
  }
}

class Cut implements Outline {
  readonly text: Buffer;
  readonly #values: readonly LongValue[];

  constructor(text: Buffer, values: readonly LongValue[]) {
    this.text = text;
    this.#values = values;
  }

  fill(message: unknown): unknown {
    if (typeof message !== 'object' || message === null) return message;
    for (const members of Object.values(message)) {
      if (typeof members !== 'object' || members === null) continue;
      for (const [name, member] of Object.entries(members)) {
        const index = unmarked(member);
        if (index === undefined) continue;
        // Not by assignment, which a member `__proto__` would make something else of.
        Object.defineProperty(members, name, { ...PLAIN, value: this.#values[index] });
      }
    }
    return message;
  }
}

const PLAIN = { writable: true, enumerable: true, configurable: true };

function withMarks(bytes: Buffer, long: readonly Range[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const [i, { start, end }] of long.entries()) {
    parts.push(bytes.subarray(from, start), Buffer.from(JSON.stringify(markOf(i))));
    from = end;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]);
}
