import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Binding,
  bytesSource,
  checked,
  createHost,
  Guest,
  GuestExit,
  type HostOptions,
  openStore,
} from '../../host/index.ts';
import type { InputStream } from '../../host/io/input-stream.ts';
import type { OutputStream } from '../../host/io/output-stream.ts';
import { bytes, type TestSink, testSink, text, thrown } from './streams.ts';

interface Bound {
  readonly binding: Binding;
  readonly guest: Guest;
  readonly stdout: TestSink;
  readonly stderr: TestSink;
}

function bind(options?: HostOptions): Bound {
  const guest = new Guest();
  const [stdout, stderr] = [testSink(), testSink()];
  const stdin = bytesSource(bytes('in'));
  return { binding: createHost(options).bind(guest, { stdin, stdout, stderr }), guest, stdout, stderr };
}

/** The interface `name`, as functions that the test can call. */
function use(binding: Binding, name: string): Record<string, (...args: unknown[]) => unknown> {
  const implementation = binding(name);
  if (implementation === undefined) throw new TypeError(`${name} is not available`);
  return implementation as Record<string, (...args: unknown[]) => unknown>;
}

describe('versions', () => {
  test('every patch version of WASI 0.2 has the same classes', () => {
    const { binding } = bind();
    const first = binding('wasi:io/streams@0.2.0');
    expect(first).toBeDefined();
    expect(binding('wasi:io/streams@0.2.17')).toBe(first);
    expect(bind().binding('wasi:io/streams@0.2.6')).toBe(first);
  });

  for (const name of [
    'wasi:io/streams',
    'wasi:io/streams@0.3.0',
    'wasi:io/streams@0.20.0',
    'wasi:io/streams@0.2.0-rc-2023-11-10',
    'wasi:io/nothing@0.2.0',
    'wasi:config/store@0.2.0',
    'wasi:config/store@0.2.0-rc.2',
    'wasi:logging/logging@0.1.0',
    'wasi:keyvalue/store@0.2.0',
    'wasi:keyvalue/store@0.2.0-draft',
    '__proto__',
    'toString',
  ]) {
    test(`${name} is not available`, () => {
      expect(bind().binding(name)).toBeUndefined();
    });
  }
});

describe('the environment', () => {
  test('contains only the options, nothing of the process', () => {
    const empty = use(bind().binding, 'wasi:cli/environment@0.2.6');
    expect(empty.getEnvironment!()).toEqual([]);
    expect(empty.getArguments!()).toEqual([]);
    expect(empty.initialCwd!()).toBeUndefined();
    const full = use(bind({ env: { A: '1' }, args: ['app', 'x'] }).binding, 'wasi:cli/environment@0.2.6');
    expect(full.getEnvironment!()).toEqual([['A', '1']]);
    expect(full.getArguments!()).toEqual(['app', 'x']);
  });

  test('has no folders and no terminals', () => {
    const { binding } = bind();
    expect(use(binding, 'wasi:filesystem/preopens@0.2.6').getDirectories!()).toEqual([]);
    for (const stream of ['Stdin', 'Stdout', 'Stderr']) {
      const terminal = use(binding, `wasi:cli/terminal-${stream.toLowerCase()}@0.2.6`);
      expect(terminal[`getTerminal${stream}`]!()).toBeUndefined();
    }
  });
});

describe('exit', () => {
  const exits: [string, unknown, number][] = [
    ['exit', { tag: 'ok' }, 0],
    ['exit', { tag: 'err' }, 1],
    ['exitWithCode', 42, 42],
  ];
  test.each(exits)('%s with %j ends the guest with status %i', (name, argument, status) => {
    const exit = use(bind().binding, 'wasi:cli/exit@0.2.6')[name]!;
    expect(() => exit(argument)).toThrow(GuestExit);
    expect(() => exit(argument)).toThrow(expect.objectContaining({ status, ok: status === 0 }));
  });
});

describe('standard input and output', () => {
  test('are those of the guest', () => {
    const { binding, stdout, stderr } = bind();
    const out = use(binding, 'wasi:cli/stdout@0.2.6').getStdout!() as OutputStream;
    out.blockingWriteAndFlush(bytes('out'));
    out[Symbol.dispose]();
    (use(binding, 'wasi:cli/stdout@0.2.0').getStdout!() as OutputStream).blockingWriteAndFlush(bytes('put'));
    (use(binding, 'wasi:cli/stderr@0.2.6').getStderr!() as OutputStream).blockingWriteAndFlush(bytes('err'));
    const input = use(binding, 'wasi:cli/stdin@0.2.6').getStdin!() as InputStream;
    expect(text(input.read(9n))).toBe('in');
    expect(text(stdout.chunks)).toBe('output');
    expect(text(stderr.chunks)).toBe('err');
  });

  test('input is empty if absent', () => {
    const binding = createHost().bind(new Guest(), { stdout: testSink(), stderr: testSink() });
    const input = use(binding, 'wasi:cli/stdin@0.2.6').getStdin!() as InputStream;
    expect(thrown(() => input.blockingRead(9n))).toEqual({ tag: 'closed' });
  });
});

describe('config and logging', () => {
  test('both versions of wasi:config/store return the values of the options', () => {
    const { binding } = bind({ config: { a: '1', b: '2' } });
    for (const version of ['0.2.0-draft-2024-09-27', '0.2.0-rc.1']) {
      const config = use(binding, `wasi:config/store@${version}`);
      expect(config.get!('a')).toBe('1');
      expect(config.get!('toString')).toBeUndefined();
      expect(config.getAll!()).toEqual([
        ['a', '1'],
        ['b', '2'],
      ]);
    }
  });

  test('log messages go to the given function', () => {
    const seen: string[][] = [];
    const { binding, guest } = bind({ log: (...message) => seen.push(message) });
    const { log } = use(binding, 'wasi:logging/logging@0.1.0-draft');
    log!('warn', 'db', 'slow');
    expect(seen).toEqual([['warn', 'db', 'slow']]);
    guest.end('out of time');
    expect(() => log!('warn', 'db', 'slow')).toThrow('out of time');
  });
});

describe('folders', () => {
  test('that do not exist are reported before any guest runs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'wasmcp-host-'));
    try {
      writeFileSync(join(folder, 'file'), '');
      for (const host of [join(folder, 'missing'), join(folder, 'file')]) {
        expect(() => createHost({ preopens: [{ host, guest: '/' }] })).toThrow(
          expect.objectContaining({ code: 'directory-unusable', message: expect.stringContaining(host) }),
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('wasi:keyvalue', () => {
  test('both drafts work on one store, with the shape of get-many that the component imports', async () => {
    const store = checked(await openStore('memory:'));
    const { binding } = bind({ store });
    const draft = use(binding, 'wasi:keyvalue/store@0.2.0-draft');
    const bucket = draft.open!('') as { set(key: string, value: Uint8Array): void };
    bucket.set('k', bytes('v'));
    const name = 'wasi:keyvalue/batch@0.2.0-draft2';
    for (const [getMany, missing] of [
      ['options', undefined],
      ['pairs', ['none', undefined]],
    ] as const) {
      const fresh = bind({ store }).binding;
      const second = use(fresh, 'wasi:keyvalue/store@0.2.0-draft2').open!('default');
      const batch = fresh(name, { getMany }) as { getMany(bucket: unknown, keys: string[]): unknown };
      expect(await batch.getMany(second, ['k', 'none'])).toEqual([['k', bytes('v')], missing]);
    }
    await store.close();
  });
});
