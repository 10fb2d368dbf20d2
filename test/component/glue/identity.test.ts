import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../host/index.ts';
import type { GlueImports } from '../../../src/component/glue.ts';
import { type Loaded, leanGlue, load, transpileRaw, transpileSync, waitingFunctions } from './component.ts';
import { createTestServer, type TestRequest } from './serve.ts';
import { makeWait } from './waiting.ts';

const get = (...paths: string[]): TestRequest[] => paths.map((path) => ({ path }));
const post = (path: string, body: string | Uint8Array): TestRequest => ({ method: 'POST', path, body });

const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const call = (method: string, params: object, headers = {}): TestRequest => ({
  method: 'POST',
  path: '/mcp',
  headers: { ...MCP, ...headers },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
});
/** Random numbers are fixed: so is the session that the first request makes. */
const SESSION = { 'mcp-session-id': '' };
const tool = (name: string, args: object): TestRequest =>
  call('tools/call', { name, arguments: args }, SESSION);

const FIXTURES: readonly (readonly [name: string, requests: readonly TestRequest[]])[] = [
  [
    'notes-draft',
    [
      call('initialize', {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 't', version: '1' },
      }),
      call('tools/list', {}, SESSION),
      ...['counter', 'counter', 'total'].map((name) => tool(name, {})),
      ...['apple', 'pear', '€'.repeat(5000)].map((item) => tool('cart_add', { item })),
      tool('cart_show', {}),
      tool('form_step', { field: 'name', value: 'Ada\u0000\ufeff' }),
      tool('form_submit', {}),
      tool('preference_set', { name: 'size', value: 'x'.repeat(100_000) }),
      tool('preference_get', { name: 'size' }),
      tool('unknown', {}),
      tool('preference_get', {}),
      call('resources/subscribe', { uri: 'test://watched-resource' }, SESSION),
      tool('cart_add', { item: 'plum' }),
      call('resources/read', { uri: 'test://watched-resource' }, SESSION),
      call('prompts/get', { name: 'test_prompt_with_image' }, SESSION),
      ...['test_multiple_content_types', 'test_tool_with_logging', 'test_elicitation_sep1034_defaults'].map(
        (name) => tool(name, {}),
      ),
      call('tools/call', { name: 'test_tool_with_progress', _meta: { progressToken: 7 } }, SESSION),
      call('unknown', {}, SESSION),
      call('ping', {}, { 'mcp-session-id': 'not-there' }),
      { method: 'POST', path: '/', headers: MCP, body: '{' },
      { path: '/', headers: MCP },
      tool('end_session', { reason: 'done' }),
      tool('counter', {}),
      { method: 'DELETE', path: '/', headers: { ...MCP, ...SESSION } },
    ],
  ],
  [
    'kv-draft2',
    [
      post('/set?key=a', 'hello'),
      post(
        '/set?key=b',
        Uint8Array.from({ length: 70_000 }, (_, index) => index % 256),
      ),
      ...get('/get?key=a', '/get?key=b', '/get?key=none', '/exists?key=a', '/list', '/list?cursor=nonsense'),
      ...get('/get-many?key=a&key=none&key=a', '/increment?key=n&delta=-3', '/increment?key=n&delta=5'),
      post('/set-many', 'x=00ff\ny=\nz=efbbbf'),
      ...get('/list', '/get-many?key=x&key=y&key=z', '/delete-many?key=x&key=y', '/list', '/increment?key=a'),
      post('/reopen?key=r', 'shared'),
      post('/cas?key=a&expect=68656c6c6f', 'swapped'),
      post('/cas?key=a&expect=00', 'not swapped'),
      ...get('/get?key=a', '/cas-race?key=c', '/cas-aba?key=d', '/delete?key=a', '/exists?key=a'),
      ...get(`/get?key=${'k'.repeat(5000)}`, '/get?key=a&bucket=%01', '/unknown'),
    ],
  ],
  [
    'http-lab',
    [
      ...get(
        '/headers',
        '/trailers',
        '/content-length?declared=5&written=7',
        '/content-length?declared=7&written=5',
      ),
      post('/echo', 'é'.repeat(50_000)),
      post(
        '/echo?raw',
        Uint8Array.from({ length: 9000 }, (_, index) => index % 251),
      ),
      post('/echo?splice', 'spliced '.repeat(3000)),
      post('/request-trailers', 'body'),
      post('/read-slow?ms=1', 'x'.repeat(20_000)),
      ...get('/stream?n=5&ms=2&size=3000', '/sse?n=3&ms=1', '/big?bytes=300000', '/big-write?bytes=5000'),
      ...get('/body-first?bytes=200000', '/status?code=204', '/status?code=999', '/error?code=dns-timeout'),
      ...get(
        '/error?code=other&message=m%C3%A9',
        '/poll?n=3&ms=5',
        '/env',
        '/config',
        '/config?key=none',
        '/log',
        '/fs',
      ),
      ...get(
        '/time',
        '/random',
        '/globals',
        '/globals',
        '/unknown',
        '/outgoing?url=http%3A%2F%2F256.0.0.1%2F',
      ),
    ],
  ],
  [
    'misbehave',
    [
      ...get('/ok', '/trap', '/panic', '/recurse', '/exit?code=3', '/set-then-trap?key=k', '/kv?key=k'),
      ...get('/grow?mib=40', '/flood?bytes=100000', '/no-answer', '/answer-twice', '/abandon-body'),
      ...get('/trap-after-start', '/leak?n=50', '/use-after-drop', '/forged-handle?handle=7'),
      ...get('/invalid-utf8-key', '/bom-key', '/ok'),
    ],
  ],
];

