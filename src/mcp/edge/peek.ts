import type { WasmcpError } from '../../../host/index.ts';
import type { Upload, UploadReceiver } from '../../http/handler.ts';
import { type Ambiguity, ambiguityIn } from '../ambiguity/ambiguity.ts';
import { AmbiguityWatch } from '../ambiguity/watch.ts';
import { createEnvelopeReader, type Envelope, MAX_INSPECTED } from './envelope.ts';

/** A body whose envelope has been read. */
export interface Peeked {
  readonly envelope: Envelope;
  /** The same bytes, for the next reader. */
  readonly body: Uint8Array | Upload;
  /** Parsers could read another message; of an upload, as far as it was buffered. */
  readonly ambiguity: Ambiguity | undefined;
}

export interface PeekEvents {
  /** Returns whether the rest of a message that is there as a whole does not matter to its envelope. */
  enough(found: Envelope): boolean;
  /** Called once, unless the body fails first; synchronously for bytes. */
  peeked(result: Peeked): void;
  /** The rest will not arrive; the client gets the error, if there is one. */
  failed(error?: WasmcpError): void;
}

const SPACE = 0x20;

/** Of an object, and of a byte-order mark, which some parsers skip. */
const BEGINNINGS: readonly number[] = [0x7b, 0xef];

/**
 * Reads the envelope of the message in a body. The part of an upload that may be inspected is buffered, until a receiver takes it: a
 * message may become ambiguous with its last member. A body that does not begin as a JSON object is passed on at once.
 */
export function peek(body: Uint8Array | Upload, { enough, peeked, failed }: PeekEvents): void {
  if (body instanceof Uint8Array) {
    const reader = createEnvelopeReader(enough);
    if (!reader.push(body)) reader.end();
    peeked({ envelope: reader.envelope, body, ambiguity: ambiguityOf(body) });
    return;
  }
  const reader = createEnvelopeReader(() => false);
  const upload = body;
  const held: Uint8Array[] = [];
  let receiver: UploadReceiver | undefined;
  let size = 0;
  let begins = false;
  let delivered = false;
  /** Whether the receiver has room for more. */
  let room = false;
  let ending: ((receiver: UploadReceiver) => void) | undefined;

  function deliver(result: Uint8Array | Upload): void {
    delivered = true;
    const bytes = result instanceof Uint8Array ? result : Buffer.concat(held);
    peeked({ envelope: reader.envelope, body: result, ambiguity: ambiguityIn(bytes) });
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
      if (!delivered) {
        reader.push(bytes);
        size += bytes.length;
        const first = begins ? undefined : bytes.find((byte) => byte > SPACE);
        begins ||= first !== undefined;
        if (size > MAX_INSPECTED || (first !== undefined && !BEGINNINGS.includes(first))) deliver(rest);
      }
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

/** A long message is not read again to find its id: that takes long. */
function ambiguityOf(message: Uint8Array): Ambiguity | undefined {
  if (message.length <= MAX_INSPECTED) return ambiguityIn(message);
  const text = new AmbiguityWatch().push(message);
  return text === undefined ? undefined : { text, id: undefined };
}
