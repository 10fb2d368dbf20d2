import { WasmcpError } from '../error.ts';

/** Called when data may leave the process, or with the failure after which it never may. */
export type Release = (failure?: WasmcpError) => void;

/** Holds back everything that leaves the process until all commits that it may depend on are on disk. */
export interface DurabilityGate {
  /** Number of syncs started so far. */
  readonly syncs: number;
  /**
   * Calls `release` once: immediately if nothing was committed since the last sync began, by any thread or process;
   * otherwise after a sync that began later than this call. Calls are released in order.
   *
   * Does not see what this thread itself commits between two calls in one turn of the event loop: writers live in other
   * threads, and their messages arrive in a turn after their commit.
   */
  pass(release: Release): void;
  /** Releases all waiting and later calls with the first failure given: nothing leaves from now on. */
  fail(failure: WasmcpError): void;
  /** Settles after the last release. Calling it again has no effect. */
  close(): Promise<void>;
}

/** Passes through a gate, see `DurabilityGate`. */
export type Pass = DurabilityGate['pass'];

/** The store behind a gate. */
export interface GateParts {
  /** Changes with every visible commit of any connection. Throws if the store is broken. */
  version(): bigint;
  /** Syncs to disk all that is committed when it is called. */
  sync(done: (failure: WasmcpError | undefined) => void): void;
  /** Called once, with the failure after which nothing leaves. */
  broken(failure: WasmcpError): void;
  close(): void;
}

/**
 * At most one sync runs at a time; calls that arrive meanwhile share the next one. A failed sync is never retried: the
 * kernel may have dropped what it could not write, and would report success the second time (fsync(2), "EIO").
 */
export function createGate(parts: GateParts): DurabilityGate {
  let waiting: { readonly version: bigint; readonly release: Release }[] = [];
  /** The newest version on disk. Unknown at first: what a crashed process left may be in memory only. */
  let synced = -1n;
  let syncing = false;
  let syncs = 0;
  let failure: WasmcpError | undefined;
  /** The version as read in this turn of the event loop: a batch of messages needs one read. */
  let current: bigint | undefined;
  let closing: Promise<void> | undefined;
  let empty: (() => void) | undefined;

  /** Undefined once the gate has failed, which reading the version can cause. */
  function readVersion(): bigint | undefined {
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
    const began = readVersion();
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
      const version = readVersion();
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
