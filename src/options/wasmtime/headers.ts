import { readFileSync } from 'node:fs';
import { WasmcpError } from '../../../host/index.ts';

/** RFC 9110 section 5.1. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 section 5.5: visible ASCII characters and blanks. */
const VALUE = /^[\t\x20-\x7e]*$/;

/**
 * Headers from `name: value`, or one per line of the file in `@file`.
 *
 * @throws WasmcpError `option-invalid`
 */
export function parseHeaders(text: string): [string, string][] {
  if (!text.startsWith('@')) return [parseHeader(text)];
  return readLines(text.slice(1))
    .filter((line) => line.trim() !== '')
    .map(parseHeader);
}

function parseHeader(line: string): [string, string] {
  const at = line.indexOf(':');
  const name = line.slice(0, at).trim();
  const value = line.slice(at + 1).trimStart();
  if (at < 0 || !NAME.test(name) || !VALUE.test(value)) {
    throw new WasmcpError('option-invalid', 'Write name: value, or @file with one header per line.');
  }
  return [name.toLowerCase(), value];
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch (error) {
    throw new WasmcpError('option-invalid', `The file ${path} cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
