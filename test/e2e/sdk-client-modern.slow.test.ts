import { describe, expect, test } from 'vitest';
import { fixture, serve } from '../support/command.ts';
import { type Sdk, type SdkClient, sdk1, sdk2 } from '../support/sdk-clients.ts';

async function start(name: string): Promise<string> {
  return (await serve(fixture(name), ['--mcp', 'guide', '--store', 'memory:'])).url;
}

const MODERN: [name: string, sdk: Sdk][] = [
  ['auto', sdk2('auto')],
  ['pinned', sdk2({ pin: '2026-07-28' })],
];

const GUESTS: [revision: string, name: string][] = [
  ['2025-11-25', 'notes-draft'],
  ['2026-07-28', 'modern'],
];

/** What every guest offers to every client; reports of progress that arrive with the response may be dropped. */
async function browse(client: SdkClient, reports: number): Promise<void> {
  expect(await client.toolNames()).toContain('counter');
  expect(await client.resourceNames()).toContain('test://static-text');
  expect(await client.promptNames()).toContain('test_simple_prompt');
  const progress: number[] = [];
  const onprogress = (report: { progress: number }): void => void progress.push(report.progress);
  await client.call('test_tool_with_progress', {}, { onprogress });
  expect(progress).toEqual([0, 50, 100].slice(0, progress.length));
  expect(progress.length).toBeGreaterThanOrEqual(reports);
}

describe.each(MODERN)('the official client, 2.x, of 2026-07-28 (%s)', (_, { connect, spawn }) => {
  test.each(GUESTS)(
    'lists, reads, calls and hears of progress, in front of a guest of %s',
    async (_, guest) => {
      const client = await connect(await start(guest));
      expect([client.protocolVersion, client.session]).toEqual(['2026-07-28', undefined]);
      await browse(client, 2);
      expect(await client.call('counter')).toBe('1');
    },
  );

  test.each(GUESTS)('does the same over stdio, in front of a guest of %s', async (_, guest) => {
    const client = await spawn([fixture(guest), '--store', 'memory:']);
    expect(client.protocolVersion).toBe('2026-07-28');
    await browse(client, 1);
    expect(await client.call('counter')).toBe('1');
  });

  test.each(GUESTS)('leaves a call that it gives up, in front of a guest of %s', async (_, guest) => {
    const client = await connect(await start(guest));
    const controller = new AbortController();
    const { signal } = controller;
    const options = { signal, onprogress: () => controller.abort() };
    await expect(client.call('test_tool_with_progress', {}, options)).rejects.toThrow();
    expect(await client.call('counter')).toBe('1');
  });

  test.each(GUESTS)('answers what a guest of %s asks, over HTTP and stdio', async (_, guest) => {
    for (const client of [
      await connect(await start(guest)),
      await spawn([fixture(guest), '--store', 'memory:']),
    ]) {
      expect(await client.call('test_elicitation', { message: 'Who?' })).toContain('ada@example.com');
      expect(await client.call('test_sampling', { prompt: 'Say so' })).toBe('LLM response: a model said so');
    }
  });

  test('answers several requests at once, and in several rounds', async () => {
    const client = await connect(await start('notes-draft'));
    const asking = 'test_input_required_result_';
    expect(await client.call(`${asking}list_roots`)).toContain('file:///project');
    expect(await client.call(`${asking}multi_round`)).toBe('nobody likes nobody');
    const all = await client.call(`${asking}multiple_inputs`);
    expect(all).toMatch(/^a model said so nobody \[.*file:\/\/\/project/);
  });
});

describe.each([
  ['1.x', sdk1()],
  ['2.x', sdk2('legacy')],
] as [string, Sdk][])('the official client, %s, that begins with initialize', (_, { connect, spawn }) => {
  async function converse(client: SdkClient, reports: number): Promise<void> {
    await browse(client, reports);
    expect(await client.call('counter')).toBe('1');
    await client.call('test_tool_with_logging');
    expect(client.logs).toHaveLength(3);
    await client.setLevel('error');
    await client.call('test_tool_with_logging');
    expect(client.logs).toHaveLength(3);
    expect(await client.call('test_elicitation', { message: 'Who?' })).toContain('ada@example.com');
    expect(await client.call('test_sampling', { prompt: 'Say so' })).toBe('LLM response: a model said so');
  }

  test('is served in front of a guest of 2026-07-28, which may ask it', async () => {
    const url = await start('modern');
    const client = await connect(url);
    expect(client.session).toBeDefined();
    await converse(client, 2);
    await client.terminate();
    // It continues with another connection, and on another host.
    const again = await connect(await start('modern'), client.session);
    expect(await again.call('test_elicitation', { message: 'Who?' })).toContain('ada@example.com');
  });

  test('hears of a resource that it subscribes to', async () => {
    const client = await connect(await start('modern'));
    await client.subscribe('test://watched-resource');
    // Its stream may be opened after the first change.
    const change = async (): Promise<number> => {
      await client.call('cart_add', { item: 'pear' });
      return client.updates.length;
    };
    await expect.poll(change, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(client.updates[0]).toBe('test://watched-resource');
  });

  test('does the same over stdio', async () => {
    await converse(await spawn([fixture('modern'), '--store', 'memory:']), 1);
  });
});
