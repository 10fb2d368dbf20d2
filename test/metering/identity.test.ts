import { describe, expect, test } from 'vitest';
import { component } from '../support/serving.ts';
import { INITIALIZE, REQUESTS } from './requests.ts';
import { type GuestAnswer, type GuestRequest, type Manner, serveInThread } from './served.ts';

/** A session's id, and how often a clock is looked at. */
const isRandom = (request: GuestRequest): boolean =>
  request === INITIALIZE || request.path.startsWith('/poll');

function sessionOf({ headers }: GuestAnswer): string | undefined {
  return headers[headers.findIndex((name) => name.toLowerCase() === 'mcp-session-id') + 1];
}

async function serveAll(name: string, manner: Manner): Promise<GuestAnswer[]> {
  const serve = await serveInThread(await component(name), manner);
  const answers: GuestAnswer[] = [];
  let session: string | undefined;
  for (const request of REQUESTS[name]!) {
    const headers = [...(request.headers ?? []), ...(session ? ['mcp-session-id', session] : [])];
    const answer = await serve({ ...request, headers });
    if (request === INITIALIZE) session = sessionOf(answer);
    // Random.
    answers.push({ ...answer, text: answer.text.replaceAll(session ?? 'SESSION', 'SESSION') });
  }
  return answers;
}

describe('guests return the same, and use as many units, whether or not they ask and are suspended', () => {
  test.each(Object.keys(REQUESTS))('%s', async (name) => {
    const plain = await serveAll(name, 'never');
    const texts = plain.map(({ text }) => text);
    const asked = await serveAll(name, 'ask');
    const suspended = await serveAll(name, 'suspend');
    expect(asked.map(({ text }) => text)).toEqual(texts);
    expect(suspended.map(({ text }) => text)).toEqual(texts);
    const sum = (answers: readonly GuestAnswer[], of: 'units' | 'ticks' | 'waits'): number =>
      answers.reduce((total, answer) => total + answer[of], 0);
    expect(sum(plain, 'ticks')).toBe(0);
    expect(sum(asked, 'ticks')).toBeGreaterThan(10);
    // Below jco's own glue nothing is suspended.
    const { kind } = (await component(name)).glue;
    expect([kind, sum(suspended, 'waits') > 0]).toEqual([kind, kind === 'lean']);
    const units = (answers: readonly GuestAnswer[]): number[] =>
      answers.flatMap((answer, index) => (isRandom(REQUESTS[name]![index]!) ? [] : [answer.units]));
    expect(units(asked)).toEqual(units(plain));
    expect(units(suspended)).toEqual(units(plain));
  });
});
