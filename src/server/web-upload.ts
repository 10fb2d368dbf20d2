import { WasmcpError } from '../../host/index.ts';
import type { Upload, UploadReceiver } from '../http/handler.ts';
import { type BodyLimits, stalledError } from './node-upload.ts';

/** The body of a `Request` as an upload. */
export function webUpload(body: ReadableStream<Uint8Array>, limits: BodyLimits): Upload {
  const { maxBody, bodyTimeout } = limits;
  const reader = body.getReader();
  let stopped = false;
  let wake: (() => void) | undefined;

  async function deliver(receiver: UploadReceiver): Promise<void> {
    let received = 0;
    for (;;) {
      const timer = setTimeout(() => {
        receiver.fail(stalledError(bodyTimeout));
        stop();
      }, bodyTimeout);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (stopped) return;
      if (done) return receiver.end([]);
      received += value.length;
      if (received > maxBody) {
        receiver.fail(new WasmcpError('body-too-large', `the body is above ${maxBody} bytes`));
        return stop();
      }
      if (!receiver.data(value)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  function stop(): void {
    stopped = true;
    wake?.();
    // Canceling a stream that has failed already rejects.
    reader.cancel().catch(() => {});
  }

  return {
    start: (receiver) => void deliver(receiver).catch(() => receiver.fail()),
    resume: () => wake?.(),
    stop,
  };
}
