import { WasmcpError } from '../error.ts';

/** Told that something may leave, or why it never may. */
export type Release = (failure?: WasmcpError) => void;

/** Holds back what leaves the process until everything that it may tell of is on disk. */
export interface DurabilityGate {
  /** Syncs that it has begun so far. */
  readonly syncs: number;
  /**
   * Calls `release` once: at once when nothing was committed since the last sync began, by any thread or process, else
   * after a sync that began later than this call. Calls are released in their order.
   *
   * What this thread itself commits between two calls in one turn of the event loop is not seen: writers live in
   * other threads, and what they send arrives in a turn after their commit.
   */
  pass(release: Release): void;
  /** From now on nothing leaves: what waits and what comes is released with this failure, the first one given. */
  fail(failure: WasmcpError): void;
  /** Settles after the last release. Twice is fine. */
  close(): Promise<void>;
}

/** The way out through a gate, see `DurabilityGate`. */
export type Pass = DurabilityGate['pass'];

/** What a gate watches, and how it makes it last. */
export interface GateParts {
  /** Grows with every commit that anyone can read by now, whoever made it. Throws when the store is broken. */
  version(): bigint;
  /** Puts on disk whatever is committed when it is called. */
  sync(done: (failure: WasmcpError | undefined) => void): void;
  /** Called once, with the failure after which nothing leaves. */
  broken(failure: WasmcpError): void;
  close(): void;
}

/**
 * At most one sync runs at a time; what comes meanwhile shares the next one. A sync that fails is never tried again: the
 * kernel may have dropped what it could not write, and would answer success the second time (fsync(2), "EIO").
 */
export function createGate(parts: GateParts): DurabilityGate {
  let waiting: { readonly version: bigint; readonly release: Release }[] = [];
  /** The newest version on disk. None at first: what a process that crashed has left may be in memory only. */
  let synced = -1n;
  let syncing = false;
  let syncs = 0;
  let failure: WasmcpError | undefined;
  /** The version as this turn of the event loop has seen it: a batch of messages needs one look. */
  let current: bigint | undefined;
  let closing: Promise<void> | undefined;
  let empty: (() => void) | undefined;

  /** Undefined once the gate has failed, of which looking can be the reason. */
  function look(): bigint | undefined {
    if (failure !== undefined || current !== undefined) return current;
    try {
      current = parts.version();
    } catch (error) {
      if (!(error instanceof WasmcpError)) throw error;
      fail(error);
      return undefined;
    }
    queueMicrotask(() => {
      current = undefined;
    });
    return current;
  }

  function fail(reason: WasmcpError): void {
    if (failure !== undefined) return;
    failure = reason;
    parts.broken(reason);
    settle();
  }

  function sync(): void {
    const began = look();
    if (began === undefined) return;
    syncing = true;
    syncs += 1;
    parts.sync((reason) => {
      syncing = false;
      if (reason !== undefined) fail(reason);
      else synced = began;
      settle();
    });
  }

  function settle(): void {
    const last = waiting.findIndex(({ version }) => failure === undefined && version > synced);
    const released = waiting;
    waiting = last < 0 ? [] : released.splice(last);
    for (const { release } of released) release(failure);
    if (syncing) return;
    if (waiting.length > 0) sync();
    else empty?.();
  }

  return {
    get syncs() {
      return syncs;
    },
    pass(release) {
      const version = look();
      if (version === undefined || failure !== undefined) release(failure);
      else if (waiting.length === 0 && version <= synced) release();
      else {
        waiting.push({ version, release });
        if (!syncing) sync();
      }
    },
    fail,
    close() {
      closing ??= (async () => {
        if (waiting.length > 0 || syncing) {
          await new Promise<void>((done) => {
            empty = done;
          });
        }
        failure ??= new WasmcpError('store-closed', 'the store is closed');
        parts.close();
      })();
      return closing;
    },
  };
}
