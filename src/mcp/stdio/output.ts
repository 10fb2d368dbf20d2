import type { Writable } from 'node:stream';

/** Standard output as lines of the protocol. */
export interface LineOutput {
  /** Settles when there is room for more. */
  write(line: string): Promise<void>;
  /** Settles when there is room for more, without writing. */
  room(): Promise<void>;
  /** Settles when the reader has gone. */
  readonly broken: Promise<void>;
  /** Settles when everything has been passed to the system. */
  flushed(): Promise<void>;
}

export function openLineOutput(stream: Writable): LineOutput {
  const broken = Promise.withResolvers<void>();
  // Never removed: an error without a listener would end the process, and the last one may come late.
  stream.on('error', () => broken.resolve()).on('close', () => broken.resolve());
  let last: Promise<void> = Promise.resolve();
  const room = (): Promise<void> => (stream.writableNeedDrain ? last : Promise.resolve());

  return {
    broken: broken.promise,
    write(line) {
      if (stream.destroyed) return Promise.resolve();
      last = new Promise<void>((resolve) => {
        stream.write(`${line}\n`, () => resolve());
      });
      return room();
    },
    room,
    flushed: () => last,
  };
}
