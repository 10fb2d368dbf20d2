import { expect, test } from 'vitest';
import { sdk1 } from '../support/sdk-clients.ts';
import { listen } from '../support/serving.ts';

test('tools that wait for their clients leave room for the answers, however many they are', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', workers: 1, liveLimit: 3, timeout: 10_000 });
  const clients = await Promise.all(Array.from({ length: 8 }, () => sdk1().connect(`${url}/mcp`)));
  const calls = clients.map((client) => client.call('test_elicitation', { message: 'Who are you?' }));
  for (const answer of await Promise.all(calls)) expect(answer).toContain('ada@example.com');
});
