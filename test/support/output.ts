import type { ChildProcess } from 'node:child_process';

/** What a program has printed so far. */
export interface Output {
  stdout: string;
  stderr: string;
}

/** Reads what the child prints from now on; both of its outputs have to be pipes. */
export function outputOf({ stdout, stderr }: ChildProcess): Output {
  const output: Output = { stdout: '', stderr: '' };
  stdout!.setEncoding('utf8').on('data', (part: string) => {
    output.stdout += part;
  });
  stderr!.setEncoding('utf8').on('data', (part: string) => {
    output.stderr += part;
  });
  return output;
}
