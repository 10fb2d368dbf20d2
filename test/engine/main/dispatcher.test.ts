import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RAW_GLUE_PATIENCE, rawGlue } from '../../support/raw-glue.ts';
import { create, listen } from '../../support/serving.ts';
import { ask, status } from './asking.ts';

describe('a guest that does not respond in time', () => {
  test('is ended while it waits, and its place becomes free', async () => {
    const { server, errors } = await listen('misbehave', { timeout: 400, liveLimit: 3 });
    const began = performance.now();
    const statuses = await Promise.all(Array.from({ length: 3 }, () => status(server, '/sleep-forever')));
    expect(statuses).toEqual([504, 504, 504]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(399);
    expect(errors()).toEqual(
      Array(3).fill('error GET /sleep-forever: the guest did not respond within 400 ms'),
    );
    // Many times the limit on live guests: if one were left, these would wait forever.
    for (let i = 0; i < 4; i++) {
      const more = await Promise.all(Array.from({ length: 3 }, () => status(server, '/sleep-forever')));
      expect(more).toEqual([504, 504, 504]);
    }
    expect(await status(server, '/ok')).toBe(200);
  });

  test.each(['/spin', '/spin-calls'])('and loops (%s) is ended in its loop', async (path) => {
    // A worker that is ended is replaced within the limit of the next request.
    const timeout = rawGlue ? 1000 * RAW_GLUE_PATIENCE : 1000;
    const { server, errors } = await listen('misbehave', { timeout });
    const began = performance.now();
    expect(await status(server, path)).toBe(504);
    expect(performance.now() - began).toBeGreaterThanOrEqual(timeout - 1);
    expect(await status(server, '/ok')).toBe(200);
    expect(errors()).toEqual([`error GET ${path}: the guest did not respond within ${timeout} ms`]);
  });

  test.skipIf(rawGlue)('ends alone: other requests of its worker continue', async () => {
    const { server, errors } = await listen('misbehave', { timeout: 3000 });
    const naps = Array.from({ length: 10 }, () => status(server, '/nap?ms=1500'));
    const loops = Array.from({ length: 6 }, () => status(server, '/spin'));
    expect(await Promise.all(naps)).toEqual(Array(10).fill(200));
    expect(await Promise.all(loops)).toEqual(Array(6).fill(504));
    expect(errors()).toEqual(Array(6).fill('error GET /spin: the guest did not respond within 3000 ms'));
  });
});

describe('a guest that reads a body as it arrives', () => {
  function* pieces(): Generator<string> {
    for (let n = 0; n < 12; n++) yield 'x';
  }

  function arriving(gap: number): RequestInit {
    const parts = pieces();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await pause(gap);
        const { value, done } = parts.next();
        if (done) controller.close();
        else controller.enqueue(Buffer.from(value));
      },
    });
    return { method: 'POST', body, duplex: 'half' } as RequestInit;
  }

  test('has the full time from the arrival of the whole body', async () => {
    const { server } = await listen('kv-draft', { timeout: 600 });
    expect((await ask(server, '/set?key=slow', arriving(100))).status).toBe(200);
  });

  test('has the full time from the arrival of the head if it does not read the body', async () => {
    const { server } = await listen('misbehave', { timeout: 600 });
    expect((await ask(server, '/sleep-forever', arriving(100))).status).toBe(504);
  });
});

// Raw glue cannot be suspended in its own code: a guest that computes has its worker for itself.
describe.skipIf(rawGlue)('a guest that computes', () => {
  test('delays nobody: requests behind it and later ones are served by the same worker', async () => {
    const { server, errors } = await listen('misbehave', { timeout: 15_000, workers: 1 });
    let over = false;
    const loops = [1, 2, 3].map(() =>
      status(server, '/spin').finally(() => {
        over = true;
      }),
    );
    const behind = await Promise.all(Array.from({ length: 20 }, () => status(server, '/ok')));
    for (let i = 0; i < 20; i++) behind.push(await status(server, '/ok'));
    expect(new Set(behind)).toEqual(new Set([200]));
    expect(over).toBe(false);
    expect(errors()).toEqual([]);
    await server.close(0);
    expect(await Promise.all(loops)).toEqual([502, 502, 502]);
  });

  test('finishes, and no request is lost', async () => {
    const { server, log } = await listen('misbehave');
    let over = false;
    const long = ask(server, '/compute?rounds=10000000').finally(() => {
      over = true;
    });
    expect(await status(server, '/ok')).toBe(200);
    expect(over).toBe(false);
    expect((await long).status).toBe(200);
    const more = await Promise.all(Array.from({ length: 50 }, () => status(server, '/ok')));
    expect(new Set(more)).toEqual(new Set([200]));
    expect(log).toEqual([]);
  });

  test('does not keep the server from closing', async () => {
    const { server } = await create('misbehave');
    expect(await status(server, '/ok')).toBe(200);
    const loops = [status(server, '/spin'), status(server, '/spin')];
    await server.close(0);
    expect(await Promise.all(loops)).toEqual([502, 502]);
  });
});

