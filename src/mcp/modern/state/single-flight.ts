/** Lets one of several requests do what all of them need, while the others wait. */
export interface SingleFlight {
  /**
   * Calls `fly` if no other request is under way for this key; else `retry`, once that one has landed. `fly` gets what it must call
   * when it has landed, with any outcome.
   */
  enter(key: string, fly: (land: () => void) => void, retry: () => void): void;
}

export function createSingleFlight(): SingleFlight {
  const waiting = new Map<string, (() => void)[]>();
  return {
    enter(key, fly, retry) {
      const others = waiting.get(key);
      if (others !== undefined) {
        others.push(retry);
        return;
      }
      const own: (() => void)[] = [];
      waiting.set(key, own);
      fly(() => {
        if (waiting.get(key) !== own) return;
        waiting.delete(key);
        for (const proceed of own) proceed();
      });
    },
  };
}
