/** A conclusion about the guest, drawn from its responses, that applies to later requests. */
export interface Inference {
  holds(): boolean;
  /** A response agrees with the conclusion. */
  confirm(): void;
  /** A response contradicts it. */
  refute(): void;
}

/** Consecutive confirmations until the conclusion holds: a single response may be an exception. */
const CONFIRMATIONS = 3;

/** Milliseconds for which it holds; afterwards one more confirmation is needed. */
const LIFETIME = 60_000;

export function createInference(lifetime: number = LIFETIME): Inference {
  let confirmed = 0;
  let until = 0;
  return {
    holds: () => performance.now() < until,
    confirm() {
      confirmed = Math.min(confirmed + 1, CONFIRMATIONS);
      if (confirmed === CONFIRMATIONS) until = performance.now() + lifetime;
    },
    refute() {
      confirmed = 0;
      until = 0;
    },
  };
}
