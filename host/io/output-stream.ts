import type { Guest } from '../guest.ts';
import type { Signal } from '../signal.ts';
import { streamErrors } from './error.ts';
import { InputStream } from './input-stream.ts';
import { Pollable, type Waitable } from './poll.ts';
import type { ByteSink } from './sink.ts';

/** Maximum number of zeroes in one chunk: a guest may request 2^64 of them. */
const ZEROES = 64 * 1024;

/** The writer of a stream. A body that is not sent yet has no guest: writing to it never waits. */
export interface Writer {
  readonly guest: Guest | undefined;
}

/**
 * The resource `output-stream` of `wasi:io/streams`. Errors are thrown as `stream-error` values.
 *
 * `blocking-write-and-flush` accepts any length, although WIT says 4096 bytes: existing guests rely on it, and the bytes are
 * written in pieces as the sink has capacity.
 */
export class OutputStream {
  readonly #writer: Writer;
  readonly #sink: ByteSink;
  readonly #dropped: (() => void) | undefined;
  readonly #error: ReturnType<typeof streamErrors> = streamErrors();
  #permit = 0;

  /** `dropped` is called when the guest drops the stream. */
  constructor(writer: Writer, sink: ByteSink, dropped?: () => void) {
    this.#writer = writer;
    this.#sink = sink;
    this.#dropped = dropped;
  }

  checkWrite(): bigint {
    this.#check();
    this.#permit = this.#sink.capacity;
    return BigInt(this.#permit);
  }

  /** Traps if `checkWrite` has not permitted as much. */
  write(contents: Uint8Array): void {
    this.#spend(contents.length);
    this.#check();
    this.#put(part(contents, 0, contents.length));
  }

  /** Traps if `checkWrite` has not permitted as much. */
  writeZeroes(length: bigint): void {
    const count = Number(length);
    this.#spend(count);
    this.#check();
    for (let left = count; left > 0; left -= ZEROES) this.#put(new Uint8Array(Math.min(left, ZEROES)));
  }

  blockingWriteAndFlush(contents: Uint8Array): void | Promise<void> {
    return this.#writeAll(contents.length, (from, to) => part(contents, from, to));
  }

  blockingWriteZeroesAndFlush(length: bigint): void | Promise<void> {
    return this.#writeAll(Number(length), (from, to) => new Uint8Array(Math.min(to - from, ZEROES)));
  }

  /** Nothing is buffered here, so there is nothing to start: a flush is complete once the sink has capacity again. */
  flush(): void {
    this.#check();
  }

  blockingFlush(): void | Promise<void> {
    if (!this.#isReady()) return this.#untilReady().then(() => this.#check());
    return this.#yieldIfDue(() => this.#check());
  }

  splice(source: InputStream, length: bigint): bigint {
    this.#check();
    const room = BigInt(this.#sink.capacity);
    const chunk = InputStream.take(source, length < room ? length : room);
    // The sink owns the chunk then, and may free it.
    const spliced = BigInt(chunk.length);
    if (chunk.length > 0) this.#put(chunk);
    return spliced;
  }

  blockingSplice(source: InputStream, length: bigint): bigint | Promise<bigint> {
    const readable = InputStream.waitable(source);
    if (!this.#canSplice(readable)) return this.#waitAndSplice(source, readable, length);
    return this.#yieldIfDue(() => this.splice(source, length));
  }

  subscribe(): Pollable {
    return new Pollable(new Writable(this.#writer, this.#sink));
  }

  [Symbol.dispose](): void {
    this.#dropped?.();
  }

  #check(): void {
    this.#writer.guest?.check();
    if (this.#sink.closed) throw this.#error(this.#sink.failure);
  }

  #spend(length: number): void {
    if (length > this.#permit) throw new WebAssembly.RuntimeError('write of more than check-write permitted');
    this.#permit -= length;
  }

  #put(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#sink.write(chunk);
    // A failure of this write is reported by this call, a reader that has gone away by the next one.
    if (this.#sink.closed && this.#sink.failure !== undefined) throw this.#error(this.#sink.failure);
  }

  #isReady(): boolean {
    return isReady(this.#sink);
  }

  /** There is something to copy and capacity for it, or an end to report. */
  #canSplice(source: Waitable): boolean {
    return this.#sink.closed || (this.#sink.capacity > 0 && source.ready());
  }

  #writeAll(length: number, piece: (from: number, to: number) => Uint8Array): void | Promise<void> {
    let written = 0;
    /** Writes a piece. Returns a promise if other guests must run before the next: files have capacity forever. */
    const advance = (): Promise<void> | undefined => {
      const chunk = piece(written, Math.min(length, written + this.#sink.capacity));
      written += chunk.length;
      this.#put(chunk);
      if (written === length) return undefined;
      this.#check();
      return this.#writer.guest?.turnIfDue();
    };
    const finish = async (turn: Promise<void> | undefined): Promise<void> => {
      await turn;
      for (;;) {
        await this.#untilReady();
        this.#check();
        if (written === length) return;
        await advance();
      }
    };
    return this.#yieldIfDue(() => {
      this.#check();
      while (written < length && this.#sink.capacity > 0) {
        const turn = advance();
        if (turn !== undefined) return finish(turn);
      }
      if (written < length || !this.#isReady()) return finish(undefined);
    });
  }

  #yieldIfDue<T>(work: () => T | Promise<T>): T | Promise<T> {
    const guest = this.#writer.guest;
    return guest === undefined ? work() : guest.yieldIfDue(work);
  }

  async #untilReady(): Promise<void> {
    while (!this.#isReady()) await this.#suspend([]);
  }

  async #waitAndSplice(source: InputStream, readable: Waitable, length: bigint): Promise<bigint> {
    while (!this.#canSplice(readable)) await this.#suspend([readable]);
    return this.splice(source, length);
  }

  #suspend(others: readonly Waitable[]): Promise<void> {
    const guest = this.#writer.guest;
    if (guest === undefined) throw new TypeError('a body that is not sent yet cannot be waited for');
    return guest.suspend([this.#sink.changed, ...others.map((other) => other.changed)]);
  }
}

/** A class, as an object literal with accessors would keep its request alive until a full garbage collection. */
class Writable implements Waitable {
  readonly #writer: Writer;
  readonly #sink: ByteSink;

  constructor(writer: Writer, sink: ByteSink) {
    this.#writer = writer;
    this.#sink = sink;
  }

  get guest(): Guest | undefined {
    return this.#writer.guest;
  }

  get changed(): Signal {
    return this.#sink.changed;
  }

  ready(): boolean {
    return isReady(this.#sink);
  }
}

/** There is capacity for at least one byte, or an end to report. */
function isReady(sink: ByteSink): boolean {
  return sink.closed || sink.capacity > 0;
}

/** Copies a view of the guest's memory, which may change. What the glue passes is usually a copy already. */
function part(contents: Uint8Array, from: number, to: number): Uint8Array {
  return to - from === contents.buffer.byteLength ? contents : contents.slice(from, to);
}
