import { describe, expect, test } from 'vitest';
import { ask, edgeOf, playGuest, reply, replyResult } from './guest.ts';
import { BOTH, initializeFor, sessionGuest } from './session-guest.ts';

describe.each(['guide', 'strict'] as const)('initialize in %s mode', (mode) => {
  test.each([
    ['a version that the guest knows', '2025-06-18', '2025-06-18', 1],
    ['an older one', '2025-03-26', '2025-03-26', 1],
    ['a newer one', '2025-11-25', '2025-06-18', 2],
    ['one of the future', '2026-07-28', '2025-06-18', 3],
    ['one that never was', 'x', '2025-06-18', 3],
  ])('agrees on %s', async (_, wanted, agreed, asked) => {
    const guest = sessionGuest();
    const edge = edgeOf(guest.handle, { mode, queue: undefined });
    const { answer } = ask(edge, initializeFor(wanted), { ...BOTH, 'mcp-protocol-version': '2024-11-05' });
    expect(await answer).toMatchObject({
      status: 200,
      session: 's1',
      json: { result: { protocolVersion: agreed } },
    });
    expect(guest.seen).toHaveLength(asked);
    expect(guest.seen.at(-1)?.text).toBe(initializeFor(agreed));
  });

  test('does not offer a version that the guest has refused three times', async () => {
    const guest = sessionGuest();
    const edge = edgeOf(guest.handle, { mode, queue: undefined });
    for (let i = 0; i < 5; i++) await ask(edge, initializeFor('2025-11-25'), BOTH).answer;
    expect(guest.seen).toHaveLength(8);
  });

  test('that is refused with every version is refused as the guest does, and proves nothing', async () => {
    const guest = playGuest((request) => {
      if (request.message.params.capabilities === undefined) reply(request, 400, '{"error":{}}');
      else replyResult(request, {});
    });
    const edge = edgeOf(guest.handle, { mode, queue: undefined });
    const bad = '{"id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}';
    expect(await ask(edge, bad, BOTH).answer).toMatchObject({ status: 400, text: '{"error":{}}' });
    await ask(edge, initializeFor('2025-06-18'), BOTH).answer;
    expect(guest.seen.at(-1)?.headers.get('mcp-protocol-version')).toBe('2025-06-18');
  });

  test('without a version is passed on unchanged', async () => {
    const guest = playGuest((request) => reply(request, 400, '{}'));
    const edge = edgeOf(guest.handle, { mode, queue: undefined });
    await ask(edge, '{"id":1,"method":"initialize","params":{}}', BOTH).answer;
    expect(guest.seen).toHaveLength(1);
    expect(guest.seen[0]?.headers.has('mcp-protocol-version')).toBe(false);
  });
});
