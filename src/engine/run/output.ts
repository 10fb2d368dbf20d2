import { type ByteSink, Signal, type StreamFailure } from '../../../host/index.ts';

/** Standard output or error that is sent in messages. */
export interface PostedOutput extends ByteSink {
  /** This many bytes were written. */
  taken(bytes: number): void;
  break(reason: string): void;
}

/** Bytes that may be in transit: a slow reader slows the guest down. */
const WINDOW = 64 * 1024;

/** @param receive handles messages that have arrived, for a guest that polls for room without waiting */
export function createPostedOutput(post: (bytes: Uint8Array) => void, receive: () => void): PostedOutput {
  const changed = new Signal();
  let underWay = 0;
  let failure: StreamFailure | undefined;

  return {
    changed,
    get capacity() {
      if (underWay >= WINDOW) receive();
      return Math.max(0, WINDOW - underWay);
    },
    get closed() {
      return failure !== undefined;
    },
    get failure() {
      return failure;
    },
    write(bytes) {
      if (failure !== undefined) return;
      underWay += bytes.length;
      post(bytes);
    },
    taken(bytes) {
      underWay -= bytes;
      changed.wake();
    },
    break(reason) {
      failure = { message: reason };
      changed.wake();
    },
  };
}
