import { setImmediate as turn } from 'node:timers/promises';
import type { CliStreams } from './command.ts';

/** Whether what a command prints arrives. */
export interface Printed {
  /** Settles when all of it was written, or with the reason why a part of it was not. A reader that has gone is none. */
  problem(): Promise<string | undefined>;
}

/** Without it, a reader that has gone, as `head` does, would end the process with the text of an unhandled event. */
export function watchPrinted({ stdout, stderr }: CliStreams): Printed {
  let problem: string | undefined;
  stderr.on('error', () => {});
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') problem ??= `the output is incomplete: ${error.message}`;
  });
  return {
    async problem() {
      if (!stdout.destroyed) await new Promise<void>((resolve) => stdout.write('', () => resolve()));
      // The `error` event comes after the callback of the write that failed.
      await turn();
      return problem;
    },
  };
}
