import type { IncomingMessage } from 'node:http';
import { ApiError } from './reply.ts';

/** Bytes of a body: a value of 16 MiB as base64, and some more. */
const MAX_BODY = 24 * 1024 * 1024;

/**
 * The JSON in the body of a request.
 *
 * @throws ApiError 400, 413 or 415
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  // No form of a foreign page has this type.
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new ApiError(415, 'the body must be application/json');
  if (Number(request.headers['content-length']) > MAX_BODY) throw tooLarge();
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_BODY) throw tooLarge();
    pieces.push(piece);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)));
  } catch (error) {
    throw new ApiError(400, `the body is not JSON: ${(error as Error).message}`);
  }
}

function tooLarge(): ApiError {
  return new ApiError(413, `the body exceeds ${MAX_BODY} bytes`);
}
