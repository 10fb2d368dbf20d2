import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { createCertificate } from '../../src/server/tls.ts';
import { selfSigned } from '../support/certificate.ts';
import { closed } from '../support/closed.ts';
import { temporaryFolder } from '../support/command.ts';
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

test('the same holds for HTTPS, and for a handshake that does not come to its end', async () => {
  const { cert, key } = selfSigned(temporaryFolder());
  const context = createCertificate(cert, key);
  const { url } = await listen('http-lab', { tls: () => context });
  const to = { host: '127.0.0.1', port: Number(new URL(url).port) };
  const started = performance.now();
  const silent = connectPlain(to);
  const slow = connect({ ...to, ca: [cert] });
  onTestFinished(() => {
    silent.destroy();
    slow.destroy();
  });
  silent.write('\x16\x03\x01');
  let text = '';
  slow.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  slow.write('GET /globals HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  const drip = setInterval(() => slow.write('x'), 500);
  await Promise.all([closed(silent), closed(slow)]);
  clearInterval(drip);
  expect(text).toMatch(/^HTTP\/1.1 408 /);
  expect(performance.now() - started).toBeGreaterThan(9000);
});
