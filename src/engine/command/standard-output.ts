import type { Writable } from 'node:stream';
import { shownOn } from '../terminal.ts';

/** Standard output or error of this process, which may lose its reader at any time. */
export interface StandardOutput {
  /** Settles when the bytes have left, with undefined; or with the reason why they never will. */
  write(bytes: Uint8Array): Promise<string | undefined>;
  /** Waits for what is being written, then lets go of the stream. */
  close(): Promise<void>;
}

export function openStandardOutput(stream: Writable): StandardOutput {
  const underWay = new Set<(reason: string | undefined) => void>();
  const shown = shownOn(stream);
  let last: Promise<unknown> = Promise.resolve();

  function giveUp(reason: string): void {
    for (const settle of underWay) settle(reason);
    underWay.clear();
  }
  const onError = (error: Error): void => giveUp(error.message);
  const onClose = (): void => giveUp('the stream was closed');
  stream.on('error', onError).on('close', onClose);

  return {
    write(bytes) {
      const written = new Promise<string | undefined>((settle) => {
        underWay.add(settle);
        stream.write(shown(bytes), (error) => {
          underWay.delete(settle);
          settle(error?.message);
        });
      });
      last = written;
      return written;
    },
    async close() {
      await last;
      // An error is an event only after it was the outcome of a write.
      await new Promise((resolve) => setImmediate(resolve));
      stream.off('error', onError).off('close', onClose);
    },
  };
}