/** The same time and random numbers for each run. */
function fixChance(imports: GlueImports, random: () => number): GlueImports {
  const fixed: Record<string, object> = { ...imports };
  const fix = (name: string, functions: object): void => {
    for (const key of Object.keys(fixed))
      if (key.startsWith(`${name}@`)) fixed[key] = { ...fixed[key], ...functions };
  };
  fix('wasi:random/random', {
    getRandomBytes: (length: bigint) => Uint8Array.from({ length: Number(length) }, random),
    getRandomU64: () => BigInt(random()),
  });
  fix('wasi:random/insecure', {
    getInsecureRandomBytes: (length: bigint) => Uint8Array.from({ length: Number(length) }, random),
    getInsecureRandomU64: () => BigInt(random()),
  });
  fix('wasi:random/insecure-seed', { insecureSeed: () => [1n, 2n] });
  fix('wasi:clocks/wall-clock', { now: () => ({ seconds: 1_700_000_000n, nanoseconds: 0 }) });
  fix('wasi:clocks/monotonic-clock', { now: () => 1_000_000_000n });
  return fixed;
}

async function responses(
  loaded: Loaded,
  requests: readonly TestRequest[],
  wrap: (imports: GlueImports) => GlueImports,
): Promise<string[]> {
  const store = await openStore('memory:');
  let seed = 1;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return seed & 255;
  };
  const send = createTestServer(loaded, store, (imports) => wrap(fixChance(imports, random)));
  const seen: string[] = [];
  let session = '';
  for (const request of requests) {
    const headers = { ...request.headers };
    if (headers['mcp-session-id'] === '') headers['mcp-session-id'] = session;
    const response = await send({ ...request, headers });
    session = /mcp-session-id: (\S+)/i.exec(response)?.[1] ?? session;
    seen.push(`${request.method ?? 'GET'} ${request.path} ${response}`);
  }
  await store.close();
  return seen;
}

describe.each(FIXTURES)('%s', (name, requests) => {
  let lean: Loaded;
  let expected: string[];
  let waiting: string[];

  beforeAll(async () => {
    const bytes = await readFile(new URL(`../../../fixtures/${name}.wasm`, import.meta.url));
    const raw = await transpileRaw(bytes);
    const sync = await transpileSync(bytes);
    lean = await load(sync, leanGlue(sync));
    waiting = waitingFunctions(sync.imports);
    expected = await responses(await load(raw, raw.glue), requests, (imports) => imports);
  });

  test('answers every request as with raw glue', async () => {
    expect(await responses(lean, requests, (imports) => imports)).toEqual(expected);
    expect(expected.filter((response) => response.includes('head 200')).length).toBeGreaterThan(2);
  });

  test('answers the same when every call that may wait does', async () => {
    const slow = makeWait(waiting);
    try {
      expect(await responses(lean, requests, slow.wrap)).toEqual(expected);
      expect(slow.count()).toBeGreaterThan(requests.length / 2);
    } finally {
      slow.undo();
    }
  });
});
