import { describe, expect, expectTypeOf, test } from 'vitest';
import type { GuestRequest } from '../../../src/http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../../src/http/response.ts';

import { createSessionQueue } from '../../../src/mcp/edge/session-queue.ts';
import { withChallenge } from '../../../src/mcp/oauth/challenge.ts';
import { withDiscovery } from '../../../src/mcp/oauth/discovery.ts';
import { edgeOf, type PlayedGuest, playGuest, reply, replyResult, type Seen } from './guest.ts';

const BOTH = ['accept', 'application/json, text/event-stream'];
const JSON_ALONE = ['accept', 'application/json'];
const SESSION = ['mcp-session-id', 's'];
const TOKEN = ['authorization', 'Bearer t'];

/** Every stage between a client and a guest. */
function layers({ handle }: PlayedGuest, waiting = 8): typeof handle {
  const edge = edgeOf(handle, { mode: 'guide', queue: createSessionQueue(waiting) });
  return withDiscovery(undefined)(withChallenge(undefined)(edge));
}

interface Client {
  leave(): void;
  /** What was called, in order. */
  readonly calls: string[];
}

function ask(handle: PlayedGuest['handle'], request: Partial<GuestRequest>): Client {
  const calls: string[] = [];
  const target: ResponseWriter = {
    head: () => void calls.push('head'),
    chunk: (bytes, acknowledged) => acknowledged(bytes.length),
    end: () => void calls.push('end'),
    fail: () => void calls.push('fail'),
    finished: () => void calls.push('finished'),
  };
  const whole: GuestRequest = {
    method: 'POST',
    scheme: 'http',
    authority: 'localhost',
    path: '/mcp',
    headers: [...BOTH],
    body: undefined,
    receivedAt: performance.now(),
    ...request,
  };
  const call = handle(whole, target);
  return { calls, leave: () => call.cancel() };
}

function rpc(method: string, id: number | undefined = 1): Uint8Array {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params: {} }));
}

function answering(): PlayedGuest {
  return playGuest((request) => {
    if (request.message?.id === undefined) reply(request, 202, '', []);
    else replyResult(request, {}, ['mcp-session-id', 's']);
  });
}

const REQUESTS: readonly (readonly [string, Partial<GuestRequest>])[] = [
  ['initialize', { body: rpc('initialize') }],
  ['a call without a session', { body: rpc('tools/list') }],
  ['a call in a session', { body: rpc('tools/list'), headers: [...BOTH, ...SESSION] }],
  ['a call for an answer in JSON', { body: rpc('tools/list'), headers: [...JSON_ALONE, ...SESSION] }],
  ['a notification with a token', { body: rpc('x', undefined), headers: [...BOTH, ...SESSION, ...TOKEN] }],
  ['the end of a session', { body: rpc('session/terminate'), headers: [...BOTH, ...SESSION] }],
  ['the end of no session', { body: rpc('session/terminate') }],
  [
    'a message that contradicts itself',
    { body: Buffer.from('{"id":1,"id":2,"method":"x"}'), headers: [...SESSION, ...TOKEN] },
  ],
  ['DELETE with a token', { method: 'DELETE', headers: [...SESSION, ...TOKEN] }],
  ['the metadata', { method: 'GET', path: '/.well-known/oauth-protected-resource' }],
];

test('a response target has no optional method', () => {
  type Optional = { [K in keyof ResponseWriter]: object extends Pick<ResponseWriter, K> ? K : never };
  expectTypeOf<Optional[keyof ResponseWriter]>().toEqualTypeOf<never>();
  const target = { head() {}, chunk() {}, end() {}, fail() {}, finished() {} } satisfies ResponseWriter;
  expect(wrapResponse(target, {})).toEqual(target);
  for (const name of Object.keys(target) as (keyof ResponseWriter)[]) {
    const other = (): void => {};
    expect(wrapResponse(target, { [name]: other })).toEqual({ ...target, [name]: other });
  }
});

describe('finished is reported once', () => {
  test.each(REQUESTS)('after %s', (_, request) => {
    const { calls } = ask(layers(answering()), request);
    expect(calls).toEqual(['head', 'end', 'finished']);
  });

  test.each(REQUESTS)('after %s that is refused', (_, request) => {
    const { calls } = ask(layers(playGuest((seen) => reply(seen, 403, '{}'))), request);
    expect(calls).toEqual(['head', 'end', 'finished']);
  });

  test('when the guest finishes after its response', () => {
    let guest: Seen | undefined;
    const slow = playGuest((seen) => {
      guest = seen;
    });
    const { calls } = ask(layers(slow), { body: rpc('tools/list'), headers: [...BOTH, ...SESSION] });
    guest!.target.head(200, []);
    guest!.target.end([]);
    expect(calls).toEqual(['head', 'end']);
    guest!.target.finished();
    expect(calls).toEqual(['head', 'end', 'finished']);
  });

  test('when the client has left, only after the guest has finished', () => {
    let guest: Seen | undefined;
    const slow = playGuest((seen) => {
      guest = seen;
    });
    const client = ask(layers(slow), { body: rpc('tools/list') });
    client.leave();
    expect(client.calls).toEqual([]);
    guest!.target.finished();
    expect(client.calls).toEqual(['finished']);
  });

  test('when the client has left the queue, and when the queue was full', () => {
    const handle = layers(
      playGuest(() => {}),
      1,
    );
    const request = { body: rpc('tools/list'), headers: [...BOTH, ...SESSION] };
    ask(handle, request);
    const waiting = ask(handle, request);
    const refused = ask(handle, request);
    expect(refused.calls).toEqual(['head', 'end', 'finished']);
    waiting.leave();
    expect(waiting.calls).toEqual(['finished']);
  });
});
