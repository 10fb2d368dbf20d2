import type { ByteSink } from '../io/sink.ts';
import type { GuestIo } from '../options.ts';
import type { Signal } from '../signal.ts';
import { prefixedLines } from './lines.ts';

/** Discards what is printed before the first request. */
const NOWHERE: GuestIo = { stdout: prefixedLines('', () => {}), stderr: prefixedLines('', () => {}) };

/** Guests get their standard streams once, during instantiation: these forward to those of the current request. */
export class RedirectedIo implements GuestIo {
  current: GuestIo = NOWHERE;
  readonly stdout: ByteSink = new RedirectingSink(() => this.current.stdout);
  readonly stderr: ByteSink = new RedirectingSink(() => this.current.stderr);
}

/** A class, as an object literal with accessors would keep its instance alive until a full garbage collection. */
class RedirectingSink implements ByteSink {
  readonly #current: () => ByteSink;

  constructor(current: () => ByteSink) {
    this.#current = current;
  }

  get capacity(): number {
    return this.#current().capacity;
  }

  get closed(): boolean {
    return this.#current().closed;
  }

  get changed(): Signal {
    return this.#current().changed;
  }

  write(chunk: Uint8Array): void {
    this.#current().write(chunk);
  }
}
