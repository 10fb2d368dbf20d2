import type { ChildProcess } from 'node:child_process';
import { withoutWarning } from './raw-glue.ts';

/** A program's output so far. */
export interface Output {
  readonly stdout: string;
  /** Without the warning that is expected when all tests run with raw glue. */
  readonly stderr: string;
}

/** Reads the child's output from now on; both of its streams must be pipes. `whole` keeps the warning. */
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
