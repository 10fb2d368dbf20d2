import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture, type ServeProcess, serve, temporaryFolder } from '../support/command.ts';
import { type Connect, connectSdk1, connectSdk2 } from '../support/sdk-clients.ts';

function start(folder: string = temporaryFolder()): Promise<ServeProcess> {
  const store = `sqlite:${join(folder, 'store.db')}`;
  return serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', store]);
}

const clients: [name: string, connect: Connect][] = [
  ['1.x', connectSdk1],
  ['2.x', connectSdk2('legacy')],
  ['2.x, after a look for a server without sessions', connectSdk2('auto')],
];

/** 1.x has the status in `code`, 2.x in `data`. */
interface SdkError extends Error {
  readonly code: unknown;
  readonly data?: { readonly status: unknown };
}

describe.each(clients)('the official client, %s', (_, connect) => {
  test('lists and calls, is told of what happens meanwhile, and answers what it is asked', async () => {
    const { url } = await start();
    const client = await connect(url);
    expect(await client.toolNames()).toContain('counter');
    expect(await client.resourceNames()).toContain('test://static-text');
    expect(await client.promptNames()).toContain('test_simple_prompt');
    expect(await client.call('counter')).toBe('1');

    const progress: number[] = [];
    await client.call(
      'test_tool_with_progress',
      {},
      { onprogress: (report) => progress.push(report.progress) },
    );
    expect(progress).toEqual([0, 50, 100]);

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
  });

  test('goes on with its session, and takes up a call, after the server was killed', async () => {
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

  test('ends its session, is refused with it, and starts anew', async () => {
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
