import { setFlagsFromString } from 'node:v8';

/**
 * How much of a function V8 executes as its baseline compiler wrote it before it optimizes it, in approximate bytes of code: 13 million by
 * default. A short request executes a few kilobytes of most functions, so they would stay slow for thousands of requests.
 */
const BUDGET = 2_000_000;

/** Lets V8 optimize guests sooner. It applies to the whole process, so it is for commands, not for the library. */
export function optimizeSooner(): void {
  setFlagsFromString(`--wasm-tiering-budget=${BUDGET}`);
}

/** Reached only by functions that would run for about a second. */
const LATER = 1_000_000_000;

/**
 * Lets V8 optimize nearly nothing until `optimizeSooner`. jco runs once and for half a second, and optimizing it takes as much time of
 * the processor. Only for a first start, because Node keeps compiled code separately for each set of V8's flags.
 */
export function optimizeLater(): void {
  setFlagsFromString(`--wasm-tiering-budget=${LATER}`);
}
