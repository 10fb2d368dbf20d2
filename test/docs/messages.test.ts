import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prose, ROOT } from './markdown.ts';

const sources = globSync('{bin,src,host}/**/*.{ts,js}', { cwd: ROOT })
  .map((file) => readFileSync(join(ROOT, file), 'utf8'))
  .join('\n')
  .replaceAll(/\$\{[^}]*\}/g, 'N');

/** The messages on the page: what is in backticks, except options, variables, paths and commands. */
const messages = [...prose('docs/troubleshooting.md', 'with').matchAll(/`([^`\n]+)`/g)]
  .map(([, text]) => text!)
  .filter((text) => text.includes(' ') && !/^(--|wasmcp-node |Store )/.test(text))
  .map((text) => text.replace(/^(error|warn|warning): (\w+: )?/, ''));

test('the page quotes messages', () => expect(messages.length).toBeGreaterThan(15));

test.each(messages)('the program has the message: %s', (message) => {
  const parts = message.split(/…|\b(?:N|METHOD|30000)\b/).map((part) => part.trim());
  expect(parts.filter((part) => !sources.includes(part))).toEqual([]);
});
