import { modernText } from '../../support/modern.ts';
import type { TestRequest } from './serve.ts';

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

const NOTES: readonly TestRequest[] = [
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
];

const current = (method: string, params: Readonly<Record<string, unknown>> = {}): TestRequest => ({
  method: 'POST',
  path: '/mcp',
  ...modernText({ method, params }),
});

const MODERN: readonly TestRequest[] = [
  ...['server/discover', 'tools/list', 'prompts/list', 'resources/list', 'unknown'].map((name) =>
    current(name),
  ),
  ...['test_simple_text', 'test_multiple_content_types', 'test_tool_with_progress', 'nope'].map((name) =>
    current('tools/call', { name, arguments: {} }),
  ),
  current('prompts/get', { name: 'test_prompt_with_image' }),
  call('initialize', { protocolVersion: '2025-06-18', capabilities: {} }),
];

const KEY_VALUE: readonly TestRequest[] = [
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
  ...get('/get?key=a', '/delete?key=a', '/exists?key=a'),
  ...get(`/get?key=${'k'.repeat(5000)}`, '/get?key=a&bucket=%01', '/unknown'),
];

const DRAFT_2: readonly TestRequest[] = [
  ...KEY_VALUE,
  post('/cas?key=x&expect=00ff', 'swapped'),
  post('/cas?key=b&expect=00', 'not swapped'),
  ...get('/get?key=b', '/cas-race?key=c', '/cas-aba?key=d'),
];

const WATCHER: readonly TestRequest[] = [
  post('/set?key=a', 'one'),
  post('/set-many?key=a&key=b', 'two'),
  ...get('/increment?key=n', '/repeat?key=r&n=5', '/delete?key=a', '/delete-many?key=b&key=r'),
  ...get('/set-then-trap?key=t', '/told'),
];

const HTTP: readonly TestRequest[] = [
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
  ...get('/time', '/random', '/globals', '/globals', '/unknown', '/outgoing?url=http%3A%2F%2F256.0.0.1%2F'),
];

const MISBEHAVING: readonly TestRequest[] = [
  ...get('/ok', '/trap', '/panic', '/recurse', '/exit?code=3', '/set-then-trap?key=k', '/kv?key=k'),
  ...get('/grow?mib=40', '/flood?bytes=100000', '/no-answer', '/answer-twice', '/abandon-body'),
  ...get('/trap-after-start', '/leak?n=50', '/use-after-drop', '/forged-handle?handle=7'),
  ...get('/invalid-utf8-key', '/bom-key', '/ok'),
];

/** All that speak HTTP, but `nested`, which calls nothing that may wait. What a watcher is told it is told by others, and `waits` waits for a clock that stands still here. */
export const FIXTURES: readonly (readonly [name: string, requests: readonly TestRequest[]])[] = [
  ['notes-draft', NOTES],
  ['notes-draft2', NOTES],
  ['modern', MODERN],
  ['kv-draft', KEY_VALUE],
  ['kv-draft2', DRAFT_2],
  ['kv-draft2-options', DRAFT_2],
  ['watcher-draft', WATCHER],
  ['watcher-draft2', WATCHER],
  ['waits', get('/ok', '/unknown', '/ok')],
  ['http-lab', HTTP],
  ['misbehave', MISBEHAVING],
  ['hostile', get('/ok', '/unknown', '/ok')],
];
