import { expect, test } from 'vitest';
import { sdk1 } from '../support/sdk-clients.ts';
import { listen } from '../support/serving.ts';

test.each([
  ['without tokens', []],
  ['with tokens', [['authorization', 'Bearer x'] as const]],
])(
  'tools that wait for clients %s leave room for the responses, however many there are',
  async (_, headers) => {
    const options = { workers: 1, liveLimit: 3, timeout: 10_000, requestHeaders: headers };
    const { url } = await listen('notes-draft', { mcp: 'guide', ...options });
    const clients = await Promise.all(Array.from({ length: 8 }, () => sdk1().connect(`${url}/mcp`)));
    const calls = clients.map((client) => client.call('test_elicitation', { message: 'Who are you?' }));
    for (const answer of await Promise.all(calls)) expect(answer).toContain('ada@example.com');
  },
);
