import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createExchange } from '../../host/http/exchange.ts';
import { Fields } from '../../host/http/fields.ts';
import type { FutureIncomingResponse, IncomingResponse } from '../../host/http/incoming-response.ts';
import { OutgoingRequest } from '../../host/http/outgoing-request.ts';
import { ResponseOutparam } from '../../host/http/response-outparam.ts';
import { bytesSource, openOutgoing } from '../../host/index.ts';
import { cutText } from '../../host/text.ts';
import { guestOf, MIB } from './guest-of.ts';
import { testResponse } from './streams.ts';

describe('received responses', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer((_, response) => response.end(Buffer.alloc(50_000)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());

  test('are charged while the guest does not read them, and fail at the limit', async () => {
    const outgoing = openOutgoing({ allow: ['*'], loopback: true });
    onTestFinished(() => outgoing.close());
    const { guest, bind } = guestOf(300_000, { outgoing });
    const { handle } = bind('wasi:http/outgoing-handler@0.2.0') as {
      handle(request: OutgoingRequest): FutureIncomingResponse;
    };
    const { port } = server.address() as AddressInfo;

    async function read(): Promise<{ drop(): void }> {
      const request = new OutgoingRequest(new Fields(guest));
      request.setScheme({ tag: 'HTTP' });
      request.setAuthority(`127.0.0.1:${port}`);
      const future = handle(request);
      await future.subscribe().block();
      const result = future.get() as {
        val: { val: IncomingResponse };
      };
      const body = result.val.val.consume();
      const stream = body.stream();
      return {
        drop() {
          stream[Symbol.dispose]();
          body[Symbol.dispose]();
          result.val.val[Symbol.dispose]();
        },
      };
    }

    const kept = [];
    for (let n = 0; n < 5; n += 1) kept.push(await read());
    await expect.poll(() => guest.budget.used).toBeGreaterThan(250_000);
    const late = await read();
    await expect.poll(() => guest.budget.used).toBeGreaterThan(250_000);
    expect(guest.budget.used).toBeLessThanOrEqual(300_000);
    for (const response of [...kept, late]) response.drop();
    expect(guest.budget.used).toBe(0);
  });
});

describe('texts of guests', () => {
  test('are truncated in messages, with their original length', () => {
    expect(cutText('short')).toBe('short');
    expect(cutText('x'.repeat(5000))).toBe(`${'x'.repeat(1024)}… (5000 characters)`);
    expect(cutText(`${'x'.repeat(1023)}🎉y`)).toBe(`${'x'.repeat(1023)}… (1026 characters)`);
  });

  test.each([
    [{ tag: 'internal-error', val: 'x'.repeat(10_000) }],
    [{ tag: 'DNS-error', val: { rcode: 'x'.repeat(10_000), infoCode: 7 } }],
  ])('an error-code is truncated before it is kept or sent', (val) => {
    const { guest } = guestOf(MIB);
    const response = testResponse();
    const head = {
      method: 'GET',
      scheme: 'http',
      authority: undefined,
      pathWithQuery: '/',
      headers: [],
    } as const;
    const exchange = createExchange(guest, head, bytesSource(), response);
    ResponseOutparam.set(exchange.responseOut, { tag: 'err', val });
    expect(JSON.stringify(exchange.outcome()).length).toBeLessThan(1200);
    expect(JSON.stringify(response.code).length).toBeLessThan(1200);
    expect(response.code?.tag).toBe(val.tag);
  });

  test('messages of wasi:logging are truncated to the length of a line of output', () => {
    const lines: string[][] = [];
    const { bind } = guestOf(MIB, { log: (...line) => lines.push(line) });
    const { log } = bind('wasi:logging/logging@0.1.0-draft') as { log(...line: string[]): void };
    log('info', 'c'.repeat(100_000), 'm'.repeat(100_000));
    log('info', 'context', 'message');
    expect(lines[0]!.map(({ length }) => length < 8300)).toEqual([true, true, true]);
    expect(lines[0]![1]!.length).toBeLessThan(1100);
    expect(lines[1]).toEqual(['info', 'context', 'message']);
  });
});
