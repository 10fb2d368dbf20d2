import { connect } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { rawConnection, share } from '../support/serving.ts';

/** What guests printed. */
const printed: string[] = [];
const lab = share('http-lab', { output: (_, bytes) => void printed.push(String(bytes)) });

/** The response of Node's parser. */
const PARSER = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
/** Its responses to a head, a chunk's extensions or a body's length above its limits. */
const TOO_LARGE = 'HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n';
const HEAD_TOO_LARGE = 'HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n';
/** The response to what Node's parser accepts. */
const ADAPTER =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 12\r\nconnection: close\r\n\r\nBad Request\n';
const NO_HOST = PARSER.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
const NO_PROXY = 'HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** Would be served if it were treated as a separate request. */
const NEXT = 'GET /status?code=202 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

function get(...fields: readonly string[]): string {
  return `${['GET /globals HTTP/1.1', 'Host: localhost', ...fields].join('\r\n')}\r\n\r\n`;
}

function post(body: string, ...fields: readonly string[]): string {
  return `${['POST /globals HTTP/1.1', 'Host: localhost', ...fields].join('\r\n')}\r\n\r\n${body}`;
}

function chunked(body: string): string {
  return post(body, 'Transfer-Encoding: chunked');
}

/** Name, bytes, the whole response. */
const REFUSED: readonly (readonly [name: string, request: string, answer: string])[] = [
  ['two Hosts that differ', get('Host: other'), ADAPTER],
  ['two Hosts that agree', get('Host: localhost'), ADAPTER],
  ['a second Host behind 2,500 fields', get(...Array.from({ length: 2500 }, () => 'a:'), 'Host: b'), ADAPTER],
  ['no Host', 'GET /globals HTTP/1.1\r\n\r\n', NO_HOST],
  ['two Hosts, and an unknown expectation', get('Host: other', 'Expect: more'), ADAPTER],
  ['an empty Host', 'GET /globals HTTP/1.1\r\nHost:\r\n\r\n', ADAPTER],
  ['a Host that is a list', 'GET /globals HTTP/1.1\r\nHost: localhost, localhost\r\n\r\n', ADAPTER],
  ['a Host with a user', 'GET /globals HTTP/1.1\r\nHost: a@localhost\r\n\r\n', ADAPTER],
  ['a Host with a path', 'GET /globals HTTP/1.1\r\nHost: localhost/a\r\n\r\n', ADAPTER],
  ['a Host without an end', 'GET /globals HTTP/1.1\r\nHost: [::1\r\n\r\n', ADAPTER],

  ['an unknown coding', post('0\r\n\r\n', 'Transfer-Encoding: xchunked'), PARSER],
  ['a coding below chunked', post('0\r\n\r\n', 'Transfer-Encoding: gzip, chunked'), ADAPTER],
  [
    'a coding below chunked, and an unknown expectation',
    post('0\r\n\r\n', 'Transfer-Encoding: gzip, chunked', 'Expect: more'),
    ADAPTER,
  ],
  ['a coding above chunked', post('0\r\n\r\n', 'Transfer-Encoding: chunked, identity'), PARSER],
  ['identity', post('', 'Transfer-Encoding: identity'), PARSER],
  ['a coding in quotes', post('0\r\n\r\n', 'Transfer-Encoding: "chunked"'), PARSER],
  ['a coding after a vertical tab', post('0\r\n\r\n', 'Transfer-Encoding: \x0bchunked'), PARSER],
  ['no coding at all', post('', 'Transfer-Encoding:'), PARSER],
  ['chunked twice', post('0\r\n\r\n', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), PARSER],
  [
    'chunked in HTTP/1.0 with a Host',
    `POST /globals HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ADAPTER,
  ],
  ['chunked in HTTP/1.0', 'POST /globals HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', PARSER],
  ['a length, then chunked', post('0\r\n\r\n', 'Content-Length: 5', 'Transfer-Encoding: chunked'), PARSER],
  ['chunked, then a length', post('0\r\n\r\n', 'Transfer-Encoding: chunked', 'Content-Length: 5'), PARSER],

  ['two lengths that differ', post('x', 'Content-Length: 1', 'Content-Length: 2'), PARSER],
  ['two lengths that agree', post('x', 'Content-Length: 1', 'Content-Length: 1'), PARSER],
  ['a list of lengths', post('x', 'Content-Length: 1, 1'), PARSER],
  ['a length with a sign', post('x', 'Content-Length: +1'), PARSER],
  ['a negative length', post('', 'Content-Length: -1'), PARSER],
  ['a length in hexadecimal', post('x', 'Content-Length: 0x1'), PARSER],
  ['a length with a gap', post('x', 'Content-Length: 1 1'), PARSER],
  ['an empty length', post('', 'Content-Length:'), PARSER],
  ['a length beyond 64 bits', post('x', 'Content-Length: 99999999999999999999'), PARSER],

  ['a chunk size that is not a number', chunked('zz\r\n\r\n0\r\n\r\n'), PARSER],
  ['a chunk size with a sign', chunked('+1\r\nx\r\n0\r\n\r\n'), PARSER],
  ['a chunk size with a prefix', chunked('0x1\r\nx\r\n0\r\n\r\n'), PARSER],
  ['a chunk size with a space', chunked('1 \r\nx\r\n0\r\n\r\n'), PARSER],
  ['a chunk size beyond 64 bits', chunked('fffffffffffffffff\r\nx\r\n0\r\n\r\n'), PARSER],
  ['a chunk longer than its size', chunked('1\r\nxy\r\n0\r\n\r\n'), PARSER],
  ['a chunk size that ends in LF', chunked('1\nx\r\n0\r\n\r\n'), PARSER],
  ['a chunk extension that ends in LF', chunked('1;a\nx\r\n0\r\n\r\n'), PARSER],
  ['a chunk extension of 20 kB', chunked(`1;a=${'b'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`), TOO_LARGE],
  ['a trailer with a space before its colon', chunked('0\r\nContent-Length : 1\r\n\r\n'), PARSER],

  ['a length in the trailer', chunked('0\r\nContent-Length: 1\r\n\r\n'), PARSER],

  ['a folded field', get('X: a', ' b'), PARSER],
  ['a folded first field', 'GET /globals HTTP/1.1\r\n Host: localhost\r\n\r\n', PARSER],
  ['a space before a colon', get('Transfer-Encoding : chunked'), PARSER],
  ['a tab before a colon', get('Transfer-Encoding\t: chunked'), PARSER],
  ['a field without a colon', get('Transfer-Encoding'), PARSER],
  ['a field without a name', get(': chunked'), PARSER],
  ['NUL in a name', get('X\0: a'), PARSER],
  ['NUL in a value', get('X: a\0b'), PARSER],
  ['NUL in a target', 'GET /glo\0bals HTTP/1.1\r\nHost: localhost\r\n\r\n', PARSER],
  ['lines that end in LF', 'GET /globals HTTP/1.1\nHost: localhost\n\n', PARSER],
  ['a field that ends in LF', 'GET /globals HTTP/1.1\r\nHost: localhost\nX: a\r\n\r\n', PARSER],
  ['a field that ends in CR', 'GET /globals HTTP/1.1\r\nHost: localhost\rX: a\r\n\r\n', PARSER],

  ['an absolute target of another host', 'GET http://other/ HTTP/1.1\r\nHost: localhost\r\n\r\n', ADAPTER],
  [
    'an absolute target of another port',
    'GET http://localhost:81/ HTTP/1.1\r\nHost: localhost\r\n\r\n',
    ADAPTER,
  ],
  ['an absolute target with a user', 'GET http://a@localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n', ADAPTER],
  [
    'an absolute target of another scheme',
    'GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n',
    ADAPTER,
  ],
  ['a target that is not a path', 'GET * HTTP/1.1\r\nHost: localhost\r\n\r\n', ADAPTER],
  ['a target without a slash', 'GET globals HTTP/1.1\r\nHost: localhost\r\n\r\n', PARSER],
  ['a target with a space', 'GET /glo bals HTTP/1.1\r\nHost: localhost\r\n\r\n', PARSER],
  ['an invalid method', 'G@T /globals HTTP/1.1\r\nHost: localhost\r\n\r\n', PARSER],
  ['HTTP/0.9', 'GET /globals\r\n\r\n', PARSER],
  [
    'HTTP/2.0 in the syntax of 1.1',
    'GET /trailers HTTP/2.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n',
    ADAPTER,
  ],
  ['HTTP/1.2', 'GET /globals HTTP/1.2\r\nHost: localhost\r\n\r\n', PARSER],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', PARSER],
  ['a head above 16 KiB', get(`X: ${'x'.repeat(17_000)}`), HEAD_TOO_LARGE],
  ['a target above 16 KiB', `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, HEAD_TOO_LARGE],
  ['CONNECT', 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n', NO_PROXY],
];

/** Everything that is received, except for the time of day. */
async function exchange(request: string): Promise<string> {
  const { hostname, port } = new URL(lab.url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  socket.write(request, 'latin1');
  return (await readAll(socket)).replace(/Date: .*\r\n/g, '');
}

describe('a request that an intermediary may interpret differently is refused, and nothing after it is read', () => {
  let answers: readonly string[];

  beforeAll(async () => {
    answers = await Promise.all(REFUSED.map(([, request]) => exchange(request + NEXT)));
  });

  test.each(REFUSED.map(([name, , answer], index) => [name, index, answer] as const))(
    '%s',
    (_, index, answer) => {
      expect(answers[index]).toBe(answer);
    },
  );
});

test.each(['0.9', '2.0'])('HTTP/%s is refused, and nothing after it is read', async (version) => {
  expect(await exchange(`GET /trailers HTTP/${version}\r\nHost: localhost\r\n\r\n`)).toBe(ADAPTER);
});

test('no guest runs for what follows a malformed request', async () => {
  const behind = 'GET /log HTTP/1.1\r\nHost: localhost\r\n\r\n';
  expect(await exchange(get('Host: other') + behind)).toBe(ADAPTER);
  // The only worker serves one request after another.
  await exchange(get('Connection: close'));
  expect(printed).toEqual([]);
  await exchange(behind + NEXT);
  expect(printed).not.toEqual([]);
});

describe('a request that is merely unusual is one request', () => {
  test.each([
    ['an absolute target', 'GET http://LOCALHOST/globals HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['an absolute target with the usual port', 'GET http://a:80/globals HTTP/1.1\r\nHost: a:80\r\n\r\n'],
    ['an IPv6 Host', 'GET /globals HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n'],
    // Without a length, the end of the connection ends the response.
    [
      'no Host in HTTP/1.0',
      'GET /content-length?declared=1&written=1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    ],
    ['empty lines before', `\r\n\r\n${get()}`],
    ['CHUNKED', post('0\r\n\r\n', 'Transfer-Encoding: CHUNKED')],
    ['a chunk extension', chunked('1;a=b\r\nx\r\n0\r\n\r\n')],
    [
      'a request in the body of a GET',
      `${get('Content-Length: 42').replace('/globals', '/globals?x')}${get()}`,
    ],
    ['a request in a chunk', chunked(`2a\r\n${get()}\r\n0\r\n\r\n`)],
    ['fields in the trailer', chunked('0\r\nHost: other\r\nX: y\r\n\r\n')],
    ['a name that only looks like one', get('Transfer_Encoding: chunked', 'Content_Length: 9')],
  ])('%s', async (_, request) => {
    const answer = await exchange(request + NEXT);
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 202']);
  });
});

test('an unsupported upgrade is ignored, and the connection stays usable', async () => {
  const connection = await rawConnection(lab.url);
  connection.send(get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'));
  await connection.receive(/ 200 OK[\s\S]*1$/);
  connection.send(NEXT);
  expect((await connection.end()).text).toMatch(/ 202 Accepted/);
});
