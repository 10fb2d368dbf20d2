import type { GuestRequest, Upload } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import type { RequestRecord } from '../../http/request-record.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { failureResponse, type PlainResponse } from '../plain.ts';

/** The body of a request; its bytes are counted. */
export function recordedBody(record: RequestRecord, body: GuestRequest['body']): GuestRequest['body'] {
  if (body === undefined || body instanceof Uint8Array) {
    record.bytesIn += body?.length ?? 0;
    return body;
  }
  const upload: Upload = body;
  return {
    start: (receiver) =>
      upload.start({
        data(bytes) {
          record.bytesIn += bytes.length;
          return receiver.data(bytes);
        },
        end: (trailers) => receiver.end(trailers),
        fail: (error) => receiver.fail(error),
      }),
    resume: () => upload.resume(),
    stop: () => upload.stop(),
  };
}

/** Where a response goes: what leaves is recorded, and so is that no guest works on the request any more. */
export function recordedResponse(record: RequestRecord, target: ResponseWriter): ResponseWriter {
  let hasBegun = false;
  record.entered();
  return wrapResponse(target, {
    head(status, headers) {
      hasBegun = true;
      record.status = status;
      if (record.session === undefined) {
        record.inSession(header(headers, 'mcp-session-id'));
        record.isNewSession = record.session !== undefined;
      }
      target.head(status, headers);
    },
    chunk(bytes, acknowledged) {
      record.bytesOut += bytes.length;
      target.chunk(bytes, acknowledged);
    },
    fail(error) {
      record.failed(error.code);
      if (!hasBegun) recordPlain(record, failureResponse(error));
      target.fail(error);
    },
    finished() {
      target.finished();
      record.finished();
    },
  });
}

/** A response that no guest wrote. */
export function recordPlain(record: RequestRecord | undefined, { status, body }: PlainResponse): void {
  if (record === undefined) return;
  record.status = status;
  if (record.method !== 'HEAD') record.bytesOut += Buffer.byteLength(body);
}
