/** Notices when no request has been in progress for some time. */
export interface IdleWatch {
  /** A request has begun. */
  enter(): void;
  /** A request is over. */
  leave(): void;
  /** Something else has happened that makes a request likely. */
  touch(): void;
  /** Calls `reached` once, when nothing has happened for `limit` milliseconds, which count from now. */
  start(limit: number, reached: () => void): void;
  stop(): void;
}

/** Every request passes here: only the clock is read, and the timer looks at it when it fires. */
export function createIdleWatch(): IdleWatch {
  let inProgress = 0;
  let idleSince = performance.now();
  let timer: NodeJS.Timeout | undefined;

  function touch(): void {
    idleSince = performance.now();
  }

  return {
    enter() {
      inProgress += 1;
    },
    leave() {
      inProgress -= 1;
      if (inProgress === 0) touch();
    },
    touch,
    start(limit, reached) {
      touch();
      const wait = (milliseconds: number): void => {
        timer = setTimeout(check, Math.ceil(milliseconds));
      };
      const check = (): void => {
        const left = inProgress > 0 ? limit : idleSince + limit - performance.now();
        if (left > 0) wait(left);
        else reached();
      };
      wait(limit);
    },
    stop: () => clearTimeout(timer),
  };
}
