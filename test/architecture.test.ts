import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

/** From the outside in: a file imports from its own layer and from those below it, never from one above. */
const LAYERS: readonly RegExp[] = [
  /^bin\//,
  /^src\/start\.ts$/,
  /^src\/cli\.ts$/,
  /^src\/(commands|options(?!\/(?:defaults|ranges|resolve|types)\.ts$))\//,
  /^src\/testing\.ts$/,
  /^src\/index\.ts$/,
  /^src\/server\//,
  /^src\/mcp\//,
  /^src\/engine\//,
  /^src\/http\//,
  /^src\/loader\//,
  /^src\/transpile\//,
  /^src\/snapshot\//,
  /^src\/component\//,
  /^src\/growth\//,
  /^src\/metering\//,
  /^src\/wasm\//,
  /^src\/process\//,
  /^src\/(version\.ts|worker-environment\.ts|checkout\.js)$/,
  /^src\/options\/(?:defaults|ranges|resolve|types)\.ts$/,
  /^host\/public\.ts$/,
  /^host\/index\.ts$/,
  /^host\//,
];

interface Import {
  readonly file: string;
  readonly target: string;
}

const root = join(import.meta.dirname, '..');
const files = globSync('{bin,src,host}/**/*.{ts,js}', { cwd: root });
const imports = files.flatMap((file): Import[] => {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/(?:from|import|import\()\s*'([^'\n]+)'/g);
  return [...found].map(([, target]) => ({ file, target: target! }));
});
const ownImports: readonly Import[] = imports
  .filter(({ target }) => target.startsWith('.'))
  .map(({ file, target }) => ({ file, target: normalize(join(dirname(file), target)) }));

function layer(file: string): number {
  return LAYERS.findIndex((pattern) => pattern.test(file));
}

/** The groups of files that import each other, each file being reachable from every other one of its group (Tarjan). */
function circles(edges: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { file, target } of edges) next.set(file, [...(next.get(file) ?? []), target]);
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  function visit(file: string): void {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    stack.push(file);
    for (const target of next.get(file) ?? []) {
      if (!order.has(target)) visit(target);
      if (stack.includes(target)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1) found.push(group.sort());
  }
  for (const file of next.keys()) if (!order.has(file)) visit(file);
  return found;
}

describe('the direction of imports', () => {
  test('every file belongs to a layer', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => layer(file) < 0)).toEqual([]);
  });

  test('no file imports from a layer above its own', () => {
    const upward = ownImports.filter(({ target }) => target !== 'package.json');
    expect(upward.filter(({ file, target }) => layer(target) < layer(file))).toEqual([]);
  });

  test('src imports host/index.ts and nothing else of host', () => {
    const past = ownImports.filter(
      ({ file, target }) =>
        file.startsWith('src/') && target.startsWith('host/') && target !== 'host/index.ts',
    );
    expect(past).toEqual([]);
  });

  test('src/mcp knows the request contract, not the engine', () => {
    const past = ownImports.filter(
      ({ file, target }) => file.startsWith('src/mcp/') && target.startsWith('src/engine/'),
    );
    expect(past).toEqual([]);
  });

  test('only the table of drivers, and the list of exports, know a kind of store', () => {
    const past = ownImports.filter(
      ({ file, target }) =>
        /^host\/keyvalue\/(sqlite|memory|postgres|redis)\//.test(target) &&
        !/^host\/keyvalue\/(sqlite|memory|postgres|redis)\//.test(file),
    );
    expect(new Set(past.map(({ file }) => file))).toEqual(
      new Set(['host/keyvalue/drivers.ts', 'host/index.ts']),
    );
  });

  test('the page in the browser and the server share nothing but the API', () => {
    const pages = globSync('page/src/**/*.{ts,tsx}', { cwd: root });
    expect(pages.length).toBeGreaterThan(20);
    const targets = pages.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/from '([^']+)'/g)].map(([, target]) =>
        target!.startsWith('.') ? normalize(join(dirname(file), target!)) : target!,
      ),
    );
    const foreign = targets.filter((target) => !/^(?:page\/src\/|preact(?:\/|$)|uplot$)/.test(target));
    expect(foreign).toEqual([]);
    expect(ownImports.filter(({ target }) => target.startsWith('page/'))).toEqual([]);
  });

  test('no files import each other in a circle, not even types', () => {
    expect(circles(ownImports)).toEqual([]);
  });

  test('a circle would be found', () => {
    const edges = ['a b', 'b c', 'c a', 'c d', 'd e'].map((edge) => edge.split(' ') as [string, string]);
    expect(circles(edges.map(([file, target]) => ({ file, target })))).toEqual([['a', 'b', 'c']]);
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
