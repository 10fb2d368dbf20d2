import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture, type ServeProcess, serve, temporaryFolder } from '../support/command.ts';
import { type Sdk, type SdkClient, sdk1, sdk2 } from '../support/sdk-clients.ts';

function start(folder: string = temporaryFolder()): Promise<ServeProcess> {
  const store = `sqlite:${join(folder, 'store.db')}`;
  return serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', store]);
}

const sdks: [name: string, sdk: Sdk][] = [
  ['1.x', sdk1()],
  ['2.x', sdk2('legacy')],
];

/** Everything that a server may do while a client waits for it, which reports its progress at least so many times. */
async function converse(client: SdkClient, reports: number): Promise<void> {
  expect(await client.toolNames()).toContain('counter');
  expect(await client.resourceNames()).toContain('test://static-text');
  expect(await client.promptNames()).toContain('test_simple_prompt');
  expect(await client.call('counter')).toBe('1');

  const progress: number[] = [];
  const onprogress = (report: { progress: number }): void => void progress.push(report.progress);
  await client.call('test_tool_with_progress', {}, { onprogress });
  expect(progress).toEqual([0, 50, 100].slice(0, progress.length));
  expect(progress.length).toBeGreaterThanOrEqual(reports);

  await client.call('test_tool_with_logging');
  expect(client.logs).toHaveLength(3);
  await client.setLevel('error');
  await client.call('test_tool_with_logging');
  expect(client.logs).toHaveLength(3);

  await client.call('cart_add', { item: 'apple' });
  expect(client.updates).toEqual([]);
  await client.subscribe('test://watched-resource');
  await client.call('cart_add', { item: 'pear' });
  expect(client.updates).toEqual(['test://watched-resource']);

  expect(await client.call('test_elicitation', { message: 'Who are you?' })).toContain('ada@example.com');
  expect(await client.call('test_sampling', { prompt: 'Say so' })).toBe('LLM response: a model said so');
}

/** 1.x has the status in `code`, 2.x in `data`. */
interface SdkError extends Error {
  readonly code: unknown;
  readonly data?: { readonly status: unknown };
}

describe.each(sdks)('the official client, %s', (_, { connect, spawn }) => {
  test('lists and calls tools, receives notifications meanwhile, and answers requests of the server', async () => {
    await converse(await connect((await start()).url), 2);
  });

  test('does the same over stdio', async () => {
    // The clients drop reports that they read together with the response.
    await converse(await spawn([fixture('notes-draft'), '--store', 'memory:']), 1);
  });

  test('continues its session, and resumes a call, after the server was killed', async () => {
    const folder = temporaryFolder();
    const first = await start(folder);
    const client = await connect(first.url);
    const { session } = client;
    expect(await client.call('counter')).toBe('1');
    let token: string | undefined;
    const onresumptiontoken = (seen: string): void => {
      token ??= seen;
    };
    // The stream ends before the answer; the client comes back for it by itself.
    const answer = 'the answer came after the client did';
    expect(await client.call('test_reconnection', {}, { onresumptiontoken })).toBe(answer);
    await client.close();
    await first.stop('SIGKILL');

    const second = await start(folder);
    const again = await connect(second.url, session);
    expect(again.session).toBe(session);
    expect(await again.call('counter')).toBe('2');
    expect(token).toBeDefined();
    expect(await again.call('test_reconnection', {}, { resumptionToken: token! })).toBe(answer);
  });

  test('ends its session, is refused if it uses it again, and starts another', async () => {
    const { url } = await start();
    const client = await connect(url);
    const { session } = client;
    expect(await client.call('counter')).toBe('1');
    await client.terminate();
    await client.close();

    const late = await connect(url, session);
    const refusal = await late.call('counter').catch((error: SdkError) => error);
    expect(refusal).toMatchObject({ message: expect.stringContaining('no such session') });
    expect([(refusal as SdkError).code, (refusal as SdkError).data?.status]).toContain(404);
    const fresh = await connect(url);
    expect(fresh.session).not.toBe(session);
    expect(await fresh.call('counter')).toBe('1');
  });
});
