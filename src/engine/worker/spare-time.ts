/** Milliseconds after the start in which a first request has probably come: it goes first. */
const FIRST_REQUEST = 200;

/** Milliseconds until a spare instance is made, at first and later: what has used them up must not wait for them as well. */
const SPARE_SOON = 20;
const SPARE_LATER = 1000;

/** When the thread may do what no request waits for. */
export interface SpareTime {
  /** Calls it when the first request was served, which is `soon`, or when none comes. */
  deferCheck(call: () => void, soon: boolean): void;
  /** Calls it later, once no message waits. */
  whenCalm(call: () => void, soon: boolean): void;
  /** Calls nothing any more. */
  cancel(): void;
}

export function createSpareTime(messageWaits: () => boolean): SpareTime {
  let first: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  let calm: NodeJS.Timeout | undefined;

  function cancelCheck(): void {
    clearTimeout(first);
    clearImmediate(immediate);
  }

  function whenCalm(call: () => void, soon: boolean): void {
    const attempt = (): void => (messageWaits() ? whenCalm(call, soon) : call());
    calm = setTimeout(attempt, soon ? SPARE_SOON : SPARE_LATER).unref();
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
