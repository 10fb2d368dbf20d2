import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../fixtures');

function sums(): Map<string, string> {
  const lines = readFileSync(join(root, 'SHA256SUMS'), 'utf8').trimEnd().split('\n');
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}

function sha256(name: string): string {
  return createHash('sha256')
    .update(readFileSync(join(root, name)))
    .digest('hex');
}

/** What SHA256SUMS has to list: the components, and everything that they are built from. */
function files(): string[] {
  const patterns = [
    '*.wasm',
    'build.sh',
    'assemble.ts',
    'componentize.ts',
    'guests/**/*.{rs,toml,lock,wit,wac,wat}',
  ];
  return globSync(patterns, { cwd: root, exclude: (name) => name === 'guests/target' }).sort();
}

describe('the committed fixtures', () => {
  test('SHA256SUMS lists every component and every source, and nothing else', () => {
    expect([...sums().keys()].sort()).toEqual(files());
  });

  test.each([...sums()])('%s is unchanged since the fixtures were last built', (name, sum) => {
    expect(sha256(name)).toBe(sum);
  });

  test.each(globSync('*.wasm', { cwd: root }))('%s is a component, not a core module', (name) => {
    const header = readFileSync(join(root, name)).subarray(0, 8);
    expect(header.toString('hex')).toBe('0061736d0d000100');
  });
});
