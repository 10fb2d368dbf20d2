import { WasmcpError } from '../../../host/index.ts';
import type { GuestRequest } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { createEnvelopeReader, type Envelope } from './envelope.ts';
import { SERVER_ERROR, sendError } from './messages.ts';

/** Refuses a request that no guest has started: its client may send it again. `reason` says what it has waited for. */
export function rejectUnstarted(
  request: GuestRequest,
  envelope: Envelope,
  target: ResponseWriter,
  reason: string,
): void {
  sendError(target, idOf(request, envelope), {
    status: new WasmcpError('queue-full', reason).httpStatus,
    code: SERVER_ERROR,
    text: `${reason}; the request had no effect`,
    headers: ['retry-after', '1'],
  });
}

/**
 * The id of a request that fails, if it is known. Of most messages only the method was read, because the id matters only
 * when they fail.
 */
export function idOf({ body }: GuestRequest, { id }: Envelope): Uint8Array | undefined {
  if (id !== undefined || !(body instanceof Uint8Array)) return id;
  const reader = createEnvelopeReader((found) => found.id !== undefined);
  if (!reader.push(body)) reader.end();
  return reader.envelope.id;
}
