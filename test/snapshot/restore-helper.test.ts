import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bindHelper, compileHelper } from '../../src/snapshot/restore-helper.ts';
import { assemble } from '../support/wat.ts';

const FOLDER = join(import.meta.dirname, '../../src/snapshot');

test('the embedded bytes are restore.wat, assembled; `vitest -u` writes them again', async () => {
  const bytes = await assemble(readFileSync(join(FOLDER, 'restore.wat'), 'utf8'));
  const text = `/** \`restore.wat\`, assembled, in base64. Generated: change the text, then run its test with \`-u\`. */
export const RESTORE_WASM: string =
  '${Buffer.from(bytes).toString('base64')}';
`;
  await expect(text).toMatchFileSnapshot(join(FOLDER, 'restore-wasm.ts'));
});

test('accesses outside of the memory or the image trap', () => {
  const helper = bindHelper(
    compileHelper(),
    new WebAssembly.Memory({ initial: 2 }),
    new WebAssembly.Memory({ initial: 1 }),
    undefined,
  );
  expect(helper.restore(0x10000, 0, 16)).toBe(0);
  expect(helper.clear(0, 32)).toBe(0);
  expect(() => helper.clear(0, 33)).toThrow(WebAssembly.RuntimeError);
  expect(() => helper.restore(0, 0, 17)).toThrow(WebAssembly.RuntimeError);
  expect(() => helper.restore(0, 0x10000, 1)).toThrow(WebAssembly.RuntimeError);
  expect(() => helper.restore(-4096, 0, 1)).toThrow(WebAssembly.RuntimeError);
  expect(() => helper.clear(0, -1)).toThrow(WebAssembly.RuntimeError);
});

test('a memory of 4 GiB is restored up to its last block', () => {
  const live = new WebAssembly.Memory({ initial: 0x10000 });
  const image = new WebAssembly.Memory({ initial: 1 });
  const helper = bindHelper(compileHelper(), live, image, undefined);
  new Uint8Array(image.buffer).fill(7);
  const tail = new Uint8Array(live.buffer, 0xffff0000);
  expect(helper.restore(0xffff0000, 0, 16)).toBe(16);
  expect(tail).toEqual(new Uint8Array(0x10000).fill(7));
  tail[0xffff] = 8;
  expect(helper.restore(0xffff0000, 0, 16)).toBe(1);
  expect(helper.clear(0xfffe0000, 32)).toBe(16);
  expect(tail.every((byte) => byte === 0)).toBe(true);
});
