import type { WasmcpError } from '../../../host/index.ts';
import type { GuestRequest } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import { MessageBytes, type Outline, outlineOf } from '../long-values/outline.ts';

/** Most bytes of a message, in either direction, that the edge reads as a whole. */
export const MAX_MESSAGE: number = 16 * 1024 * 1024;

export interface BodyEvents {
  /** `outline` throws what `MessageBytes.outline` throws. */
  collected(body: Uint8Array, outline: () => Outline): void;
  /** It has more than `MAX_MESSAGE` bytes. */
  tooLong(): void;
  /** The rest will not arrive; the client gets the error, if there is one. */
  failed(error?: WasmcpError): void;
}

/** Reads a whole body; synchronously if it has arrived already. */
export function collectBody(
  { body, headers }: GuestRequest,
  { collected, tooLong, failed }: BodyEvents,
): void {
  if (body === undefined || body instanceof Uint8Array) {
    const bytes = body ?? new Uint8Array();
    collected(bytes, () => outlineOf(bytes, 'client'));
    return;
  }
  const announced = Number(header(headers, 'content-length') ?? 0);
  let message: MessageBytes | undefined = new MessageBytes('client', Math.min(announced, MAX_MESSAGE));
  let size = 0;
  let over = false;
  body.start({
    data(bytes) {
      if (over) return true;
      size += bytes.length;
      if (size <= MAX_MESSAGE) message?.push(bytes);
      else {
        over = true;
        message = undefined;
        body.stop();
        tooLong();
      }
      return true;
    },
    end() {
      const whole = message;
      if (!over && whole !== undefined) collected(whole.bytes, () => whole.outline());
      over = true;
    },
    fail(error) {
      if (!over) failed(error);
      over = true;
    },
  });
}
