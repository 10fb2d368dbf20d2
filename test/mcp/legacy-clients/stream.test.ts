import { describe, expect, test } from 'vitest';
import { listen } from '../../support/serving.ts';
import { connect } from './legacy.ts';

describe('the stream that a client with a session opens in front of a guest of 2026-07-28', () => {
  test('has what the guest notifies of, without the id of the subscription', async () => {
    const { url } = await listen('modern', { mcp: 'guide' });
    const client = await connect(url);
    const stream = await client.get();
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    await client.call('test_trigger_tool_change');
    expect(await stream.next()).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: {},
    });
    await client.call('test_trigger_prompt_change');
    expect((await stream.next()).method).toBe('notifications/prompts/list_changed');
  });

  test('has the changes of resources that the client subscribes to, until it does not any more', async () => {
    const { url } = await listen('modern', { mcp: 'guide' });
    const client = await connect(url);
    const stream = await client.get();
    const uri = 'test://watched-resource';
    expect(await (await client.request('resources/subscribe', { uri })).last()).toMatchObject({ result: {} });
    await client.call('cart_add', { item: 'pear' });
    expect(await stream.next()).toMatchObject({ method: 'notifications/resources/updated', params: { uri } });
    expect(await (await client.request('resources/unsubscribe', { uri })).last()).toMatchObject({
      result: {},
    });
    await client.call('cart_add', { item: 'apple' });
    await client.call('test_trigger_tool_change');
    let method: string;
    // The guest may have looked at the cart once more before it was told to stop.
    do method = (await stream.next()).method;
    while (method === 'notifications/resources/updated');
    expect(method).toBe('notifications/tools/list_changed');
  });

  test('ends when the subscription of the guest ends', async () => {
    const { url } = await listen('modern', { mcp: 'guide', env: { LISTEN_MS: '100' } });
    const stream = await (await connect(url)).get();
    expect(await stream.next()).toBeUndefined();
  });

  test('leaves the guest when the client closes it', async () => {
    // One place for streams.
    const { url } = await listen('modern', { mcp: 'guide', workers: 1, liveLimit: 2 });
    const client = await connect(url);
    const stream = await client.get();
    expect((await client.get()).status).toBe(503);
    stream.leave();
    while ((await client.get()).status !== 200);
    expect(await client.call('test_simple_text')).toContain('simple');
  });
});
