import { type Fence, type LeaseHolder, type LeaseUse, parseFence, WasmcpError } from '../../../host/index.ts';
import { isSessionId } from '../sessions/layout.ts';
import type { SessionQueue } from './session-queue.ts';

/** Lets tools change a session between the requests of its clients, on this host and on others. */
export interface SessionTurns {
  /**
   * Calls `work` when no request of the session is running, and lets none start until it has settled. The fence goes with each
   * write.
   *
   * @throws WasmcpError `session-busy`, `store-*`
   */
  take<T>(session: string, work: (fence: Fence | undefined) => Promise<T>): Promise<T>;
}

export interface SessionTurnsParts {
  /** Where the requests of this host wait. */
  readonly queue: SessionQueue;
  /** Where those of other hosts wait; undefined if there can be none. */
  readonly leases: LeaseHolder | undefined;
  /** The bucket with the sessions. */
  readonly bucket: string;
  /** Milliseconds until `session-busy`. */
  readonly timeout: number;
}

/** What others wait for, in their messages. */
const NAME = 'an edit';

interface Turn {
  readonly fence: Fence | undefined;
  leave(): void;
}

export function createSessionTurns(parts: SessionTurnsParts): SessionTurns {
  return {
    async take(session, work) {
      const turn = await waitForTurn(parts, session);
      try {
        return await work(turn.fence);
      } finally {
        turn.leave();
      }
    },
  };
}

function waitForTurn({ queue, leases, bucket, timeout }: SessionTurnsParts, session: string): Promise<Turn> {
  const { promise, resolve, reject } = Promise.withResolvers<Turn>();
  let leaveQueue: (() => void) | undefined;
  let use: LeaseUse | undefined;
  let over = false;

  function leave(): void {
    use?.leave();
    leaveQueue?.();
  }

  function fail(error: WasmcpError): void {
    if (over) return;
    over = true;
    clearTimeout(timer);
    leave();
    reject(error);
  }

  function start(fence: string | undefined): void {
    if (over) return;
    over = true;
    clearTimeout(timer);
    resolve({ fence: fence === undefined ? undefined : parseFence(fence), leave });
  }

  const timer = setTimeout(() => {
    const first = queue.underWay(session);
    const obstacle =
      first === NAME || first === undefined ? 'another host or program' : JSON.stringify(first);
    fail(
      new WasmcpError('session-busy', `session ${session} has been busy with ${obstacle} for ${timeout} ms`),
    );
  }, timeout);

  const left = queue.enter(session, NAME, (done) => {
    leaveQueue = done;
    // Guests refuse other ids, so no request waits for them.
    if (leases === undefined || !isSessionId(session)) start(undefined);
    else use = leases.use(bucket, session, { started: start, failed: fail });
  });
  leaveQueue ??= left;
  if (left === undefined) {
    fail(new WasmcpError('session-busy', `too many requests of session ${session} are waiting`));
  }
  return promise;
}
