import { describe, expect, test } from 'vitest';
import { connect, INITIALIZE, type Json } from './client.ts';
import { json } from './replies.ts';

describe('the end', () => {
  test('of the input waits for running requests', async () => {
    const release = Promise.withResolvers<Response>();
    const client = connect(() => release.promise);
    client.send({ id: 1, method: 'slow' });
    client.input.end();
    setImmediate(() => release.resolve(json({ id: 1, result: {} })));
    expect(await client.end()).toMatchObject([{ id: 1, result: {} }]);
  });

  test('a stop ends reading, and responds to what was read', async () => {
    const release = Promise.withResolvers<Response>();
    const received = Promise.withResolvers<void>();
    const client = connect(() => {
      received.resolve();
      return release.promise;
    });
    client.send({ id: 1, method: 'slow' });
    await received.promise;
    client.stop();
    release.resolve(json({ id: 1, result: {} }));
    await client.finished;
    expect(await client.next()).toMatchObject({ id: 1 });
    expect(client.log).toEqual([]);
  });

  test('comes when the reader of the output has gone', async () => {
    const client = connect(() => new Promise(() => {}));
    client.send({ id: 1, method: 'never answered' });
    client.output.destroy(new Error('EPIPE'));
    await client.finished;
  });

  test('a client that does not read is not read from', async () => {
    const asked: Json[] = [];
    const client = connect(async (request) => {
      const { id } = await request.json();
      asked.push(id);
      return json({ id, result: 'x'.repeat(64 * 1024) });
    });
    const messages = Array.from({ length: 200 }, (_, id) => ({ id, method: 'big' }));
    for (const message of messages) {
      client.send(message);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(asked.length).toBeLessThan(200);
    const answers = await Promise.all(messages.map(() => client.next()));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(200);
  });
});

test('nothing overtakes initialize', async () => {
  const order: string[] = [];
  const client = connect(async (request) => {
    const { id, method } = await request.json();
    order.push(method);
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push(`${method} done`);
    return json({ id, result: { protocolVersion: '2025-06-18' } });
  });
  client.send(INITIALIZE, { id: 1, method: 'ping' });
  await client.end();
  expect(order.slice(0, 3)).toEqual(['initialize', 'initialize done', 'ping']);
});
