import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openAdmin } from '../../../src/server/admin/admin.ts';
import { createRandom, type Random } from '../../campaign/random.ts';
import { temporaryFolder } from '../../support/command.ts';
import { type Schema, violations } from '../../support/json-schema.ts';
import { callTool, initialize } from '../../support/mcp.ts';
import { listen } from '../../support/serving.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: { readonly type: string; readonly enum?: readonly string[]; readonly maximum?: number };
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  'a',
  'default',
  'counter',
  '__meta__',
  'jwt:sub',
  '..',
  '%',
  '/',
  '\0',
  '\n',
  '\u{1f600}',
  'null',
  '[]',
  '1e9',
  '9'.repeat(30),
  'x'.repeat(5000),
  'wasmcp-node:stdio',
  '"',
  "'; DROP TABLE kv; --",
  'true',
  'e30',
  'é',
  '\ud800',
];
const VALUES = [
  null,
  0,
  -1,
  1.5,
  2 ** 60,
  true,
  '',
  'x',
  '18446744073709551616',
  [],
  {},
  { a: [1] },
  '\ud800',
  '/w==',
  '/wA=',
];
const TYPES = ['string', 'json', 'u64', 's64', 'bool', 'bytes', 'unknown', 'date', 7, null];

/** Calls of each operation. */
const CALLS = 150;

test('whatever the parameters and bodies are, each response is described by the document, and none is a failure of the server', async () => {
  const admin = await openAdmin({ port: 0, host: '127.0.0.1' });
  onTestFinished(admin.close);
  const { monitor, administration } = admin;
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const server = await listen('notes-draft', { mcp: 'guide', store, monitor, administration });
  const ids = await Promise.all(Array.from({ length: 4 }, () => initialize(server.url)));
  for (const id of ids) await callTool(server.url, id, 'counter');
  const base = `${admin.url}api/v1`;
  const document: Document = await (await fetch(`${base}/openapi.json`)).json();
  await fetch(`${base}/buckets/b/keys/k`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ encoding: 'text', value: 'v' }),
  });
  const seed = Date.now() % 1_000_000;
  const random = createRandom(seed);
  const problems: string[] = [];
  const statuses = new Set<string>();
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const isLast = ({ operation }: { operation: Operation }): number =>
    Number(operation.operationId === 'endSession');
  // After the edits, which need live sessions.
  for (const { path, method, operation } of operations.sort((a, b) => isLast(a) - isLast(b))) {
    if (operation.operationId === 'getEvents') continue;
    for (let n = 0; n < CALLS; n++) {
      const url = base + filled(path, operation.parameters, random, ids);
      const body = operation.requestBody && JSON.stringify(bodyOf(random));
      const response = await fetch(url, {
        method: method.toUpperCase(),
        ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
      });
      const text = await response.text();
      const described = operation.responses[response.status];
      const schema = described?.content?.['application/json']?.schema;
      const where = `${method} ${url} ${body ?? ''} (seed ${seed}): ${response.status} ${text.slice(0, 200)}`;
      statuses.add(`${operation.operationId} ${response.status}`);
      if (described === undefined || response.status >= 500) problems.push(where);
      else if (schema === undefined && text !== '') problems.push(`${where}: has a body`);
      else if (schema !== undefined) {
        problems.push(
          ...violations(JSON.parse(text), schema, document.components.schemas).map(
            (found) => `${where}: ${found}`,
          ),
        );
      }
    }
  }
  expect(problems.slice(0, 5)).toEqual([]);
  // The calls reached what they are about.
  for (const reached of [
    'listSessions 200',
    'getSession 200',
    'setValue 204',
    'setValue 422',
    'setKey 204',
    'getKey 200',
  ])
    expect(statuses).toContain(reached);
  // The server still serves.
  const id = await initialize(server.url);
  expect(await callTool(server.url, id, 'counter')).toBe('1');
});

function filled(
  path: string,
  parameters: readonly Parameter[],
  random: Random,
  ids: readonly string[],
): string {
  const query = new URLSearchParams();
  let result = path;
  for (const { name, in: place, schema } of parameters) {
    if (place === 'path') result = result.replace(`{${name}}`, () => segment(name, random, ids));
    else if (random.whole(0, 2) === 0) query.set(name, textFor(schema, random, ids));
  }
  // A parameter that is not described.
  if (random.whole(0, 19) === 0) query.set('unknown', '1');
  return query.size === 0 ? result : `${result}?${query}`;
}

/** `.` and `..` as segments never leave a client: URLs are normalized. */
function segment(name: string, random: Random, ids: readonly string[]): string {
  const known =
    name === 'id' ? ids : name === 'bucket' ? ['default', 'b'] : ['counter', 'k', `${ids[0]}:counter`];
  const text = random.whole(0, 1) === 0 ? random.pick(known) : random.pick(TEXTS);
  if (!text.isWellFormed()) return '%ff';
  return text === '..' ? '%2e%2e%20' : encodeURIComponent(text);
}

function textFor(
  { type, enum: choices, maximum }: Parameter['schema'],
  random: Random,
  ids: readonly string[],
): string {
  if (random.whole(0, 3) === 0) return random.pick(TEXTS);
  if (choices !== undefined) return random.pick(choices);
  if (type === 'integer') return String(random.whole(1, maximum ?? 10));
  if (type === 'boolean') return random.pick(['true', 'false']);
  return random.pick([...TEXTS, ...ids, ids[0]!.slice(0, 9)]);
}

function bodyOf(random: Random): unknown {
  if (random.whole(0, 9) === 0) return random.pick(VALUES);
  const value = random.pick(VALUES);
  return random.pick([
    { type: random.pick(TYPES), value },
    { type: 'json', text: random.pick(TEXTS) },
    { encoding: random.pick(['text', 'base64', 'hex']), value },
    { encoding: 'text', value: random.pick(TEXTS) },
    { type: 'u64', value: String(random.whole(0, 999)) },
  ]);
}
