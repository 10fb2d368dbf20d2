import { setFlagsFromString } from 'node:v8';

let isLater = false;

/**
 * Lets V8 optimize no WebAssembly until `optimizeAgain`. jco runs once and for half a second, and optimizing it takes as much time of
 * the processor. Only for a first start, because Node keeps compiled code separately for each set of V8's flags.
 */
export function optimizeLater(): void {
  isLater = true;
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
}

/** Before guests are compiled: ends what `optimizeLater` began. */
export function optimizeAgain(): void {
  if (!isLater) return;
  isLater = false;
  setFlagsFromString('--wasm-tier-up');
  setFlagsFromString('--wasm-dynamic-tiering');
}
