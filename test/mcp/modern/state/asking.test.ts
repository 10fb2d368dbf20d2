import { expect, test } from 'vitest';
import { callModern } from '../../../support/modern.ts';
import { listen } from '../../../support/serving.ts';
import { as, OAUTH } from '../../../support/tokens.ts';
import { again, attempt } from '../mrtr/asking.ts';

test('a principal is asked by the client that can be, whichever client opened the session', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', env: OAUTH });
  const headers = as('ada', { jti: 1 });
  const count = async (): Promise<string> =>
    (await callModern(url, 'counter', {}, { headers: as('ada', { jti: 2 }) })).body.result.content[0].text;
  // It cannot be asked anything.
  expect(await count()).toBe('1');
  const args = { message: 'Who?' };
  const retry = again(await attempt(url, 'test_elicitation', { args, headers }), { args, headers });
  // The principal's other requests wait until the tool has its answer.
  const counted = count();
  const { body } = await attempt(url, 'test_elicitation', retry);
  expect(body.result.content[0].text).toContain('Ada');
  expect(await counted).toBe('2');
});

test('a client that cannot be asked gets -32021, and the next request of the principal is served', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', env: OAUTH });
  const headers = as('ada');
  const { status, body } = await callModern(url, 'test_elicitation', { message: 'Who?' }, { headers });
  expect([status, body.error.code]).toEqual([400, -32021]);
  expect((await callModern(url, 'counter', {}, { headers })).body.result.content[0].text).toBe('1');
});
