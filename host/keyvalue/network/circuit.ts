import type { WasmcpError } from '../../error.ts';

/**
 * A circuit breaker: after a failed connection, calls fail at once instead of waiting for an engine that is unavailable, until an
 * attempt in the background succeeds.
 */
export interface Circuit {
  /** @throws WasmcpError the last failure, while the engine is unavailable */
  check(): void;
  succeeded(): void;
  failed(failure: WasmcpError): void;
  /** Stops the attempts. */
  close(): void;
}

export interface CircuitOptions {
  /** Tries to connect once. */
  readonly attempt: () => Promise<void>;
  /** Called with the failure when the engine becomes unavailable, with undefined when it is available again. */
  readonly changed: (failure: WasmcpError | undefined) => void;
}

/** Milliseconds before the first attempt; each later pause is twice as long, up to the maximum. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;

export function createCircuit({ attempt, changed }: CircuitOptions): Circuit {
  let failure: WasmcpError | undefined;
  let pause = FIRST_PAUSE;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function schedule(): void {
    if (closed || timer !== undefined) return;
    // So that hosts do not all try at the same moment.
    timer = setTimeout(() => void probe(), pause * (0.75 + Math.random() / 2)).unref();
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  async function probe(): Promise<void> {
    try {
      await attempt();
      succeeded();
    } catch {
      // The failure was reported when the engine became unavailable.
    }
    timer = undefined;
    if (failure !== undefined) schedule();
  }

  function succeeded(): void {
    if (failure === undefined) return;
    failure = undefined;
    pause = FIRST_PAUSE;
    changed(undefined);
  }

  return {
    check() {
      if (failure !== undefined) throw failure;
    },
    succeeded,
    failed(reason) {
      if (closed) return;
      const isFirst = failure === undefined;
      failure = reason;
      if (isFirst) changed(reason);
      schedule();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
