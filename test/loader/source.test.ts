import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { WasmcpError, type WasmcpErrorCode } from '../../host/index.ts';
import { readSource } from '../../src/loader/source.ts';
import { parseWat, temporaryFolder } from '../component/fixtures.ts';
import { httpServer } from '../support/servers.ts';

async function failure(
  source: string | URL | Uint8Array,
  maxSize?: number,
): Promise<[WasmcpErrorCode, string]> {
  const error: unknown = await readSource(source, maxSize).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WasmcpError)) throw new Error(`no WasmcpError: ${error}`);
  return [error.code, error.message];
}

async function fileWith(content: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'server.wasm');
  await writeFile(path, content);
  return path;
}

const component = await parseWat('(component)');

test('reads a component from a path, a file: URL as text or object, and bytes', async () => {
  const path = await fileWith(component);
  for (const source of [path, pathToFileURL(path).href, pathToFileURL(path), component]) {
    expect((await readSource(source)).bytes).toEqual(new Uint8Array(component));
  }
});

test('keeps the bytes that were checked, even if the caller changes them', async () => {
  const mine = new Uint8Array(component);
  const { bytes } = await readSource(mine);
  mine.fill(0);
  expect(bytes).toEqual(new Uint8Array(component));
});

test('downloads a component, up to the limit, without credentials in the URL', async () => {
  const { url: origin } = await httpServer((request, response) => {
    if (request.url === '/server.wasm?token=secret') response.end(component);
    else if (request.url === '/endless') response.write(new Uint8Array(100_000));
    else response.writeHead(404).end('no such thing');
  });

  expect((await readSource(`${origin}/server.wasm?token=secret`)).name).toBe(`${origin}/server.wasm`);
  expect((await failure(`${origin}/endless`, 1000))[0]).toBe('component-too-large');
  expect(await failure(`${origin}/other`)).toEqual([
    'component-not-found',
    expect.stringContaining('the server responded with 404'),
  ]);
  const [code, message] = await failure(origin.replace('//', '//me:secret@'));
  expect(code).toBe('component-not-found');
  expect(message).not.toContain('secret');
});

test('names a missing file and the path that was tried', async () => {
  const [code, message] = await failure('no/such/server.wasm');
  expect(code).toBe('component-not-found');
  expect(message).toContain(`no/such/server.wasm (looked for ${join(process.cwd(), 'no/such/server.wasm')})`);
});

test('reports that a path is a folder', async () => {
  const folder = join(await temporaryFolder(), 'server.wasm');
  await mkdir(folder);
  expect(await failure(folder)).toEqual(['component-not-found', expect.stringContaining('is a folder')]);
});

test('refuses URLs that it cannot load', async () => {
  const [code, message] = await failure('oci://ghcr.io/someone/server:1');
  expect(code).toBe('component-not-found');
  expect(message).toContain('file:, http: or https: URL');
});

test.each([
  ['an empty file', '', 'is empty'],
  ['text', '{"name": "server"}\n', 'is a text file'],
  ['WebAssembly text', ';; mine\n(component)', 'wasm-tools parse'],
  ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n', 'git lfs pull'],
  ['something else that is binary', new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]), 'is not WebAssembly'],
  ['a core module', new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), 'wasm-tools component new'],
  [
    'another format version',
    new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0]),
    'unknown format version (0c 00 01 00)',
  ],
  ['the magic bytes alone', new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d]), 'is truncated'],
])('distinguishes %s from a component', async (_, content, expected) => {
  const path = await fileWith(content);
  const [code, message] = await failure(path);
  expect(code).toBe('component-invalid');
  expect(message).toContain(`${path} `);
  expect(message).toContain(expected);
});

test('refuses a file of 500 MB before reading it', async () => {
  const path = await fileWith(component);
  await truncate(path, 500_000_000);
  const before = process.memoryUsage().rss;
  expect(await failure(path)).toEqual(['component-too-large', expect.stringContaining('(500000000 bytes)')]);
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
});

test('applies the limit to bytes and files, and accepts exactly the limit', async () => {
  const path = await fileWith(component);
  for (const source of [path, component]) {
    expect((await failure(source, component.length - 1))[0]).toBe('component-too-large');
    await readSource(source, component.length);
  }
});
