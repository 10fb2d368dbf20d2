import { modernText } from '../support/modern.ts';
import type { GuestRequest } from './served.ts';

const SMALL = ['x-a', '1', 'X-A', '2'];
const get = (path: string): GuestRequest => ({ path, headers: SMALL });
const post = (path: string, body: string): GuestRequest => ({ method: 'POST', path, headers: SMALL, body });

/** A message to an MCP server, in a session if it has one: the server gives it in its first answer. */
const message = (id: number, method: string, params: object = {}): GuestRequest => ({
  method: 'POST',
  path: '/mcp',
  headers: ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'],
  body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
});

export const INITIALIZE: GuestRequest = message(1, 'initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'x', version: '1' },
});

const tool = (name: string, args: object = {}): GuestRequest =>
  message(5, 'tools/call', { name, arguments: args });

const NOTES: readonly GuestRequest[] = [
  INITIALIZE,
  message(2, 'tools/list'),
  message(3, 'resources/list'),
  message(4, 'prompts/list'),
  tool('counter'),
  tool('counter'),
  tool('total'),
  tool('cart_add', { item: 'apple' }),
  tool('cart_add', { item: 'päar' }),
  tool('cart_show'),
  tool('form_step', { field: 'name', value: 'x'.repeat(3000) }),
  tool('form_step', { field: 'city', value: 'y' }),
  tool('form_submit'),
  tool('preference_set', { name: 'a', value: 'b' }),
  tool('preference_get', { name: 'a' }),
  tool('test_image_content'),
  tool('test_tool_with_logging'),
  tool('nope'),
];

/** A message of 2026-07-28. */
const current = (method: string, params: Readonly<Record<string, unknown>> = {}): GuestRequest => {
  const { headers, body } = modernText({ method, params });
  return { method: 'POST', path: '/mcp', headers: Object.entries(headers).flat(), body };
};

const MODERN: readonly GuestRequest[] = [
  current('server/discover'),
  current('tools/list'),
  current('prompts/list'),
  current('tools/call', { name: 'test_simple_text', arguments: {} }),
  current('tools/call', { name: 'test_multiple_content_types', arguments: {} }),
  current('tools/call', { name: 'test_tool_with_progress', arguments: {} }),
  current('prompts/get', { name: 'test_simple_prompt' }),
  current('tools/call', { name: 'nope', arguments: {} }),
  INITIALIZE,
];

const KEYS: readonly GuestRequest[] = [
  post('/set?key=a', 'one'),
  get('/get?key=a'),
  post('/set-many', `a=00ff\nb=1234\nc=${'ab'.repeat(5000)}`),
  get('/get-many?key=a&key=b&key=zz'),
  get('/list'),
  get('/increment?key=n'),
  get('/increment?key=n&delta=41'),
  get('/exists?key=q'),
  get('/delete?key=a'),
];

/** Things that it keeps, in numbers that the host allows. */
const KEPT: readonly GuestRequest[] = [
  get('/ok'),
  get('/fields?n=300'),
  get('/pollables?n=50'),
  get('/requests?n=50'),
  get('/grow?mib=2'),
];

/** Requests to the committed guests whose answers depend on nothing but them and what came before. */
export const REQUESTS: Readonly<Record<string, readonly GuestRequest[]>> = {
  'notes-draft': NOTES,
  'notes-draft2': NOTES,
  modern: MODERN,
  'kv-draft': KEYS,
  'kv-draft2': KEYS,
  'kv-draft2-options': KEYS,
  hostile: KEPT,
  waits: [get('/ok')],
  nested: [get('/0')],
  'watcher-draft': [get('/told')],
  'watcher-draft2': [get('/told')],
  'http-lab': [
    post('/echo', 'z'.repeat(20_000)),
    get('/headers'),
    get('/trailers'),
    get('/stream?n=5&ms=1&size=100'),
    get('/big?bytes=300000'),
    post('/body-first?bytes=5000', 'body'),
    get('/status?code=204'),
    get('/error?code=dns-timeout'),
    // As far apart that a busy machine does not change their order.
    get('/poll?n=3&ms=100'),
    get('/env'),
    get('/globals'),
  ],
  misbehave: [
    get('/ok'),
    get('/trap'),
    get('/leak?n=5'),
    get('/no-answer'),
    get('/answer-twice'),
    get('/abandon-body'),
    get('/trap-after-start'),
    get('/use-after-drop'),
    get('/forged-handle?handle=7'),
    get('/invalid-utf8-key'),
    get('/grow?mib=3'),
  ],
};

/** Arguments of the committed commands, whose output depends on nothing else. */
export const COMMANDS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  command: [
    ['args', 'a', 'b'],
    ['env'],
    ['add', 'runs'],
    ['exit', '7'],
    ['fail'],
    ['trap'],
    ['panic'],
    ['cat'],
  ],
  'count-draft': [[]],
  'count-draft2': [[]],
};
