/** Lets the requests of one session go one after another, and those of different sessions side by side. */
export interface SessionQueue {
  /**
   * Calls `start` once every earlier request of the session has left. The answer is called to leave: when the request is
   * finished, or when it gives up waiting. Undefined, and never a start, when too many wait already. `name` is what others
   * are told that they wait for.
   */
  enter(session: string, name: string, start: (leave: () => void) => void): (() => void) | undefined;
  /** The name of the session's request that is under way. */
  underWay(session: string): string | undefined;
}

interface Turn {
  readonly name: string;
  readonly start: () => void;
  begun: boolean;
}

/** `limit` requests of one session may wait. */
export function createSessionQueue(limit: number): SessionQueue {
  /**
   * Requests by session, the first of each under way. In arrays, which are empty when they go: the tables that the `Map`,
   * and a `Set` for a line, leave behind would keep the requests.
   */
  const lines = new Map<string, Turn[]>();

  function advance(session: string, line: Turn[]): void {
    const [first] = line;
    if (first === undefined) {
      if (lines.get(session) === line) lines.delete(session);
    } else if (!first.begun) {
      first.begun = true;
      first.start();
    }
  }

  return {
    enter(session, name, start) {
      const line = lines.get(session) ?? [];
      if (line.length > limit) return undefined;
      lines.set(session, line);
      const turn: Turn = { name, start: () => start(leave), begun: false };
      line.push(turn);

      function leave(): void {
        const at = line.indexOf(turn);
        if (at < 0) return;
        line.splice(at, 1);
        // Later: a thousand that fail at once would call each other a thousand levels deep.
        queueMicrotask(() => advance(session, line));
      }

      advance(session, line);
      return leave;
    },
    underWay: (session) => lines.get(session)?.[0]?.name,
  };
}