describe('a response that has begun', () => {
  test('may take longer than the timeout, as long as it makes progress', async () => {
    const { server } = await listen('http-lab', { timeout: 400, streamIdle: 400 });
    const response = await ask(server, '/stream?n=10&ms=50&size=1');
    expect(await response.text()).toBe('x'.repeat(10));
  });

  test('is aborted when it makes no progress, and its guest is ended', async () => {
    const { server, errors } = await listen('http-lab', { streamIdle: 150, liveLimit: 1 });
    const response = await ask(server, '/stream?n=2&ms=60000&size=1');
    await expect(response.text()).rejects.toThrow('made no progress within 150 ms');
    expect(await status(server, '/globals')).toBe(200);
    expect(errors()).toEqual(['error GET /stream: the response made no progress within 150 ms']);
  });

  test('is closed for its guest when the client disconnects', async () => {
    const { server } = await listen('misbehave', { liveLimit: 1 });
    const response = await ask(server, '/write-after-client-gone');
    await response.body!.cancel();
    const word = await (await ask(server, '/kv?key=client-gone')).text();
    expect(word).toBe('first StreamError::Closed, then Err(StreamError::Closed)');
  });

  test('gives its guest one more timeout after the client disconnects', async () => {
    const { server, logged } = await listen('http-lab', { timeout: 500, streamIdle: 60_000, liveLimit: 1 });
    const response = await ask(server, '/stream?n=2&ms=60000&size=1');
    await response.body!.cancel();
    expect(await logged(/stream/)).toContain('did not return within 500 ms after its response ended');
    expect(await status(server, '/globals')).toBe(200);
  });
});

describe('guests whose clients have disconnected', () => {
  test('are the first to be ended when places are needed', async () => {
    const { server, log, errors } = await listen('misbehave', { liveLimit: 3 });
    const leaving = new AbortController();
    const left = [1, 2].map(() =>
      ask(server, '/sleep-forever', { signal: leaving.signal }).catch(() => 'left'),
    );
    // The earlier requests have their places.
    expect(await status(server, '/ok')).toBe(200);
    const began = performance.now();
    const stays = status(server, '/sleep-forever');
    leaving.abort();
    expect(await Promise.all(left)).toEqual(['left', 'left']);
    const served = await Promise.all(Array.from({ length: 5 }, () => status(server, '/ok')));
    expect(served).toEqual(Array(5).fill(200));
    // Long before the timeout of the disconnected ones.
    expect(performance.now() - began).toBeLessThan(20_000);
    const message =
      'warn GET /sleep-forever: the guest was ended: its client had disconnected, and others needed its place';
    expect(log).toEqual([message, message]);
    expect(errors()).toEqual([]);
    await server.close(0);
    expect(await stays).toBe(502);
  });

  test('may finish while no other request needs their places', async () => {
    const { server, log } = await listen('http-lab', { liveLimit: 2 });
    const leaving = new AbortController();
    const left = ask(server, '/sleep?ms=1500', { signal: leaving.signal }).catch(() => 'left');
    leaving.abort();
    expect(await left).toBe('left');
    await pause(1600);
    expect(await status(server, '/globals')).toBe(200);
    expect(log).toEqual([]);
  });

  test('are treated like guests whose clients send their bodies for too long', async () => {
    const { server, logged } = await listen('kv-draft', { liveLimit: 1, timeout: 1500 });
    const stop = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await pause(100);
        if (stop.signal.aborted) controller.close();
        else controller.enqueue(Buffer.from('x'));
      },
    });
    onTestFinished(() => stop.abort());
    const dripping = ask(server, '/set?key=slow', { method: 'POST', body, duplex: 'half' } as RequestInit);
    await pause(2000);
    // The first of them may fail: the guest has a second from the moment that it is late.
    while ((await status(server, '/exists?key=x')) !== 200);
    expect((await dripping).status).toBe(503);
    expect(await logged(/^warn POST/)).toContain('its body arrived too slowly');
  });
});
