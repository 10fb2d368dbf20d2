import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WasmcpError } from '../../host/index.ts';
import { detectFormat } from './format.ts';

/** A component's bytes, and its name in messages. */
export interface SourceBytes {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Default for the largest component, in bytes: wasmcp servers have 5 to 24 MB. */
export const MAX_SIZE: number = 256 * 1024 * 1024;

/** Longest time of a whole download, in milliseconds. */
const FETCH_TIMEOUT = 300_000;

/**
 * Reads a component from a path, a `file:`, `http:` or `https:` URL, standard input (`-`), or bytes.
 *
 * @throws WasmcpError `component-not-found`, `component-too-large` (before reading, where the size is known) or
 *   `component-invalid` (not a component at all).
 */
export async function readSource(
  source: string | URL | Uint8Array,
  maxSize: number = MAX_SIZE,
): Promise<SourceBytes> {
  const { name, bytes } = await fetchBytes(source, maxSize);
  const problem = detectFormat(bytes);
  if (problem !== undefined) throw new WasmcpError('component-invalid', `${name} ${problem}`);
  return { name, bytes };
}

async function fetchBytes(source: string | URL | Uint8Array, maxSize: number): Promise<SourceBytes> {
  if (source instanceof Uint8Array) {
    if (source.length > maxSize) throw tooLarge('bytes', maxSize, source.length);
    // A copy, because the caller may change its own bytes after the check.
    return { name: 'bytes', bytes: new Uint8Array(source) };
  }
  if (source === '-') return readStdin(maxSize);
  const url = typeof source === 'string' ? parseUrl(source) : source;
  if (url === undefined) return readFile(String(source), String(source), maxSize);
  if (url.protocol === 'file:') return readFile(fileURLToPath(url), url.href, maxSize);
  if (url.protocol === 'http:' || url.protocol === 'https:') return download(url, maxSize);
  throw notFound(`cannot load ${url.href}: give a path, or a file:, http: or https: URL`);
}

/** Only text with a scheme and slashes is a URL: `C:\server.wasm` is a path. */
function parseUrl(text: string): URL | undefined {
  return /^([a-z][a-z0-9+.-]+:\/\/|file:)/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

async function readFile(path: string, name: string, maxSize: number): Promise<SourceBytes> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY);
  } catch (error) {
    throw unreadable(path, name, error);
  }
  try {
    const status = await file.stat();
    if (status.isDirectory()) throw notFound(`${name} is a folder; name the .wasm file in it`);
    if (status.isFile() && status.size > maxSize) throw tooLarge(name, maxSize, status.size);
    if (status.isFile() && status.size > 0) return { name, bytes: await readWhole(file, status.size) };
    // Pipes have no size, so it is counted while reading.
    return { name, bytes: await collect(file.createReadStream({ autoClose: false }), name, maxSize) };
  } catch (error) {
    throw error instanceof WasmcpError ? error : unreadable(path, name, error);
  } finally {
    await file.close();
  }
}

/**
 * Reads as many bytes as the file had, even if it changes meanwhile; in one piece, which is several times faster than in
 * chunks.
 */
async function readWhole(file: FileHandle, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at);
    if (bytesRead === 0) return bytes.slice(0, at);
    at += bytesRead;
  }
  return bytes;
}

async function readStdin(maxSize: number): Promise<SourceBytes> {
  if (process.stdin.isTTY) {
    throw notFound('- reads the component from standard input, but that is a terminal; pipe a file into it');
  }
  return { name: 'stdin', bytes: await collect(process.stdin, 'stdin', maxSize) };
}

async function download(url: URL, maxSize: number): Promise<SourceBytes> {
  const name = `${url.origin}${url.pathname}`;
  const advice = 'download it yourself and give its path';
  if (url.username !== '' || url.password !== '') {
    throw notFound(`cannot load ${name}: a user name or password in the URL is not supported; ${advice}`);
  }
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT) });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw notFound(`cannot load ${name}: the server responded with ${response.status}; ${advice}`);
    }
    const length = Number(response.headers.get('content-length') ?? 0);
    if (length > maxSize) {
      await response.body.cancel();
      throw tooLarge(name, maxSize, length);
    }
    return { name, bytes: await collect(response.body, name, maxSize) };
  } catch (error) {
    if (error instanceof WasmcpError) throw error;
    throw notFound(`cannot load ${name}: ${reasonOf(error)}; ${advice}`, error);
  }
}

async function collect(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  maxSize: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxSize) throw tooLarge(name, maxSize);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function unreadable(path: string, name: string, error: unknown): WasmcpError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const place = resolve(path);
    const looked = place === name ? '' : ` (looked for ${place})`;
    return notFound(`there is no file ${name}${looked}; check the path`, error);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return notFound(`${name} may not be read; check its permissions`, error);
  }
  return notFound(`cannot read ${name}: ${reasonOf(error)}`, error);
}

/** `fetch` hides the reason in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function notFound(message: string, cause?: unknown): WasmcpError {
  return new WasmcpError('component-not-found', message, { cause });
}

function tooLarge(name: string, maxSize: number, size?: number): WasmcpError {
  const actual = size === undefined ? '' : ` (${size} bytes)`;
  return new WasmcpError(
    'component-too-large',
    `${name} is larger than the limit of ${maxSize} bytes${actual}; raise the limit if it really is a component`,
  );
}
