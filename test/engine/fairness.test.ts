import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { createServer, loadComponent } from '../../src/index.ts';
import { manyFills, manyMemories } from '../campaign/hostile-wat.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { rawConnection, share } from '../support/serving.ts';
import { thisThread } from '../support/this-thread.ts';

const folder = mkdtempSync(join(tmpdir(), 'wasmcp-fair-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** On SQLite, whose calls always return immediately. */
const shared = share('waits', { store: `sqlite:${join(folder, 'store.db')}`, workers: 1 });

function ask(path: string): Promise<Response> {
  return shared.server.fetch(new Request(`http://localhost${path}`));
}

/** A guest that calls the host for so long after the head of its response; `ended` says whether all of it is here. */
async function busy(call: string, ms: number): Promise<{ text: Promise<string>; ended(): boolean }> {
  const text = (await ask(`/busy?call=${call}&ms=${ms}`)).text();
  let over = false;
  const end = (): void => {
    over = true;
  };
  text.then(end, end);
  return { text, ended: () => over };
}

describe('a guest that never has to wait', () => {
  test.each(['block', 'poll', 'read', 'write', 'flush', 'get', 'set'])(
    '%s: yields to messages and to other guests of its worker',
    async (name) => {
      const { text, ended } = await busy(name, 1000);
      const others = await Promise.all([ask('/ok'), ask('/ok'), ask('/ok')]);
      expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
      // Its head, sent before the loop began, is posted in another turn of the event loop: that came, and so did theirs.
      expect(ended()).toBe(false);
      expect(await text).toMatch(/^[1-9][0-9]+ calls$/);
    },
  );

  // With raw glue, each starts for so long that the first ones end meanwhile.
  test.skipIf(rawGlue)('shares its worker with many of its kind, and all make progress', async () => {
    const guests = await Promise.all(Array.from({ length: 8 }, () => busy('block', 1000)));
    expect(guests.filter(({ ended }) => ended())).toEqual([]);
    for (const { text } of guests) expect(Number.parseInt(await text, 10)).toBeGreaterThan(10);
  });
});

/** Components with raw glue can only be suspended in host functions that wait. */
describe.skipIf(rawGlue)('a guest whose host calls take long and cannot wait', () => {
  const heavy = share('hostile', { workers: 1 });
  const get = (path: string): Promise<Response> => heavy.server.fetch(new Request(`http://localhost${path}`));

  test.each(['/random?n=6&mib=30', '/long-path?n=20&mib=8', '/long-method?n=20&mib=8'])(
    '%s: yields to others after a call',
    async (path) => {
      let isOver = false;
      const guest = get(path).then((response) => {
        isOver = true;
        return response.text();
      });
      expect((await get('/ok')).status).toBe(200);
      expect(isOver).toBe(false);
      await guest;
    },
  );
});

/** What a request by POST does. */
const FILLS: Readonly<Record<string, string>> = {
  '128 MiB forty times without a loop': manyFills(40, 2048),
  '512 MiB at once': manyMemories(1, 8192),
};

test.skipIf(rawGlue).each(Object.entries(FILLS))(
  'a guest that fills %s yields in between',
  async (_, wat) => {
    const component = await loadComponent(await parse(wat));
    const server = createServer(component, { store: 'memory:', workers: 1 });
    onTestFinished(() => server.close(0));
    const url = await server.listen(0);
    expect((await fetch(url)).status).toBe(200);
    const guest = await rawConnection(url);
    guest.send('POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n');
    await guest.receive(/100 Continue/);
    let isOver = false;
    const over = guest.receive(/HTTP\/1.1 200/).then(() => {
      isOver = true;
    });
    for (let n = 0; n < 5; n += 1) expect((await fetch(url)).status).toBe(200);
    expect(isOver).toBe(false);
    await over;
  },
);

describe.skipIf(rawGlue)('a guest that executes many times what others do', () => {
  const mixed = share('misbehave', { workers: 1 });

  test('yields to one that comes meanwhile, although both are quick', async () => {
    const get = async (path: string): Promise<void> => {
      await (await mixed.server.fetch(new Request(`http://localhost${path}`))).text();
    };
    for (let n = 0; n < 20; n += 1) await get('/ok');
    // Computations that had to wait in earlier tests are owed time of the thread, until one has had it.
    await get('/compute?rounds=200000');
    const order: string[] = [];
    await Promise.all(['/compute?rounds=50000', '/ok'].map((path) => get(path).then(() => order.push(path))));
    expect(order).toEqual(['/ok', '/compute?rounds=50000']);
  });
});

describe('many quick guests', () => {
  const short = async (): Promise<void> => {
    await (await ask('/busy?call=block&ms=3')).text();
  };

  // Raw glue suspends guests at each call that may wait, ready or not: all running guests alternate.
  test.skipIf(rawGlue)('get their responses one after another, not all at the end', async () => {
    await Promise.all(Array.from({ length: 60 }, short));
    const start = performance.now();
    const times = await Promise.all(
      Array.from({ length: 60 }, async () => {
        await short();
        return performance.now() - start;
      }),
    );
    times.sort((a, b) => a - b);
    expect(times[9]).toBeLessThan(times[59]! / 2);
  });

  // Without workers, the forty clients share the thread as well.
  test.skipIf(rawGlue || thisThread)('do not starve a suspended guest', async () => {
    const long = async (): Promise<number> => {
      const start = performance.now();
      await (await ask('/busy?call=block&ms=100')).text();
      return performance.now() - start;
    };
    const alone = await long();
    let open = true;
    const others = Promise.all(
      Array.from({ length: 40 }, async () => {
        while (open) await short();
      }),
    );
    const taken = [await long(), await long(), await long()].sort((a, b) => a - b)[1]!;
    open = false;
    await others;
    expect(taken).toBeLessThan(8 * alone);
  });
});
