type RangeName =
  | 'workers'
  | 'queue'
  | 'maxConnections'
  | 'storeConnections'
  | 'reuse'
  | 'duration'
  | 'retention'
  | 'handles'
  | 'handlesPerPrincipal'
  | 'memory'
  | 'hostMemory'
  | 'maxDescriptors'
  | 'memoryBudget'
  | 'fuel';

/** The least and the greatest value of numbers, for the options of the command and of the library. */
export const RANGES: Readonly<Record<RangeName, readonly [min: number, max: number]>> = {
  /** The library also takes 0. */
  workers: [1, 256],
  queue: [0, 1_000_000],
  maxConnections: [1, 1_000_000],
  storeConnections: [1, 1000],
  reuse: [1, 1_000_000],
  /** In milliseconds, as timers accept them. */
  duration: [1, 2 ** 31 - 1],
  /** In milliseconds, up to a hundred years. */
  retention: [1000, 36_525 * 86_400_000],
  handles: [1, 10_000_000],
  handlesPerPrincipal: [1, 10_000],
  /** From one page of WebAssembly. */
  memory: [65_536, 4 * 1024 ** 3],
  hostMemory: [1024 ** 2, Number.MAX_SAFE_INTEGER],
  maxDescriptors: [1, 1_000_000],
  memoryBudget: [64 * 1024 ** 2, Number.MAX_SAFE_INTEGER],
  /** Half of what can be counted, because units used before are added. */
  fuel: [0, 2 ** 52],
};

/** Names of tools, and of arguments, that every client accepts (MCP 2026-07-28, "Tools", section "Tool Names"). */
export const TOOL_NAME: RegExp = /^[A-Za-z0-9_.-]{1,128}$/;
