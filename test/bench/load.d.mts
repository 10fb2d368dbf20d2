/** For the benchmarks in TypeScript. */
export interface Running {
  readonly url: string;
  /** Seconds of processor time so far. */
  cpu(): number;
  stop(): Promise<void>;
}

export function workspace(): { readonly folder: string; readonly close: () => void };
export function machine(wasmtime: string | undefined): Promise<string>;
export function start(command: {
  readonly command: string;
  readonly args: readonly string[];
}): Promise<Running>;
export function median(list: readonly number[]): number;
