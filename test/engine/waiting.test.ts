import { expect, onTestFinished, test } from 'vitest';
import { createMonitor } from '../../src/server/admin/monitor.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { create } from '../support/serving.ts';

/** Each of these uses the thread for some milliseconds, so that few of them begin in each turn of the event loop. */
const MANY = 1000;

test.skipIf(rawGlue)('requests whose time is over before they began never begin', async () => {
  const monitor = createMonitor();
  onTestFinished(monitor.close);
  const { server, log } = await create('misbehave', {
    workers: 1,
    liveLimit: MANY + 1,
    timeout: 500,
    monitor,
  });
  const status = async (path: string): Promise<number> =>
    (await server.fetch(new Request(`http://localhost${path}`))).status;
  const created = async (): Promise<number> =>
    Number(/^wasmcp_node_instances_created_total (\d+)$/m.exec(await monitor.metrics())![1]);
  expect(await status('/ok')).toBe(200);
  const endless = await Promise.all(Array.from({ length: MANY }, () => status('/spin')));
  expect(new Set(endless)).toEqual(new Set([504]));
  expect(await status('/ok')).toBe(200);
  // Each keeps the thread for 5 ms when it begins.
  expect(await created()).toBeLessThan(MANY / 2);
  expect(log.filter((line) => !line.startsWith('error GET /spin: '))).toEqual([]);
});

test('what a guest that runs is sent does not wait for requests that have not begun', async () => {
  const { server } = await create('http-lab', { workers: 1, liveLimit: MANY });
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: body.readable, duplex: 'half' };
  const echo = server.fetch(new Request('http://localhost/echo', init));
  await writer.write(Buffer.from('a'));
  const response = await echo;
  let over = 0;
  const others = Array.from({ length: MANY / 2 }, async () => {
    const { status } = await server.fetch(new Request('http://localhost/poll?n=1000&ms=0'));
    over += 1;
    return status;
  });
  await writer.write(Buffer.from('b'));
  await writer.close();
  expect(await response.text()).toMatch(/ab$/);
  expect(over).toBeLessThan(MANY / 4);
  expect(new Set(await Promise.all(others))).toEqual(new Set([200]));
});
