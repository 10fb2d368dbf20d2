import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  type Binding,
  checked,
  createHost,
  Guest,
  offersFunction,
  openStore,
  Signal,
  WasmcpError,
} from '../../host/index.ts';
import type { LoadedComponent } from '../../src/component/component.ts';
import { assertLinked, bindImports, type LinkHost, link } from '../../src/component/link-check.ts';
import { readComponent } from '../../src/component/outline.ts';
import { formatReport } from '../../src/component/report.ts';
import { loadComponent } from '../../src/loader/load-component.ts';
import { parseWat } from './fixtures.ts';

/** Offers these interfaces; their functions by WIT name. */
function hostWith(interfaces: Record<string, readonly string[]>): LinkHost & { readonly asked: unknown[][] } {
  const asked: unknown[][] = [];
  return {
    asked,
    bind: (name, shape) => {
      asked.push([name, shape]);
      const functions = interfaces[name];
      return functions && { name, functions };
    },
    offersFunction: (implementation, func) =>
      (implementation as { functions: readonly string[] }).functions.includes(func),
  };
}

const TYPES = `(import "wasmcp:mcp/types@0.1.1" (instance
  (type $r (record (field "a" u32))) (export "request" (type (eq $r)))))`;
const POLL = '(import "wasi:io/poll@0.2.6" (instance (export "poll" (func)) (export "wait" (func))))';
const ERROR = '(import "wasi:io/error@0.2.6" (instance (export "error" (type (sub resource)))))';
const UNKNOWN = '(import "acme:billing/invoices@1.0.0" (instance (export "send" (func))))';
const NEWER = '(import "wasi:clocks/wall-clock@0.3.0" (instance (export "now" (func))))';
const BATCH = `(import "wasi:keyvalue/batch@0.2.0-draft2" (instance
  (type $b (list u8)) (type $o (option $b)) (type $e (tuple string $o)) (type $all (list $e))
  (export "get-many" (func (result (result $all))))))`;
const STRANGE_BATCH = `(import "wasi:keyvalue/batch@0.2.0-draft2" (instance
  (type $b (list u8)) (export "get-many" (func (result $b)))))`;
const handler = (version: string): string => `
  (core module $m (func (export "handle"))) (core instance $i (instantiate $m))
  (func $handle (canon lift (core func $i "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@${version}" (instance $handler))`;

async function load(...parts: string[]): Promise<LoadedComponent> {
  const text = `(component ${parts.join('\n')})`;
  return loadComponent(await parseWat(text));
}

const HOST = {
  'wasi:io/poll@0.2.6': ['poll', 'wait'],
  'wasi:io/error@0.2.6': ['[resource-drop]error'],
  'wasi:clocks/wall-clock@0.2.0': ['now'],
  'wasi:keyvalue/batch@0.2.0-draft2': ['get-many'],
};

