import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Guest } from '../guest.ts';
import type { StreamFailure } from '../io/error.ts';
import type { ByteSink } from '../io/sink.ts';
import type { ByteSource } from '../io/source.ts';
import { Signal } from '../signal.ts';
import { errorCode, withErrorCodes } from './error-code.ts';

/** Bytes that a stream takes at once; files push back by making the write wait. */
const CAPACITY: number = 64 * 1024;

/** An open file. It is closed with its last user, and with the guest's request in any case. */
export interface OpenFile {
  readonly descriptor: number;
  /** One more user; the answer ends its use, once. */
  use(): () => void;
}

export function openFile(guest: Guest, path: string, flags: number): OpenFile {
  const descriptor = withErrorCodes(() => openSync(path, flags, 0o666));
  let users = 0;
  let open = true;

  function close(): void {
    if (!open) return;
    open = false;
    forget();
    closeSync(descriptor);
  }

  const forget = guest.onRelease(close);
  return {
    descriptor,
    use() {
      let using = true;
      users += 1;
      return () => {
        if (!using) return;
        using = false;
        users -= 1;
        if (users === 0) close();
      };
    },
  };
}

/** The file from `offset` on. */
export function fileSource(file: OpenFile, offset: bigint): ByteSource {
  let position = offset;
  let state: ByteSource['state'] = 'open';
  let failure: StreamFailure | undefined;
  return {
    ready: true,
    changed: new Signal(),
    get state() {
      return state;
    },
    get failure() {
      return failure;
    },
    read(max) {
      const chunk = new Uint8Array(max);
      try {
        const length = state === 'open' ? readSync(file.descriptor, chunk, 0, max, position) : 0;
        if (length === 0 && state === 'open') state = 'ended';
        position += BigInt(length);
        return chunk.subarray(0, length);
      } catch (error) {
        state = 'failed';
        failure = describe(error);
        return chunk.subarray(0, 0);
      }
    },
    cancel() {},
  };
}

/** The file from `offset` on, or its end, wherever that is at each write. */
export function fileSink(file: OpenFile, offset: bigint | 'end'): ByteSink {
  let position = offset === 'end' ? 0 : Number(offset);
  let failure: StreamFailure | undefined;
  return {
    capacity: CAPACITY,
    changed: new Signal(),
    get closed() {
      return failure !== undefined;
    },
    get failure() {
      return failure;
    },
    write(chunk) {
      if (failure !== undefined) return;
      try {
        if (offset === 'end') position = fstatSync(file.descriptor).size;
        for (let written = 0; written < chunk.length; ) {
          const length = writeSync(file.descriptor, chunk, written, chunk.length - written, position);
          written += length;
          position += length;
        }
      } catch (error) {
        failure = describe(error);
      }
    },
  };
}

function describe(error: unknown): StreamFailure {
  const filesystem = errorCode(error);
  return { message: `file operation failed: ${filesystem}`, filesystem };
}
