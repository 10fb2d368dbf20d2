import type { ChildProcess } from 'node:child_process';
import { withoutWarning } from './raw-glue.ts';

/** What a program has printed so far. */
export interface Output {
  readonly stdout: string;
  /** Without the warning that is due when all tests run with raw glue. */
  readonly stderr: string;
}

/** Reads what the child prints from now on; both of its outputs have to be pipes. `whole` keeps the warning, too. */
export function outputOf({ stdout, stderr }: ChildProcess, whole = false): Output {
  const output = { stdout: '', stderr: '' };
  stdout!.setEncoding('utf8').on('data', (part: string) => {
    output.stdout += part;
  });
  stderr!.setEncoding('utf8').on('data', (part: string) => {
    output.stderr += part;
  });
  return {
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return whole ? output.stderr : withoutWarning(output.stderr);
    },
  };
}