function refusal(work: () => void): string {
  try {
    work();
  } catch (error) {
    if (error instanceof WasmcpError && error.code === 'component-unlinkable') return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

test('passes if everything is available; imports of types alone need nothing', async () => {
  const component = await load(TYPES, POLL, ERROR, handler('0.2.6'));
  const report = link(component, hostWith(HOST));
  expect(report.imports.map(({ verdict }) => verdict.kind)).toEqual(['types-only', 'offered', 'offered']);
  assertLinked(report, 'wasi:http/incoming-handler');
});

test('fails once, with all problems and their remedies', async () => {
  const component = await load(POLL, ERROR, UNKNOWN, NEWER, STRANGE_BATCH);
  const host = hostWith({ ...HOST, 'wasi:io/poll@0.2.6': ['poll'], 'wasi:io/error@0.2.6': [] });
  const message = refusal(() => assertLinked(link(component, host), 'wasi:http/incoming-handler'));
  expect(message.split('\n')).toEqual([
    'bytes cannot run here:',
    '  - it imports wasi:io/poll@0.2.6: not offered: wait; a newer wasmcp-node may have it',
    '  - it imports wasi:io/error@0.2.6: not offered: resource error; a newer wasmcp-node may have it',
    '  - it imports acme:billing/invoices@1.0.0: nothing here offers it; compose the component with one that exports it',
    '  - it imports wasi:clocks/wall-clock@0.3.0: this version is not offered, only 0.2.x; build or compose it for that',
    expect.stringContaining('its get-many has a result of unknown shape'),
    expect.stringContaining(
      'it has no incoming handler: it exports nothing, not wasi:http/incoming-handler@0.2.x',
    ),
  ]);
});

test('requires the entry point in a version that can be served', async () => {
  const report = link(await load(handler('0.3.0')), hostWith({}));
  expect(refusal(() => assertLinked(report, 'wasi:http/incoming-handler'))).toContain(
    'it exports wasi:http/incoming-handler@0.3.0, not',
  );
  expect(refusal(() => assertLinked(report, 'wasi:cli/run'))).toContain('is no command');
  assertLinked(report);
});

test('names the right command for a component that was given to the wrong one', async () => {
  const server = link(await load(handler('0.2.6')), hostWith({}));
  expect(refusal(() => assertLinked(server, 'wasi:cli/run'))).toContain('start it with "wasmcp-node serve"');
  const run = handler('0.2.6').replace('wasi:http/incoming-handler', 'wasi:cli/run');
  const command = link(await load(run), hostWith({}));
  const message = refusal(() => assertLinked(command, 'wasi:http/incoming-handler'));
  expect(message).toContain('start it with "wasmcp-node run"');
});

test('binds each import under its full name, with the shape of its get-many', async () => {
  const component = await load(TYPES, POLL, BATCH);
  const host = hostWith(HOST);
  const bind: Binding = host.bind;
  const imports = bindImports(component, bind);
  expect(Object.keys(imports)).toEqual(['wasi:io/poll@0.2.6', 'wasi:keyvalue/batch@0.2.0-draft2']);
  expect(host.asked).toEqual([
    ['wasi:io/poll@0.2.6', {}],
    ['wasi:keyvalue/batch@0.2.0-draft2', { getMany: 'pairs' }],
  ]);
});

test('describes a component, and what satisfies each import', async () => {
  const component = await load(TYPES, POLL, ERROR, UNKNOWN, BATCH, handler('0.2.6'));
  expect(formatReport(component, link(component, hostWith(HOST)))).toBe(`bytes
  size      0.0 MiB (${component.size} bytes)
  sha256    ${component.digest}
  contains  0 components, 1 core module
  glue      ${component.glue.kind}: ${component.glue.reason}

exports
  wasi:http/incoming-handler@0.2.6

imports
  wasmcp:mcp/types@0.1.1            types only, needs nothing
  wasi:io/poll@0.2.6                host (2 functions)
  wasi:io/error@0.2.6               host (1 resource)
  acme:billing/invoices@1.0.0       MISSING: nothing here offers it; compose the component with one that exports it
  wasi:keyvalue/batch@0.2.0-draft2  host (1 function, get-many by pairs)
`);
});

test("links this project's own guests, with the real host", async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const sink = { capacity: 0, closed: true, changed: new Signal(), write: () => {} };
  const bind = createHost({ store: checked(store, { maxValue: 1024 }) }).bind(new Guest(), {
    stdout: sink,
    stderr: sink,
  });
  const folder = join(import.meta.dirname, '../../fixtures');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.wasm'));
  expect(files.length).toBeGreaterThan(0);
  for (const source of files) {
    const outline = readComponent(await readFile(join(folder, source)), source);
    assertLinked(
      link({ source, ...outline }, { bind, offersFunction }),
      /^(command|count-)/.test(source) ? 'wasi:cli/run' : 'wasi:http/incoming-handler',
    );
  }
});

test('distinguishes the two shapes of get-many in guests that were built from them', async () => {
  const shapeOf = async (name: string): Promise<unknown> => {
    const bytes = await readFile(join(import.meta.dirname, '../../fixtures', name));
    return readComponent(bytes, name).imports.find((imported) => imported.name.includes('batch'))?.getMany;
  };
  expect(await shapeOf('kv-draft.wasm')).toBe('options');
  expect(await shapeOf('kv-draft2-options.wasm')).toBe('options');
  expect(await shapeOf('kv-draft2.wasm')).toBe('pairs');
});
