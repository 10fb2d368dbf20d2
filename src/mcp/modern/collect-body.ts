import type { WasmcpError } from '../../../host/index.ts';
import type { GuestRequest } from '../../http/handler.ts';

/** Most bytes of a message, in either direction, that the edge reads as a whole. */
export const MAX_MESSAGE: number = 16 * 1024 * 1024;

export interface BodyEvents {
  collected(body: Uint8Array): void;
  /** It has more than `MAX_MESSAGE` bytes. */
  tooLong(): void;
  /** The rest will not arrive; the client gets the error, if there is one. */
  failed(error?: WasmcpError): void;
}

/** Reads a whole body; synchronously if it has arrived already. */
export function collectBody({ body }: GuestRequest, { collected, tooLong, failed }: BodyEvents): void {
  if (body === undefined || body instanceof Uint8Array) {
    collected(body ?? new Uint8Array());
    return;
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  let over = false;
  body.start({
    data(bytes) {
      if (over) return true;
      size += bytes.length;
      if (size <= MAX_MESSAGE) parts.push(new Uint8Array(bytes));
      else {
        over = true;
        parts.length = 0;
        body.stop();
        tooLong();
      }
      return true;
    },
    end() {
      if (!over) collected(Buffer.concat(parts));
      over = true;
    },
    fail(error) {
      if (!over) failed(error);
      over = true;
    },
  });
}
