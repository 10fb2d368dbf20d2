import { describe, expect, test } from 'vitest';
import { createEnvelopeReader, type Envelope } from '../../../src/mcp/edge/envelope.ts';
import { createRandom } from '../../campaign/random.ts';

interface Read extends Pick<Envelope, 'kind' | 'method'> {
  readonly id: string | undefined;
  readonly protocolVersion: string | undefined;
}

/** Reads text in pieces of this length. */
function read(
  text: string | Uint8Array,
  piece: number,
  enough: (found: Envelope) => boolean = () => false,
): Read {
  const bytes = Buffer.from(text);
  const reader = createEnvelopeReader(enough);
  let done = false;
  for (let i = 0; i < bytes.length && !done; i += piece) done = reader.push(bytes.subarray(i, i + piece));
  if (!done) reader.end();
  const { kind, method, id, protocolVersion } = reader.envelope;
  if (protocolVersion !== undefined) {
    const { at, length, name } = protocolVersion;
    expect(JSON.parse(bytes.subarray(at, at + length).toString())).toBe(name);
  }
  return { kind, method, id: id && Buffer.from(id).toString(), protocolVersion: protocolVersion?.name };
}

const NOTHING: Read = { kind: undefined, method: undefined, id: undefined, protocolVersion: undefined };
const REQUEST: Read = { ...NOTHING, kind: 'request', method: 'tools/call', id: '1' };

const MESSAGES: readonly (readonly [what: string, text: string, expected: Read])[] = [
  ['a request', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}', REQUEST],
  ['with its id last', '{"method":"tools/call","params":{"id":2,"method":"no"},"id":1}', REQUEST],
  ['with spaces', ' \r\n\t{ "id" : 1 , "method" :\n"tools/call" , "params" : { } }\n ', REQUEST],
  ['with escapes', '{"\\u006dethod":"tools\\/call","i\\u0064":1}', REQUEST],
  [
    'with brackets in strings',
    '{"params":{"a":"}]\\"{","b":[[{"method":"x"}]]},"id":1,"method":"tools/call"}',
    REQUEST,
  ],
  ['with parameters by position', '{"params":["method",{"a":1}],"id":1,"method":"tools/call"}', REQUEST],
  ['with an id of text', '{"id":"é\\n","method":"ping"}', { ...REQUEST, method: 'ping', id: '"é\\n"' }],
  [
    'with a huge id',
    `{"id":${'9'.repeat(400)},"method":"ping"}`,
    { ...REQUEST, method: 'ping', id: '9'.repeat(400) },
  ],
  ['with an id of null', '{"id":null,"method":"ping"}', { ...REQUEST, method: 'ping', id: undefined }],
  [
    'with an id of another kind',
    '{"id":{"a":1},"method":"ping"}',
    { ...REQUEST, method: 'ping', id: undefined },
  ],
  [
    'a notification',
    '{"method":"notifications/cancelled"}',
    { ...NOTHING, kind: 'notification', method: 'notifications/cancelled' },
  ],
  ['a request without an id', '{"method":"ping"}', { ...NOTHING, kind: 'notification', method: 'ping' }],
  ['a result', '{"id":1,"result":{"method":"x"}}', { ...NOTHING, kind: 'response', id: '1' }],
  ['an error', '{"error":{"code":-1},"id":1}', { ...NOTHING, kind: 'response', id: '1' }],
  [
    'initialize',
    '{"id":0,"method":"initialize","params":{"capabilities":{"protocolVersion":"1"},"protocolVersion":"2025-06-18"}}',
    { ...NOTHING, kind: 'request', method: 'initialize', id: '0', protocolVersion: '2025-06-18' },
  ],
  [
    'a version before its method',
    '{"params":{"protocolVersion":"2025\\u002d06-18","a":5},"id":0,"method":"initialize"}',
    { ...NOTHING, kind: 'request', method: 'initialize', id: '0', protocolVersion: '2025-06-18' },
  ],
  [
    'a version that is no name',
    '{"id":1,"method":"tools/call","params":{"protocolVersion":"a\\r\\nb"}}',
    REQUEST,
  ],
  [
    'a version that is a number',
    '{"id":1,"method":"tools/call","params":{"protocolVersion":20250618}}',
    REQUEST,
  ],
  ['a batch', '[{"id":1,"method":"tools/call"}]', NOTHING],
  ['a number', '5', NOTHING],
  ['text', '"{}"', NOTHING],
  ['null', 'null', NOTHING],
  ['nothing', '', NOTHING],
  ['an empty object', '{}', NOTHING],
  ['a method that is none', '{"id":1,"method":5}', NOTHING],
  ['a method that is an object', '{"id":1,"method":{}}', NOTHING],
  ['a method twice', '{"id":1,"method":"ping","method":"tools/call"}', NOTHING],
  ['an id twice', '{"id":1,"method":"ping","id":2}', NOTHING],
  ['a method before a result', '{"id":1,"method":"ping","result":{}}', NOTHING],
  ['a method after an error', '{"id":1,"error":{},"method":"ping"}', NOTHING],
  ['what ends too early', '{"id":1,"method":"ping"', NOTHING],
  ['what goes on after its end', '{"id":1,"method":"ping"}{}', NOTHING],
  ['a colon missing', '{"id" 1,"method":"ping"}', NOTHING],
  ['a comma too many', '{"id":1,,"method":"ping"}', NOTHING],
  ['a comma at the end', '{"id":1,"method":"ping",}', NOTHING],
  ['a bad number for an id', '{"id":01,"method":"ping"}', NOTHING],
  ['a bad word for an id', '{"id":nul,"method":"ping"}', NOTHING],
  ['a bad escape in its method', '{"id":1,"method":"\\x"}', NOTHING],
  ['a line break in its method', '{"id":1,"method":"pi\nng"}', NOTHING],
  ['a byte-order mark', '\ufeff{"id":1,"method":"ping"}', NOTHING],
];

