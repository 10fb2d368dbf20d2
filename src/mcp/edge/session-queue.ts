/** Runs the requests of one session one after another, and those of different sessions side by side. */
export interface SessionQueue {
  /**
   * Calls `start` once every earlier request of the session has left. The returned function leaves the queue: when the
   * request is finished, or when it stops waiting. Returns undefined, and never calls `start`, when too many requests wait
   * already. `name` tells others what they wait for.
   */
  enter(session: string, name: string, start: (leave: () => void) => void): (() => void) | undefined;
  /** The name of the session's request that is under way. */
  underWay(session: string): string | undefined;
}

interface Entry {
  readonly name: string;
  readonly start: () => void;
  started: boolean;
}

/** Up to `limit` requests of one session may wait. */
export function createSessionQueue(limit: number): SessionQueue {
  /**
   * Requests by session, the first of each under way. In arrays, which are empty when they are dropped: the tables that a
   * `Map` or a `Set` leaves behind would keep the requests alive.
   */
  const queues = new Map<string, Entry[]>();

  function advance(session: string, queue: Entry[]): void {
    const [first] = queue;
    if (first === undefined) {
      if (queues.get(session) === queue) queues.delete(session);
    } else if (!first.started) {
      first.started = true;
      first.start();
    }
  }

  return {
    enter(session, name, start) {
      const queue = queues.get(session) ?? [];
      if (queue.length > limit) return undefined;
      queues.set(session, queue);
      const entry: Entry = { name, start: () => start(leave), started: false };
      queue.push(entry);

      function leave(): void {
        const at = queue.indexOf(entry);
        if (at < 0) return;
        queue.splice(at, 1);
        // Deferred: a thousand requests that fail at once would otherwise nest a thousand calls deep.
        if (queue.length > 0) queueMicrotask(() => advance(session, queue));
        else advance(session, queue);
      }

      advance(session, queue);
      return leave;
    },
    underWay: (session) => queues.get(session)?.[0]?.name,
  };
}
