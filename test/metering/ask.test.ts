import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assemble } from '../support/wat.ts';

const FOLDER = join(import.meta.dirname, '../../src/metering');

test('the embedded bytes are ask.wat, assembled; `vitest -u` writes them again', async () => {
  const bytes = await assemble(readFileSync(join(FOLDER, 'ask.wat'), 'utf8'));
  const text = `/** \`ask.wat\`, assembled, in base64. Generated: change the text, then run its test with \`-u\`. */
export const ASK_WASM: string =
  '${Buffer.from(bytes).toString('base64')}';
`;
  await expect(text).toMatchFileSnapshot(join(FOLDER, 'ask-wasm.ts'));
});
