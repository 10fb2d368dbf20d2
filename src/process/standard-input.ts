import type { Readable } from 'node:stream';

/** Standard input of this process, one piece at a time. */
export interface StandardInput {
  /** The next piece; undefined at the end. Rejects if the input fails. Reads nothing between calls. */
  next(): Promise<Uint8Array | undefined>;
  /** Releases the input: it no longer keeps the process alive. */
  close(): void;
}

/** Uses flowing mode, paused after each piece: paused mode would read ahead. */
export function openStandardInput(stream: Readable): StandardInput {
  let waiting: PromiseWithResolvers<Uint8Array | undefined> | undefined;

  const settle = (how: (waiting: PromiseWithResolvers<Uint8Array | undefined>) => void): void => {
    const settled = waiting;
    waiting = undefined;
    stream.pause();
    if (settled !== undefined) how(settled);
  };
  const onData = (bytes: Uint8Array): void => settle(({ resolve }) => resolve(bytes));
  const onEnd = (): void => settle(({ resolve }) => resolve(undefined));
  const onError = (error: Error): void => settle(({ reject }) => reject(error));
  stream.on('end', onEnd).on('close', onEnd).on('error', onError);

  return {
    next() {
      if (stream.readableEnded || stream.destroyed) {
        return stream.errored === null ? Promise.resolve(undefined) : Promise.reject(stream.errored);
      }
      waiting = Promise.withResolvers();
      // A listener for `data` starts the stream.
      if (stream.listenerCount('data') === 0) stream.on('data', onData);
      stream.resume();
      return waiting.promise;
    },
    close() {
      stream.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError);
      stream.pause();
    },
  };
}
