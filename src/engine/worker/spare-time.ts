/** Milliseconds after the start in which a first request has probably come: it goes first. */
const FIRST_REQUEST = 200;

/** Milliseconds until a spare instance is made, at first and later: what has used them up must not wait for them as well. */
const SPARE_SOON = 20;
const SPARE_LATER = 1000;

/** The part of the thread's time that they may take: requests that come meanwhile wait. */
const SPARE_PART = 1 / 20;

/** When the thread may do what no request waits for. */
export interface SpareTime {
  /** Calls it when the first request was served, which is `soon`, or when none comes. */
  deferCheck(call: () => void, soon: boolean): void;
  /** Calls it later, once no message waits. What it does may call this again, and takes a small part of the time then. */
  whenCalm(call: () => void, soon: boolean): void;
  /** Calls nothing any more. */
  cancel(): void;
}

export function createSpareTime(messageWaits: () => boolean): SpareTime {
  let first: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  let calm: NodeJS.Timeout | undefined;
  /** When the call began that is under way. */
  let began = Number.POSITIVE_INFINITY;

  function cancelCheck(): void {
    clearTimeout(first);
    clearImmediate(immediate);
  }

  function attempt(call: () => void, soon: boolean): void {
    if (messageWaits()) {
      whenCalm(call, soon);
      return;
    }
    began = performance.now();
    call();
    began = Number.POSITIVE_INFINITY;
  }

  function whenCalm(call: () => void, soon: boolean): void {
    const took = Math.max(0, performance.now() - began);
    const delay = Math.max(soon ? SPARE_SOON : SPARE_LATER, took / SPARE_PART);
    calm = setTimeout(attempt, delay, call, soon).unref();
  }

  return {
    deferCheck(call, soon) {
      cancelCheck();
      if (soon) immediate = setImmediate(call);
      else first = setTimeout(call, FIRST_REQUEST).unref();
    },
    whenCalm,
    cancel() {
      cancelCheck();
      clearTimeout(calm);
    },
  };
}
