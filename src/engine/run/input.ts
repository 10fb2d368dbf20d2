import { type ByteSource, Signal, type StreamFailure } from '../../../host/index.ts';

/** Standard input that arrives in messages, one each time the guest finds nothing to read. */
export interface PostedInput extends ByteSource {
  push(bytes: Uint8Array): void;
  end(): void;
  fail(reason: string): void;
}

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * @param want asks for any number of bytes: called when the guest tries to read, never before
 * @param receive handles messages that have arrived: a guest that polls without waiting gives this thread no other
 *   opportunity
 */
export function createPostedInput(want: () => void, receive: () => void): PostedInput {
  const changed = new Signal();
  let chunk = NOTHING;
  let wanted = false;
  let state: ByteSource['state'] = 'open';
  let failure: StreamFailure | undefined;

  function look(): void {
    if (chunk.length > 0 || state !== 'open') return;
    if (!wanted) {
      wanted = true;
      want();
    }
    receive();
  }

  return {
    changed,
    get ready() {
      look();
      return chunk.length > 0 || state !== 'open';
    },
    get state() {
      return chunk.length > 0 ? 'open' : state;
    },
    get failure() {
      return failure;
    },
    read(max) {
      look();
      const taken = chunk.subarray(0, max);
      chunk = chunk.subarray(taken.length);
      return taken;
    },
    cancel() {},
    push(bytes) {
      wanted = false;
      chunk = bytes;
      changed.wake();
    },
    end() {
      state = 'ended';
      changed.wake();
    },
    fail(reason) {
      state = 'failed';
      failure = { message: reason };
      changed.wake();
    },
  };
}
