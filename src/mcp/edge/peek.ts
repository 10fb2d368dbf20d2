import type { WasmcpError } from '../../../host/index.ts';
import type { Upload, UploadReceiver } from '../../http/handler.ts';
import { createEnvelopeReader, type Envelope } from './envelope.ts';

/** A body whose envelope has been read. */
export interface Peeked {
  readonly envelope: Envelope;
  /** The same bytes, for the next reader. */
  readonly body: Uint8Array | Upload;
}

export interface PeekEvents {
  /** Returns whether the rest of the message does not matter. */
  enough(found: Envelope): boolean;
  /** Called once, unless the body fails first; synchronously for bytes. */
  peeked(result: Peeked): void;
  /** The rest will not arrive; the client gets the error, if there is one. */
  failed(error?: WasmcpError): void;
}

/**
 * Reads the envelope of the message in a body. Of an upload only the part that had to be read is buffered, until a receiver
 * takes it; a body that does not begin as a JSON object is passed on at once.
 */
export function peek(body: Uint8Array | Upload, { enough, peeked, failed }: PeekEvents): void {
  const reader = createEnvelopeReader(enough);
  if (body instanceof Uint8Array) {
    if (!reader.push(body)) reader.end();
    peeked({ envelope: reader.envelope, body });
    return;
  }
  const upload = body;
  const held: Uint8Array[] = [];
  let receiver: UploadReceiver | undefined;
  let delivered = false;
  /** Whether the receiver has room for more. */
  let room = false;
  let ending: ((receiver: UploadReceiver) => void) | undefined;

  function deliver(result: Uint8Array | Upload): void {
    delivered = true;
    peeked({ envelope: reader.envelope, body: result });
  }

  /** Delivers what is buffered. */
  function release(): void {
    if (receiver === undefined) return;
    room = true;
    while (room && held.length > 0) room = receiver.data(held.shift()!);
    if (!room) return;
    ending?.(receiver);
    ending = undefined;
  }

  function resume(): void {
    release();
    if (room) upload.resume();
  }

  const rest: Upload = {
    start(to) {
      receiver = to;
      resume();
    },
    resume,
    stop: upload.stop,
  };

  upload.start({
    data(bytes) {
      if (receiver !== undefined && room) {
        room = receiver.data(bytes);
        return room;
      }
      held.push(new Uint8Array(bytes));
      if (!delivered && reader.push(bytes)) deliver(rest);
      return delivered ? room : true;
    },
    end(trailers) {
      if (delivered) {
        ending = (to) => to.end(trailers);
        release();
        return;
      }
      reader.end();
      if (trailers.length === 0) return deliver(Buffer.concat(held));
      ending = (to) => to.end(trailers);
      deliver(rest);
    },
    fail(error) {
      if (!delivered) return failed(error);
      ending = (to) => to.fail(error);
      release();
    },
  });
}
