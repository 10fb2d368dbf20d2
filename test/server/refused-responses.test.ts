import { describe, expect, test } from 'vitest';
import type { Handler } from '../../src/http/handler.ts';
import type { ResponseWriter } from '../../src/http/response.ts';
import { createAccessPolicy } from '../../src/server/access-policy/access-policy.ts';
import { createNodeAdapter } from '../../src/server/node-adapter.ts';
import { createNodeWriter } from '../../src/server/node-response.ts';
import { httpServer } from '../support/servers.ts';
import { call, listen, raw, rawConnection, share } from '../support/serving.ts';
import { thisThread } from '../support/this-thread.ts';

const lab = share('http-lab');

describe('a response that contradicts its head', () => {
  test('that matches its Content-Length is delivered', async () => {
    const { url } = lab;
    const { response, body } = await call(`${url}/content-length?declared=5&written=5`);
    expect(response.rawHeaders.filter((name) => /content-length/i.test(name))).toHaveLength(1);
    expect(String(await body())).toBe('xxxxx');
  });

  test.each([
    [10, 5],
    [5, 10],
    [300_000, 299_999],
  ])('%i bytes declared, %i written: never a complete response', async (declared, written) => {
    const { url, log } = lab;
    log.length = 0;
    const answer = await raw(
      url,
      `GET /content-length?declared=${declared}&written=${written} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    if (head.startsWith('HTTP/1.1 200')) expect(body.length).toBeLessThan(declared);
    // Without workers, the guest may have failed before anything of its response was sent.
    else if (!thisThread || answer !== '') expect(head).toMatch(/^HTTP\/1.1 500 /);
    expect(log.join('\n')).toContain('without finishing the body');
  });

  test('with an error code becomes a fixed 500; only the log has the reason', async () => {
    const { url, log } = lab;
    const { response, body } = await call(`${url}/error?code=internal-error&message=secret%0Aplace`);
    expect(response.statusCode).toBe(500);
    expect(String(await body())).toContain('<h1>500 Internal Server Error</h1>');
    expect(JSON.stringify(response.rawHeaders)).not.toContain('secret');
    expect(log).toContain(
      'error GET /error: the guest responded with the error internal-error: secret\nplace',
    );
  });

  test('that breaks off in HTTP/1.0 does not look complete either', async () => {
    const { url } = await listen('http-lab', { streamIdle: 150 });
    const connection = await rawConnection(url);
    connection.send('GET /stream?n=2&ms=60000&size=10 HTTP/1.0\r\n\r\n');
    const { text, reset } = await connection.end();
    expect(text).toMatch(/\r\n\r\nx{10}$/);
    expect(reset).toBe(true);
  });
});

// The adapter refuses these versions. A writer for a request of another version must not end the process either.
test.each(['0.9', '1.0', '2.0'])('trailers are not announced to a client of HTTP/%s', async (version) => {
  const { url } = await httpServer((request, response) => {
    const target = createNodeWriter(request, response, {}, () => {});
    target.head(200, ['Trailer', 'x-sum']);
    target.chunk(Buffer.from('body'), () => {});
    setImmediate(() => target.end(['x-sum', '42']));
  });
  const answer = await raw(url, `GET / HTTP/${version}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nbody$/);
  expect(answer).not.toMatch(/trailer|x-sum/i);
});

describe('a response that Node refuses to send', () => {
  // Guests cannot cause this: the host checks fields when guests set them.
  test.each<[name: string, fill: (target: ResponseWriter) => void]>([
    ['for its head', (target) => target.head(200, ['x', 'a\nb'])],
    [
      'for the head of a whole answer',
      (target) => {
        target.head(200, ['x', 'a\nb']);
        target.chunk(Buffer.from('body'), () => {});
        target.end([]);
      },
    ],
    [
      'for its trailers',
      (target) => {
        target.head(200, []);
        target.end(['x', 'a\nb']);
      },
    ],
  ])('%s ends its own connection only', async (_, fill) => {
    const errors: Error[] = [];
    const { url } = await httpServer((request, response) => {
      if (request.url === '/fine') response.end('fine');
      else fill(createNodeWriter(request, response, {}, (error) => errors.push(error)));
    });
    expect(await raw(url, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).not.toMatch(/\r\n0\r\n|a\nb/);
    expect(errors).toMatchObject([{ code: 'ERR_INVALID_CHAR' }]);
    expect(await (await fetch(`${url}/fine`)).text()).toBe('fine');
  });

  test('is logged', async () => {
    const lines: string[][] = [];
    const policy = createAccessPolicy({}, { addresses: () => [{ isLocal: true }], refused() {} });
    const handle: Handler = (_, target) => {
      target.head(200, ['x', 'a\nb']);
      return { cancel() {}, stop() {} };
    };
    const { handler } = createNodeAdapter(
      handle,
      policy,
      { maxBody: 0, bodyTimeout: 1000 },
      (...line) => void lines.push(line),
    );
    const { url } = await httpServer(handler);
    expect(await raw(url, 'GET /page?secret HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe('');
    expect(lines).toEqual([
      ['error', 'GET /page', 'the response could not be sent: Invalid character in header content ["x"]'],
    ]);
  });
});
