import { expect, onTestFinished, test } from 'vitest';
import { createServer, loadComponent, type Server } from '../../src/index.ts';
import { assembleGuest, type WatGuest } from '../support/wat-guest.ts';

async function start(guest: WatGuest): Promise<{ server: Server; log: string[] }> {
  const component = await loadComponent(await assembleGuest(guest), {
    allowWasmGc: true,
  });
  const log: string[] = [];
  const server = createServer(component, {
    store: 'memory:',
    timeout: 120_000,
    log: (level, context, message) => void log.push(`${level} ${context}: ${message}`),
  });
  onTestFinished(() => server.close(0));
  return { server, log };
}

async function status(server: Server): Promise<number> {
  const response = await server.fetch(new Request('http://localhost/'));
  await response.arrayBuffer();
  return response.status;
}

/** A guest that creates arrays of this size, and keeps them all, until it is stopped. */
const arrays = (make: string): WatGuest => ({
  items: `(type $bytes (array i8)) (type $wide (array i64))
    (type $list (struct (field (ref null $list)) (field (ref null array))))
    (func $fill (local $all (ref null $list))
      (loop $more (local.set $all (struct.new $list (local.get $all) ${make})) (br $more)))`,
  answer: '(call $fill) (i32.const 200)',
});

/** V8 of Node 24 ends the worker before it asks: the request then gets 502, like one whose arrays are small. */
const endsWorker = Number.parseInt(process.versions.node, 10) < 26;

test.each([
  ['small ones', '(array.new_default $bytes (i32.const 1000))', 502, /memory limit/],
  [
    'ones of 20 MB',
    '(array.new_default $bytes (i32.const 20000000))',
    endsWorker ? 502 : 500,
    endsWorker ? /memory limit/ : /trapped: .*unreachable/,
  ],
  ['ones of 1 GB', '(array.new $wide (i64.const 1) (i32.const 125000000))', 500, /trapped: .*unreachable/],
])(
  'a guest that fills the heap with arrays loses at most its worker: %s',
  async (_, make, code, reason) => {
    const [filling, other] = await Promise.all([start(arrays(make)), start({ answer: '(i32.const 201)' })]);
    expect(await status(filling.server)).toBe(code);
    expect(filling.log.at(-1)).toMatch(reason);
    expect(await status(other.server)).toBe(201);
    // The next request is served, with the same outcome.
    expect(await status(filling.server)).toBe(code);
  },
  240_000,
);

test('concurrent guests that fill their tables fail to grow them before V8 runs out of memory', async () => {
  const rounds = 64;
  const guest: WatGuest = {
    items: '(table $t 0 funcref)',
    answer: `(i32.add (i32.const 201) (table.grow $t (ref.null func) (i32.const 999999)))`,
  };
  const { server } = await start(guest);
  const statuses = await Promise.all(Array.from({ length: rounds }, () => status(server)));
  expect(statuses.filter((code) => code !== 200 && code !== 201)).toEqual([]);
  expect(statuses).toContain(201);
});
