/** What a guest's answers suggest about the guest itself, for requests to come. */
export interface Belief {
  readonly held: () => boolean;
  /** An answer that fits. */
  confirm(): void;
  /** An answer that contradicts. */
  deny(): void;
}

/** Answers in a row until something is believed: one may be odd. */
const ANSWERS = 3;

/** Milliseconds for which it is believed; then one answer has to fit again. */
const LASTS = 60_000;

export function createBelief(lasts: number = LASTS): Belief {
  let confirmed = 0;
  let until = 0;
  return {
    held: () => performance.now() < until,
    confirm() {
      confirmed = Math.min(confirmed + 1, ANSWERS);
      if (confirmed === ANSWERS) until = performance.now() + lasts;
    },
    deny() {
      confirmed = 0;
      until = 0;
    },
  };
}
