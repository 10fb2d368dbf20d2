import type { Readable } from 'node:stream';
import { WasmcpError } from '../../../host/index.ts';

const NEWLINE = 0x0a;

/**
 * The lines of a stream without their ends, empty ones included. Only a newline ends a line: `node:readline` also splits at
 * U+2028, which JSON may contain.
 *
 * @throws WasmcpError `option-invalid` for a stream that cannot be read, with the name that it was given
 */
export async function* linesOf(stream: Readable, name: string): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  for await (const chunk of chunksOf(stream, name)) {
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      yield Buffer.concat([...pieces, rest.subarray(0, end)]).toString();
      pieces = [];
      rest = rest.subarray(end + 1);
    }
    if (rest.byteLength > 0) pieces.push(rest);
  }
  if (pieces.length > 0) yield Buffer.concat(pieces).toString();
}

async function* chunksOf(stream: Readable, name: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield Buffer.from(chunk);
  } catch (cause) {
    throw new WasmcpError('option-invalid', `cannot read ${name}: ${(cause as Error).message}`, { cause });
  }
}
