import type { WasmcpError } from '../../error.ts';

/**
 * Keeps calls from waiting for an engine that is away: after a failed connection they fail at once, until an attempt in the
 * background succeeds.
 */
export interface Circuit {
  /** @throws WasmcpError the last failure, while the engine is away */
  check(): void;
  succeeded(): void;
  failed(failure: WasmcpError): void;
  /** Ends the attempts. */
  close(): void;
}

export interface CircuitOptions {
  /** Connects once. */
  readonly attempt: () => Promise<void>;
  /** Called with the failure when the engine has gone, with undefined when it is back. */
  readonly changed: (failure: WasmcpError | undefined) => void;
}

/** Milliseconds before the first attempt; each later pause is twice as long, up to the longest. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;

export function createCircuit({ attempt, changed }: CircuitOptions): Circuit {
  let failure: WasmcpError | undefined;
  let pause = FIRST_PAUSE;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function schedule(): void {
    if (closed || timer !== undefined) return;
    // Not all hosts at the same moment.
    timer = setTimeout(() => void probe(), pause * (0.75 + Math.random() / 2)).unref();
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  async function probe(): Promise<void> {
    try {
      await attempt();
      succeeded();
    } catch {
      // What is wrong was reported when the engine went away.
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
