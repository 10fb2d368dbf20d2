import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Upload } from '../../src/http/handler.ts';
import { gatherPieces } from '../../src/server/gather-pieces.ts';
import { receiveBody } from '../../src/server/node-upload.ts';

function gatherer() {
  const passed: Buffer[] = [];
  const spent: Uint8Array[] = [];
  const pieces = gatherPieces(
    (bytes) => passed.push(Buffer.from(bytes)),
    (piece) => spent.push(piece),
  );
  return { pieces, passed, spent };
}

test('small pieces of one turn are passed on together, in order, and large ones as they are', async () => {
  const { pieces, passed, spent } = gatherer();
  const given = [Buffer.from('one'), Buffer.from('two'), Buffer.alloc(100_000, 'x'), Buffer.from('three')];
  for (const piece of given) pieces.add(piece);
  expect(passed.map(String)).toEqual(['onetwo', 'x'.repeat(100_000)]);
  await turn();
  expect(passed.map(String).slice(2)).toEqual(['three']);
  expect(spent).toEqual(given);
});

test('what was gathered can be passed on before the turn is over', async () => {
  const { pieces, passed, spent } = gatherer();
  pieces.add(Buffer.from('a'));
  pieces.flush();
  pieces.add(Buffer.from('b'));
  pieces.add(Buffer.from('c'));
  pieces.flush();
  pieces.flush();
  await turn();
  expect(passed.map(String)).toEqual(['a', 'bc']);
  expect(spent.length).toBe(3);
});

test('a body that a client sends in chunks of a byte is received in large parts', async () => {
  const count = 60_000;
  const parts: Buffer[] = [];
  const ended = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const limits = { maxBody: 10 * count, bodyTimeout: 30_000 };
    receiveBody(request, response, limits, {
      received(body) {
        (body as Upload).start({
          data: (bytes) => parts.push(Buffer.from(bytes)) > 0,
          end: () => ended.resolve(),
          fail: ended.reject,
        });
      },
      stalled: ended.reject,
    });
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const digits = Array.from({ length: count }, (_, at) => String(at % 10));
  const chunks = digits.map((digit) => `1\r\n${digit}\r\n`).join('');
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
  await ended.promise;
  expect(Buffer.concat(parts).toString()).toBe(digits.join(''));
  expect(parts.length).toBeLessThan(count / 20);
});