describe.each([1, 2, 7, 65_536])('in pieces of %i', (piece) => {
  test.each(MESSAGES)('%s', (_, text, expected) => {
    expect(read(text, piece)).toEqual(expected);
  });

  test('a method that is not UTF-8', () => {
    const text = Buffer.from('{"id":1,"method":"pi\u00ffg"}', 'latin1');
    expect(read(text, piece)).toEqual(NOTHING);
  });
});

test('agrees with JSON.parse on messages of every shape', () => {
  const random = randomNumbers(20_260_728);
  for (let round = 0; round < 2000; round++) {
    const message = randomMessage(random);
    const text = JSON.stringify(message, null, random(3));
    const found = read(text, 1 + random(40));
    expect(found.method, text).toBe(message.method);
    expect(found.id, text).toBe(message.id === undefined ? undefined : JSON.stringify(message.id));
    const kind = message.method !== undefined ? 'request' : 'response';
    expect(found.kind, text).toBe(message.id === undefined && kind === 'request' ? 'notification' : kind);
  }
});

test('reads no further than necessary', () => {
  const reader = createEnvelopeReader(({ method }) => method !== undefined);
  expect(reader.push(Buffer.from('{"id":1,"method":"ping"'))).toBe(true);
  expect(reader.envelope).toMatchObject({ kind: 'request', method: 'ping' });
});

test('knows a response by its first decisive member', () => {
  const reader = createEnvelopeReader(({ kind }) => kind !== undefined);
  expect(reader.push(Buffer.from('{"id":1,"result":'))).toBe(true);
  expect(reader.envelope.kind).toBe('response');
});

describe('beyond 64 KiB', () => {
  const large = `"${'x'.repeat(70_000)}"`;

  test('a request is known by its parameters, but not its method', () => {
    const text = `{"id":1,"params":{"a":${large}},"method":"ping"}`;
    expect(read(text, 1000)).toEqual({ ...NOTHING, kind: 'request', id: '1' });
  });

  test('other messages are not known', () => {
    expect(read(`{"a":${large},"id":1,"method":"ping"}`, 1000)).toEqual(NOTHING);
  });

  test('an endless message costs no more than a long one', () => {
    const reader = createEnvelopeReader(() => false);
    const piece = Buffer.alloc(65_536, ' ');
    expect(reader.push(piece)).toBe(false);
    expect(reader.push(piece)).toBe(true);
  });
});

/** Numbers below a bound, the same on every run. */
function randomNumbers(seed: number): (bound: number) => number {
  const { whole } = createRandom(seed);
  return (bound) => whole(0, bound - 1);
}

function randomValue(random: (bound: number) => number, depth: number): unknown {
  const strings = ['', '"', '\\', '{"method":"x"}', '\u2028é😀', '\n', ']}', 'method', 'a'.repeat(50)];
  switch (random(depth > 3 ? 5 : 7)) {
    case 0:
      return strings[random(strings.length)];
    case 1:
      return random(1_000_000) / 7;
    case 2:
      return -random(100);
    case 3:
      return null;
    case 4:
      return random(2) === 0;
    case 5:
      return Array.from({ length: random(4) }, () => randomValue(random, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random(4) }, (_, n) => [
          strings[random(strings.length)]! + n,
          randomValue(random, depth + 1),
        ]),
      );
  }
}

function randomMessage(random: (bound: number) => number): Record<string, unknown> {
  const ids = [0, -5, 1.5, 'a', '', '"', 'é', undefined];
  const members: [string, unknown][] = [
    ['jsonrpc', '2.0'],
    ['id', ids[random(ids.length)]],
    ...(random(4) === 0
      ? [[random(2) === 0 ? 'result' : 'error', randomValue(random, 0)] as [string, unknown]]
      : [
          ['method', ['ping', 'tools/call', 'a"b', ''][random(4)]] as [string, unknown],
          ['params', randomValue(random, 0)] as [string, unknown],
        ]),
    ['_meta', randomValue(random, 0)],
  ];
  for (let i = members.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [members[i], members[j]] = [members[j]!, members[i]!];
  }
  return Object.fromEntries(members);
}
