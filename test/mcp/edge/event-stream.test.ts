import { describe, expect, onTestFinished, test } from 'vitest';
import type { ResponseWriter } from '../../../src/http/response.ts';
import { withEventStreams } from '../../../src/mcp/edge/event-stream.ts';
import { call, create, type ServingOptions } from '../../support/serving.ts';

const STREAM = ['content-type', 'text/event-stream'];
const COMMENT = ': keep-alive\n\n';
const INTERVAL = 20;

interface Played {
  /** What the guest writes to. */
  readonly guest: ResponseWriter;
  readonly headers: readonly string[];
  /** What the client has received. */
  text(): string;
  /** Waits for the client to receive that many comments more. */
  comments(count: number): Promise<void>;
  cancel(): void;
}

/** A response behind the stage, of which the test plays guest and client. A client that does not read acknowledges nothing. */
function play(headers = STREAM, { method = 'GET', reads = true } = {}): Played {
  let guest: ResponseWriter | undefined;
  let received = '';
  let sent: readonly string[] = [];
  let news = Promise.withResolvers<void>();
  const handle = withEventStreams(INTERVAL)((_, writer) => {
    guest = writer;
    return { cancel() {}, stop() {} };
  });
  const request = {
    method,
    scheme: 'http',
    authority: 'a',
    path: '/mcp',
    headers: [],
    body: undefined,
  } as const;
  const handled = handle(
    { ...request, headers: [], receivedAt: performance.now() },
    {
      head(_, list) {
        sent = list;
      },
      chunk(bytes, acknowledged) {
        received += Buffer.from(bytes).toString();
        if (reads) acknowledged(bytes.length);
        news.resolve();
        news = Promise.withResolvers();
      },
      end() {},
      fail() {},
      finished() {},
    },
  );
  onTestFinished(handled.cancel);
  guest!.head(200, headers);
  return {
    guest: guest!,
    headers: sent,
    text: () => received,
    async comments(count) {
      const wanted = countOf(received) + count;
      while (countOf(received) < wanted) await news.promise;
    },
    cancel: handled.cancel,
  };
}

function countOf(text: string): number {
  return text.split(COMMENT).length - 1;
}

function write({ guest }: Played, text: string): void {
  guest.chunk(Buffer.from(text), () => {});
}

/** Waits as long as a silent stream takes to get three comments. */
async function longEnough(): Promise<void> {
  await play().comments(3);
}

describe('a silent stream', () => {
  test('gets comments before the first event and between events', async () => {
    const played = play();
    await played.comments(2);
    write(played, 'data: a\n\n');
    await played.comments(2);
    expect(played.text()).toMatch(/^(: keep-alive\n\n){2,}data: a\n\n(: keep-alive\n\n){2,}$/);
  });

  test.each([
    ['data: a', '\n\n'],
    ['data: a\n', '\n'],
    ['data: a\r\n', '\r\n'],
    ['data: a\r\n\r', '\n'],
    ['data: a\r', '\r\n'],
    ['data: a\n\ndata: b\n', 'id: 1\r\n\r\n'],
  ])('gets none within an event: %j', async (begin, rest) => {
    const played = play();
    write(played, begin);
    await longEnough();
    expect(played.text().replaceAll(COMMENT, '')).toBe(begin);
    expect(played.text().endsWith(begin)).toBe(true);
    for (const character of rest) write(played, character);
    await played.comments(1);
    expect(played.text().replaceAll(COMMENT, '')).toBe(begin + rest);
    expect(played.text()).toContain(begin + rest + COMMENT);
  });

  test.each([
    ['ended', ({ guest }: Played) => guest.end([])],
    ['failed', ({ guest }: Played) => guest.fail(new Error('lost') as never)],
    ['been left by its client', ({ cancel }: Played) => cancel()],
  ])('gets none once it has %s', async (_, finish) => {
    const played = play();
    finish(played);
    await longEnough();
    expect(played.text()).toBe('');
  });

  test('gets one at a time while its client does not read', async () => {
    const played = play(STREAM, { reads: false });
    await longEnough();
    expect(played.text()).toBe(COMMENT);
  });
});

test.each([
  ['of another type', ['content-type', 'application/json'], 'GET'],
  ['of known length', [...STREAM, 'Content-Length', '100'], 'GET'],
  ['that is compressed', [...STREAM, 'Content-Encoding', 'gzip'], 'GET'],
  ['to HEAD', STREAM, 'HEAD'],
])('a response %s gets no comments', async (_, headers, method) => {
  const played = play(headers, { method });
  await longEnough();
  expect(played.text()).toBe('');
});

describe('headers for proxies', () => {
  test.each([
    ['are added', STREAM, [...STREAM, 'cache-control', 'no-cache', 'x-accel-buffering', 'no']],
    [
      "are the guest's, if it sends them",
      [...STREAM, 'Cache-Control', 'no-store', 'X-Accel-Buffering', 'yes'],
      [...STREAM, 'Cache-Control', 'no-store', 'X-Accel-Buffering', 'yes'],
    ],
    ['are for streams only', ['content-type', 'text/plain'], ['content-type', 'text/plain']],
  ])('%s', (_, headers, expected) => {
    expect(play(headers).headers).toEqual(expected);
  });
});

describe('over HTTP', () => {
  async function stream(options: ServingOptions, query: string) {
    const { server } = await create('http-lab', { mcp: 'strict', sseKeepAlive: 50, ...options });
    return call(`${await server.listen(0)}sse?${query}`, { agent: false });
  }

  test('events arrive as the guest has sent them, with comments between', async () => {
    const { response, body } = await stream({}, 'n=2&ms=400');
    expect(response.headers).toMatchObject({ 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    const text = String(await body());
    expect(text.replaceAll(COMMENT, '')).toBe('id: 0\ndata: event 0\n\nid: 1\ndata: event 1\n\n');
    expect(text).toMatch(/event 0\n\n(: keep-alive\n\n)+id: 1/);
  });

  test('comments do not prolong a stream whose guest is silent', async () => {
    const { body } = await stream({ streamIdle: 400 }, 'n=2&ms=60000');
    await expect(body()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test.each([
    ['with sseKeepAlive: off', { sseKeepAlive: 'off' }, { 'x-accel-buffering': 'no' }],
    ['with mcp: off', { mcp: 'off' }, {}],
  ] as const)('there are none %s', async (_, options, headers) => {
    const { response, body } = await stream(options, 'n=2&ms=300');
    expect(String(await body())).toBe('id: 0\ndata: event 0\n\nid: 1\ndata: event 1\n\n');
    const { 'x-accel-buffering': buffering } = response.headers;
    expect({ ...(buffering && { 'x-accel-buffering': buffering }) }).toEqual(headers);
  });
});
