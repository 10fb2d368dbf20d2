import type { Guest } from '../guest.ts';
import type { HttpErrorCode } from '../io/error.ts';
import { InputStream } from '../io/input-stream.ts';
import { Pollable } from '../io/poll.ts';
import type { ByteSource } from '../io/source.ts';
import { Fields } from './fields.ts';
import type { FutureResult } from './future.ts';

/** The body of a received message, until the guest takes it. */
export class UntakenBody {
  readonly #guest: Guest;
  readonly #source: ByteSource;
  #taken = false;

  constructor(guest: Guest, source: ByteSource) {
    this.#guest = guest;
    this.#source = source;
  }

  /** Once only. */
  take(): IncomingBody {
    this.#guest.check();
    if (this.#taken) throw undefined;
    this.#taken = true;
    return new IncomingBody(this.#guest, this.#source);
  }

  /** The message is dropped. A body that was taken remains. */
  drop(): void {
    if (!this.#taken) this.#source.cancel();
  }
}

/** The resource `incoming-body` of `wasi:http/types`. */
export class IncomingBody {
  readonly #guest: Guest;
  readonly #source: ByteSource;
  #stream: 'untaken' | 'alive' | 'dropped' = 'untaken';

  constructor(guest: Guest, source: ByteSource) {
    this.#guest = guest;
    this.#source = source;
  }

  /** Once only. */
  stream(): InputStream {
    if (this.#stream !== 'untaken') throw undefined;
    this.#stream = 'alive';
    return new InputStream(this.#guest, this.#source, () => {
      this.#stream = 'dropped';
    });
  }

  /** Drops the rest of the body. Traps while the stream is alive. */
  static finish(body: IncomingBody): FutureTrailers {
    if (body.#stream === 'alive')
      throw new WebAssembly.RuntimeError('incoming-body finished before its stream was dropped');
    body.#source.cancel();
    return new FutureTrailers(body.#guest, body.#source);
  }

  [Symbol.dispose](): void {
    this.#source.cancel();
  }
}

/** The resource `future-trailers` of `wasi:http/types`. */
export class FutureTrailers {
  readonly #guest: Guest;
  readonly #source: ByteSource;
  #taken = false;

  constructor(guest: Guest, source: ByteSource) {
    this.#guest = guest;
    this.#source = source;
  }

  subscribe(): Pollable {
    const source = this.#source;
    return new Pollable({
      guest: this.#guest,
      changed: source.changed,
      ready: () => source.state !== 'open',
    });
  }

  get(): FutureResult<Fields | undefined> {
    this.#guest.check();
    if (this.#source.state === 'open') return undefined;
    if (this.#taken) return { tag: 'err', val: undefined };
    this.#taken = true;
    return { tag: 'ok', val: this.#outcome() };
  }

  [Symbol.dispose](): void {}

  #outcome(): { tag: 'ok'; val: Fields | undefined } | { tag: 'err'; val: HttpErrorCode } {
    const { failure, trailers } = this.#source;
    if (this.#source.state === 'failed') {
      return { tag: 'err', val: failure?.http ?? { tag: 'internal-error', val: failure?.message } };
    }
    return { tag: 'ok', val: trailers?.length ? Fields.immutable(trailers, this.#guest) : undefined };
  }
}
