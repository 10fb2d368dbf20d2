import { expect, test } from 'vitest';
import { listen, rawConnection } from '../support/serving.ts';

// It waits for ten seconds.
test('a connection that sends its headers too slowly is closed', async () => {
  const { url } = await listen('http-lab');
  const connection = await rawConnection(url);
  connection.send('GET /globals HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  const started = performance.now();
  const drip = setInterval(() => connection.send('x'), 500);
  const { text } = await connection.end();
  clearInterval(drip);
  expect(text).toMatch(/^HTTP\/1.1 408 /);
  expect(performance.now() - started).toBeGreaterThan(9000);
});
