import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createNodeWriter } from '../../src/server/node-response.ts';
import { withoutForbidden } from '../../src/server/trailers.ts';
import { call, rawConnection, share } from '../support/serving.ts';

const lab = share('http-lab');

const FORBIDDEN = [
  ['Content-Length', '7'],
  ['Transfer-Encoding', 'chunked'],
  ['Host', 'other.example'],
  ['X-Forwarded-For', '10.0.0.1'],
  ['Forwarded', 'for=10.0.0.1'],
  ['Authorization', 'Bearer t'],
  ['Cookie', 'a=b'],
  ['Set-Cookie', 'a=b'],
  ['WWW-Authenticate', 'Basic'],
  ['Content-Type', 'text/html'],
  ['Content-Encoding', 'gzip'],
  ['Cache-Control', 'no-store'],
  ['If-Match', '"a"'],
  ['Range', 'bytes=0-1'],
  ['Location', '/'],
  ['Access-Control-Allow-Origin', '*'],
  ['Mcp-Session-Id', 's'],
] as const;

test.each(FORBIDDEN)('a guest never gets the trailer %s from a client', async (name, value) => {
  const connection = await rawConnection(lab.url);
  connection.send(
    `POST /request-trailers HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 42\r\n${name}: ${value}\r\n\r\n`,
  );
  const text = (await connection.end()).text.toLowerCase();
  const body = text.slice(text.indexOf('\r\n\r\n'));
  // Node's parser interprets some of them as framing and refuses them.
  if (!text.startsWith('http/1.1 200')) return expect(text).toMatch(/^http\/1.1 400 /);
  expect(body).toContain('x-sum: 42');
  expect(body).not.toContain(`${name.toLowerCase()}:`);
});

test('a guest sends none of them, but others', async () => {
  const http = createServer((request, response) => {
    const target = createNodeWriter(request, response, {}, () => {});
    target.head(200, []);
    target.chunk(Buffer.from('x'), () => {});
    target.end(['X-Sum', '42', ...FORBIDDEN.flat(), 'Server-Timing', 'a;dur=1']);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void http.close());
  await new Promise((resolve) => http.once('listening', resolve));
  const { response, body } = await call(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  await body();
  expect(response.rawTrailers).toEqual(['X-Sum', '42', 'Server-Timing', 'a;dur=1']);
});

test('names are compared without case, and values are unchanged', () => {
  expect(withoutForbidden(['SET-COOKIE', 'a', 'X-A', 'Set-Cookie', 'x-forwarded-anything', 'b'])).toEqual([
    'X-A',
    'Set-Cookie',
  ]);
});
