import { expect, test } from 'vitest';
import { explain } from '../../../src/mcp/ambiguity/explain.ts';
import { mayBeAmbiguous } from '../../../src/mcp/ambiguity/may-be-ambiguous.ts';
import { createRandom } from '../../campaign/random.ts';

/** Numbers below a bound, the same on every run. */
function randomNumbers(seed: number): (bound: number) => number {
  const { whole } = createRandom(seed);
  return (bound) => whole(0, bound - 1);
}

const NAMES = [
  'jsonrpc',
  'id',
  'method',
  'params',
  'result',
  '_meta',
  'name',
  'Name',
  'x',
  'X',
  '',
  'é',
  'a"b',
];

function objectText(random: (bound: number) => number, depth: number): string {
  const members = Array.from({ length: random(5) }, () => {
    const chosen = NAMES[random(NAMES.length)]!;
    const isNested = chosen === 'params' || chosen === '_meta' || random(6) === 0;
    const plain = ['1', '"}"', '[]', '[{"id":1,"id":2}]', 'null', '"\\\\\\""'][random(6)]!;
    const value = isNested && depth < 4 ? objectText(random, depth + 1) : plain;
    const name = JSON.stringify(chosen);
    const space = ['', ' ', '\n'][random(3)]!;
    return `${space}${random(8) === 0 ? name.replace('m', '\\u006d') : name}${space}:${value}${space}`;
  });
  return `{${members.join(',')}}`;
}

test('the fast look misses nothing that the close one finds, and passes nearly everything else', () => {
  const random = randomNumbers(8259);
  const found = { ambiguous: 0, plain: 0, suspected: 0 };
  for (let round = 0; round < 20_000; round++) {
    const text = objectText(random, 0);
    const isSuspected = mayBeAmbiguous(Buffer.from(text));
    if (explain(text) !== undefined) {
      expect(isSuspected, text).toBe(true);
      found.ambiguous += 1;
    } else if (/^[\w\s{}[\],:"]*$/.test(text) && !text.includes('""') && !/_meta|[A-Z]/.test(text)) {
      found[isSuspected ? 'suspected' : 'plain'] += 1;
    }
  }
  expect(found.ambiguous).toBeGreaterThan(2000);
  expect(found.plain).toBeGreaterThan(1000);
  expect(found.suspected).toBeLessThan(found.plain / 20);
});

test('messages of clients need no closer look', () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    traceparent: '00-1',
    progressToken: 7,
  };
  const info = {
    capabilities: { roots: {} },
    clientInfo: { name: 'C', version: '1' },
    protocolVersion: '2025-11-25',
  };
  const call = { name: 'add', arguments: { name: 'add', id: 1, ID: 2 } };
  for (const params of [
    undefined,
    {},
    info,
    call,
    { ...call, _meta: meta },
    { _meta: meta, requestState: 'x', inputResponses: {} },
  ]) {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    expect(mayBeAmbiguous(Buffer.from(text)), text).toBe(false);
  }
});
