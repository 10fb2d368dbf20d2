import type { OptionName, OptionValues } from '../options/table.ts';

/** Streams of the process, or whatever stands for them. */
export interface CliStreams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** One command of the program: what its help says and what it does. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionName[];
  /** Shown below the options. */
  readonly examples: string;
  /** Answers the exit status; an expected failure is thrown as `WasmcpError`. */
  run(component: string, options: OptionValues, streams: CliStreams): Promise<number>;
}
