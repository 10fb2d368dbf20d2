import type { Writable } from 'node:stream';
import type { OptionValues } from '../options/types.ts';
import { print } from './print.ts';

/** Lines for a terminal, or JSON for programs. */
export interface Output {
  /** For a terminal; otherwise each line is one JSON value. */
  readonly people: boolean;
  /** The reader has gone. */
  readonly closed: boolean;
  line(text: string): Promise<void>;
  json(value: unknown): Promise<void>;
}

export function outputTo(stdout: Writable, { json }: OptionValues): Output {
  let closed = false;
  stdout.on('error', () => {
    closed = true;
  });
  const terminal = 'isTTY' in stdout && stdout.isTTY === true;
  return {
    people: terminal && !json,
    get closed() {
      return closed;
    },
    line: (text) => print(stdout, `${text}\n`),
    json: (value) => print(stdout, `${JSON.stringify(value)}\n`),
  };
}
