import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Outer layers may use inner ones, never the other way round. */
const LAYERS = [
  /^bin\//,
  /^src\/start\.ts$/,
  /^src\/cli\.ts$/,
  /^src\/(commands|options(?!\/ranges\.ts$))\//,
  /^src\/testing\.ts$/,
  /^src\/index\.ts$/,
  /^src\/server\//,
  /^src\/mcp\//,
  /^src\/engine\//,
  /^src\/(component|version)/,
  /^src\/options\/ranges\.ts$/,
  /^host\/public\.ts$/,
  /^host\/index\.ts$/,
  /^host\//,
];

const root = join(import.meta.dirname, '..');
const files = globSync('{bin,src,host}/**/*.{ts,js}', { cwd: root });
const imports = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/(?:from|import|import\()\s*'([^']+)'/g);
  return [...found].map(([, target]) => ({ file, target: target! }));
});

function layer(file: string): number {
  return LAYERS.findIndex((pattern) => pattern.test(file));
}

describe('the direction of imports', () => {
  test('every file belongs to a layer', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => layer(file) < 0)).toEqual([]);
  });

  test('no file imports from a layer above its own, and src reaches host by its door only', () => {
    const wrong = imports
      .filter(({ target }) => target.startsWith('.'))
      .map(({ file, target }) => ({ file, target: normalize(join(dirname(file), target)) }))
      .filter(({ file, target }) => {
        if (target === 'package.json') return false;
        const throughWall =
          file.startsWith('src/') && target.startsWith('host/') && target !== 'host/index.ts';
        return throughWall || layer(target) < layer(file);
      });
    expect(wrong).toEqual([]);
  });
});

test('each npm package is imported by one file, so that it can be exchanged in one place', () => {
  const users = new Map<string, Set<string>>();
  for (const { file, target } of imports) {
    if (target.startsWith('.') || target.startsWith('node:')) continue;
    const name = target
      .split('/')
      .slice(0, target.startsWith('@') ? 2 : 1)
      .join('/');
    users.set(name, (users.get(name) ?? new Set()).add(file));
  }
  const shared = [...users].filter(([, by]) => by.size > 1).map(([name, by]) => [name, [...by]]);
  expect(shared).toEqual([]);
});
