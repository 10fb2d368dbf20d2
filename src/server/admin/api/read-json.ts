import type { IncomingMessage } from 'node:http';
import { parseJson } from '../../../mcp/json.ts';
import { ApiError } from './reply.ts';

/** Bytes of a body: a value of 16 MiB as base64, and some more. */
const MAX_BODY = 24 * 1024 * 1024;
/** Milliseconds without progress of a body. */
const STALL = 10_000;

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
  const body = await received(request);
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw new ApiError(400, `the body is not JSON: ${(error as Error).message}`);
  }
}

async function received(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const stalled = setTimeout(() => request.destroy(), STALL);
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      stalled.refresh();
      length += piece.length;
      if (length > MAX_BODY) throw tooLarge();
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } finally {
    clearTimeout(stalled);
  }
}

function tooLarge(): ApiError {
  return new ApiError(413, `the body exceeds ${MAX_BODY} bytes`);
}
