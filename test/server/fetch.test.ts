import { describe, expect, test } from 'vitest';
import { createCollect } from '../../src/process/memory/collect.ts';
import { create, share } from '../support/serving.ts';

const lab = share('http-lab');

function ask(path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response> {
  return lab.server.fetch(new Request(`http://lab.example:81${path}`, init));
}

describe('a request without a socket', () => {
  test('reaches the guest unchanged', async () => {
    const response = await ask('/echo?x=1', { method: 'PUT', headers: { 'X-Mine': '1' }, body: 'hello' });
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const text = await response.text();
    expect(text).toMatch(/^method: PUT\npath: \/echo\?x=1\nscheme: HTTP\nauthority: lab.example:81\n/);
    expect(text).toContain('\nx-mine: 1\n');
    expect(text).toMatch(/\n\nhello$/);
  });

  test('keeps repeated headers separate', async () => {
    expect((await ask('/headers')).headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/']);
  });

  test('may stream its body', async () => {
    const bytes = new Uint8Array(100_000).fill(7);
    let left = 50;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(bytes) : controller.close()),
    });
    const response = await ask('/echo?raw=1', { method: 'POST', body, duplex: 'half' });
    const echoed = new Uint8Array(await response.arrayBuffer());
    expect(echoed.length).toBe(5_000_000);
    expect(echoed.every((byte) => byte === 7)).toBe(true);
  });

  test('whose body fails is an error for its guest, not the end of the body', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(10));
        controller.error(new Error('the source is gone'));
      },
    });
    const response = await ask('/read-slow?ms=1', { method: 'POST', body, duplex: 'half' });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/^after \d+ bytes: StreamError::LastOperationFailed/);
  });

  test.each([
    ['HEAD', '/big?bytes=3000000', 200],
    ['GET', '/status?code=204', 204],
  ])('%s %s gets a response without a body, whatever the guest writes', async (method, path, status) => {
    const { server } = await create('http-lab', { liveLimit: 1 });
    const response = await server.fetch(new Request(`http://a${path}`, { method }));
    expect(response.status).toBe(status);
    expect(response.body).toBeNull();
    // The guest does not wait for a reader.
    expect((await server.fetch(new Request('http://a/globals'))).status).toBe(200);
  });

  test('with a body above the limit gets 413 and stops sending', async () => {
    const { server } = await create('http-lab', { maxBody: 100_000 });
    const cancelled = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
      cancel: () => cancelled.resolve(),
    });
    const request = new Request('http://a/read-slow', {
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit);
    expect((await server.fetch(request)).status).toBe(413);
    await cancelled.promise;
  });
});

test('the body of a refused request is not read', async () => {
  const { server } = await create('http-lab', { allowHosts: [] });
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream({ cancel: () => cancelled.resolve() });
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
  const response = await server.fetch(new Request('http://evil.example/echo', init));
  expect(response.status).toBe(403);
  expect(await response.json()).toMatchObject({ error: { code: -32_000 } });
  await cancelled.promise;
});

describe('a streamed response', () => {
  test('starts before the guest ends, and ends when its reader cancels', async () => {
    const { server } = await create('http-lab', { liveLimit: 1 });
    const response = await server.fetch(new Request('http://a/stream?n=1000000&ms=5'));
    const reader = response.body!.getReader();
    expect(await reader.read()).toMatchObject({ done: false });
    await reader.cancel();
    // The only place is free again: the guest was notified that the reader canceled.
    expect(await (await server.fetch(new Request('http://a/globals'))).text()).toBe('1');
  });

  test('waits for its reader', async () => {
    const { server, logged } = await create('http-lab', { streamIdle: 200 });
    const response = await server.fetch(new Request('http://a/big?bytes=100000000'));
    await logged(/made no progress within 200 ms/);
    await expect(response.arrayBuffer()).rejects.toThrow('made no progress');
  });

  test('arrives completely at a slow reader', async () => {
    const response = await ask('/big?bytes=3000000');
    let length = 0;
    for await (const chunk of response.body!) {
      length += chunk.length;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(length).toBe(3_000_000);
  });

  test('that breaks off is an error for its reader', async () => {
    const { server } = await create('misbehave');
    const response = await server.fetch(new Request('http://a/trap-after-start'));
    if (response.status === 200) await expect(response.text()).rejects.toThrow('trapped');
    else expect(response.status).toBe(500);
  });
});

describe('an abort', () => {
  test('before the call sends nothing', async () => {
    await expect(ask('/globals', { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });

  test('before the response rejects with its reason', async () => {
    const controller = new AbortController();
    const answer = ask('/sleep?ms=60000', { signal: controller.signal });
    controller.abort(new Error('changed my mind'));
    await expect(answer).rejects.toThrow('changed my mind');
  });

  test('during the response breaks it off with its reason', async () => {
    const controller = new AbortController();
    const response = await ask('/stream?n=2&ms=60000', { signal: controller.signal });
    const reader = response.body!.getReader();
    await reader.read();
    controller.abort(new Error('changed my mind'));
    await expect(reader.read()).rejects.toThrow('changed my mind');
  });

  test('is noticed although the caller has dropped the request', async () => {
    const controller = new AbortController();
    const response = await ask('/stream?n=2&ms=60000', { signal: controller.signal });
    const reader = response.body!.getReader();
    await reader.read();
    createCollect()();
    controller.abort(new Error('changed my mind'));
    await expect(reader.read()).rejects.toThrow('changed my mind');
  });

  test('after the response has no effect', async () => {
    const controller = new AbortController();
    const response = await ask('/globals', { signal: controller.signal });
    expect(await response.text()).toBe('1');
    controller.abort();
  });
});

test('a failure results in a fixed response', async () => {
  const response = await ask('/error?code=internal-error&message=secret');
  expect(response.status).toBe(500);
  expect(await response.text()).toContain('<h1>500 Internal Server Error</h1>');
});
