import type { Writable } from 'node:stream';
import { shownOn } from '../../host/index.ts';

/** Standard output or error of this process, whose reader may go away at any time. */
export interface StandardOutput {
  /** Settles with undefined when the bytes were written, or with the reason why they cannot be. */
  write(bytes: Uint8Array): Promise<string | undefined>;
  /** Waits for pending writes, then releases the stream. */
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
      // The `error` event comes after the callback of the write that failed.
      await new Promise((resolve) => setImmediate(resolve));
      stream.off('error', onError).off('close', onClose);
    },
  };
}
