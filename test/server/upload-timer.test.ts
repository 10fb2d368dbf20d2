import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Upload } from '../../src/http/handler.ts';
import { receiveBody } from '../../src/server/node-upload.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A request whose client disconnects in the middle of its body. */
async function brokenOff(): Promise<Upload> {
  const arrived = Promise.withResolvers<{ request: IncomingMessage; upload: Upload }>();
  const server = createServer((request, response) => {
    const limits = { maxBody: 1000, bodyTimeout: 30_000 };
    receiveBody(request, response, limits, {
      received: (body) => arrived.resolve({ request, upload: body as Upload }),
      stalled: arrived.reject,
    });
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  const { request, upload } = await arrived.promise;
  const failed = Promise.withResolvers<void>();
  upload.start({ data: () => true, end() {}, fail: () => failed.resolve() });
  expect(vi.getTimerCount()).toBe(1);
  const closed = new Promise<void>((resolve) => request.on('close', resolve));
  client.destroy();
  await Promise.all([failed.promise, closed]);
  return upload;
}

test.each(['stop', 'resume'] as const)(
  'no timer is left for a body that was broken off, also after `%s`',
  async (method) => {
    const upload = await brokenOff();
    upload[method]();
    expect(vi.getTimerCount()).toBe(0);
  },
);
