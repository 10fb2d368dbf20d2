import type { WasmcpError } from '../../../host/index.ts';
import type { Upload, UploadReceiver } from '../../http/handler.ts';
import { createEnvelopeReader, type Envelope } from './envelope.ts';

/** A body whose envelope has been read. */
export interface Peeked {
  readonly envelope: Envelope;
  /** The same bytes, for whoever comes next. */
  readonly body: Uint8Array | Upload;
}

export interface PeekEvents {
  /** Whether the rest of the message does not matter. */
  enough(found: Envelope): boolean;
  /** Called once, unless the body fails before; for bytes at once. */
  peeked(result: Peeked): void;
  /** The rest will not come; with an error, the client gets that for an answer. */
  failed(error?: WasmcpError): void;
}

/**
 * Reads the envelope of a message in a body. Of an upload only what had to be read is kept, until somebody takes it; what
 * does not begin as a JSON object is not waited for.
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
  let told = false;
  /** Whether the receiver takes more at once. */
  let room = false;
  let ending: ((receiver: UploadReceiver) => void) | undefined;

  function tell(result: Uint8Array | Upload): void {
    told = true;
    peeked({ envelope: reader.envelope, body: result });
  }

  /** Hands on what was held. */
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
      if (!told && reader.push(bytes)) tell(rest);
      return told ? room : true;
    },
    end(trailers) {
      if (told) {
        ending = (to) => to.end(trailers);
        release();
        return;
      }
      reader.end();
      if (trailers.length === 0) return tell(Buffer.concat(held));
      ending = (to) => to.end(trailers);
      tell(rest);
    },
    fail(error) {
      if (!told) return failed(error);
      ending = (to) => to.fail(error);
      release();
    },
  });
}
