import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ResponseWriter } from '../../../src/http/response.ts';
import { modern } from '../../support/modern.ts';
import { share } from '../../support/serving.ts';
import { ask } from '../edge/guest.ts';
import { BOTH } from '../edge/session-guest.ts';
import { INITIALIZE } from '../legacy-clients/new-guest.ts';
import { edge, LIST, send } from '../modern/edge-of.ts';
import {
  blindGuest,
  callText,
  EXPENSIVE,
  earlierText,
  GRAIN,
  HEADERS,
  MIB,
  many,
  NAMES,
  requestOf,
  timeOf,
  upload,
} from './long.ts';

describe('no turn takes long for', () => {
  test.each(EXPENSIVE)('a client that sends many %s', async (_, value) => {
    const text = callText(value);
    const parsing = timeOf(() => JSON.parse(text));
    const handler = edge({ handle: blindGuest('old') });
    await send(handler, LIST).answer;
    const { answer, longest } = await upload(handler, text, HEADERS);
    expect(answer.json.result.content).toEqual([]);
    expect(longest).toBeLessThan(parsing / 4 + GRAIN);
  });

  test.each(EXPENSIVE)('a client of an earlier revision that sends many %s', async (_, value) => {
    const text = earlierText(value);
    const parsing = timeOf(() => JSON.parse(text));
    const handler = edge({ handle: blindGuest('new') });
    const { session } = await ask(handler, INITIALIZE, BOTH).answer;
    const headers = { ...BOTH, 'mcp-session-id': session! };
    const { answer, longest } = await upload(handler, text, headers);
    expect(answer.json.result.content).toEqual([]);
    expect(longest).toBeLessThan(parsing / 4 + GRAIN);
  });

  test.each(EXPENSIVE)('a guest that returns many %s', async (_, value) => {
    const result = `{"content":[],"structuredContent":${value}}`;
    const parsing = timeOf(() => JSON.parse(result));
    const handler = edge({ handle: blindGuest('old', result) });
    await send(handler, LIST).answer;
    let sent = 0;
    const target: ResponseWriter = {
      head() {},
      chunk: ({ length }) => {
        sent += length;
      },
      end() {},
      fail() {},
      finished() {},
    };
    const longest = timeOf(() => handler(requestOf(callText('{"a":1}').padEnd(2000)), target));
    expect(sent).toBeGreaterThan(result.length);
    expect(longest).toBeLessThan(parsing / 2 + GRAIN);
  });
});

describe('what a client must not send is refused without being parsed:', () => {
  test.each([
    ['names of params', callText('0').replace('"arguments":0', () => NAMES.slice(1, -1))],
    ['names of a message', callText('0').replace(/}$/, () => `,${NAMES.slice(1)}`)],
    ['names of _meta', callText('0').replace('"_meta":{', () => `"_meta":{${NAMES.slice(1, -1)},`)],
    [
      'members of medium length',
      callText('0').replace(
        '"arguments":0',
        () => `${many((i) => `"p${i}":[${many(() => '0', 20_000)}]`, 4 * MIB)}`,
      ),
    ],
    ['responses', callText(NAMES, 'inputResponses')],
    ['messages', `[${many(() => callText('0'), 4 * MIB)}]`],
  ])('many %s', async (_, text) => {
    const parsing = timeOf(() => JSON.parse(text));
    const { answer, longest } = await upload(edge({ handle: blindGuest('old') }), text, HEADERS);
    expect([answer.status, answer.json.error.code]).toEqual([400, -32600]);
    expect(answer.json.error.message).toBe(
      'the body has more than 65536 values outside of long members of params or result',
    );
    expect(longest).toBeLessThan(parsing / 2 + GRAIN);
  });
});

describe.each(['notes-draft', 'modern'])('a server in front of %s', (fixture) => {
  const served = share(fixture, { mcp: 'guide' });

  test('parses nothing of that length while others wait', async () => {
    expect((await modern(served.url, LIST)).status).toBe(200);
    const long = `{${many((i) => `"n${i.toString(36)}":0`, MIB)}}`;
    const lengths: number[] = [];
    const { parse } = JSON;
    const spy = vi.spyOn(JSON, 'parse').mockImplementation((text, reviver) => {
      lengths.push(text.length);
      return parse(text, reviver);
    });
    onTestFinished(() => spy.mockRestore());
    const earlier = { ...BOTH, 'content-type': 'application/json' };
    const calls = [
      [HEADERS, callText(long)],
      [earlier, earlierText(long)],
    ] as const;
    const sent = calls.map(([headers, body]) =>
      fetch(`${served.url}/mcp`, { method: 'POST', headers, body }),
    );
    for (const response of await Promise.all(sent)) expect(await response.text()).toMatch(/"error"/);
    expect((await modern(served.url, LIST)).status).toBe(200);
    expect(Math.max(...lengths)).toBeLessThan(128 * 1024);
  });
});
