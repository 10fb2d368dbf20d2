import { describe, expect, test } from 'vitest';
import { raw, share } from '../support/serving.ts';

const lab = share('http-lab');

function ask(lines: readonly string[]): Promise<string> {
  return raw(lab.url, `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
}

describe('a request that somebody on the way may read differently is refused', () => {
  test.each([
    ['two Host headers', ['GET / HTTP/1.1', 'Host: a', 'Host: b']],
    ['no Host header', ['GET / HTTP/1.1']],
    ['a Host with a user', ['GET / HTTP/1.1', 'Host: b@a']],
    ['a Host with a path', ['GET / HTTP/1.1', 'Host: a/b']],
    ['an unknown Transfer-Encoding', ['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: xchunked']],
    ['two Transfer-Encodings', ['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: gzip, chunked']],
    [
      'Transfer-Encoding and Content-Length',
      ['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 3'],
    ],
    ['two Content-Lengths', ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Content-Length: 4']],
    ['a Content-Length with a sign', ['POST / HTTP/1.1', 'Host: a', 'Content-Length: +3']],
    ['an absolute target for another host', ['GET http://b/ HTTP/1.1', 'Host: a']],
    ['an absolute target for another port', ['GET http://a:81/ HTTP/1.1', 'Host: a']],
    ['an absolute target with a user', ['GET http://b@a/ HTTP/1.1', 'Host: a']],
    ['an absolute target of another scheme', ['GET ftp://a/ HTTP/1.1', 'Host: a']],
    ['a target that is no path', ['GET * HTTP/1.1', 'Host: a']],
    ['a space before a colon', ['GET / HTTP/1.1', 'Host : a']],
    ['a folded header', ['GET / HTTP/1.1', 'Host: a', 'X-A: 1', ' 2']],
  ])('%s', async (_, lines) => {
    const answer = await ask(lines);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
  });
});

describe('a request that is only unusual is served', () => {
  test.each([
    ['an absolute target', ['GET http://A.example/globals HTTP/1.1', 'Host: a.example']],
    ['an absolute target with the usual port', ['GET http://a:80/globals HTTP/1.1', 'Host: a:80']],
    ['an IPv6 Host', ['GET /globals HTTP/1.1', 'Host: [::1]:8080']],
    ['no Host in HTTP/1.0', ['GET /globals HTTP/1.0']],
  ])('%s', async (_, lines) => {
    expect(await ask(lines)).toMatch(/^HTTP\/1.1 200 /);
  });

  test('the guest gets the path of an absolute target', async () => {
    expect(await ask(['GET http://a/echo?x=1#y HTTP/1.1', 'Host: a'])).toContain('path: /echo?x=1\n');
  });
});

test('a header section above 16 KiB is refused', async () => {
  const answer = await ask(['GET / HTTP/1.1', 'Host: a', `X-Long: ${'x'.repeat(17_000)}`]);
  expect(answer).toMatch(/^HTTP\/1.1 431 /);
});

test('framing and connection headers do not reach the guest', async () => {
  const answer = await ask([
    'GET /echo HTTP/1.1',
    'Host: a',
    'X-Mine: 1',
    'Upgrade: x',
    'Proxy-Connection: y',
  ]);
  expect(answer).toContain('\nX-Mine: 1\n');
  expect(answer).toContain('authority: a\n');
  expect(answer.slice(answer.indexOf('\r\n\r\n'))).not.toMatch(
    /\n(host|connection|upgrade|proxy-connection):/i,
  );
});
