import { describe, expect, test } from 'vitest';
import { WasmcpError, type WasmcpErrorCode } from '../../../src/index.ts';
import { reply } from './guest.ts';
import { answerWell, at, NOTIFICATION, PLACES } from './probe-places.ts';

const STATUSES = [
  200, 202, 204, 301, 302, 307, 400, 401, 402, 403, 404, 405, 408, 409, 410, 415, 421, 422, 425, 429, 451,
  500, 501, 502, 503, 504, 507, 529,
];

/** Only success proceeds; a failing guest is 503, whatever it returned; a refusal is a refusal. */
function expected(place: string, status: number): number | 'passes' {
  if (place === 'DELETE for session/terminate' && status === 405) return 200;
  if (status < 300) return 'passes';
  if (status === 408 || status === 429 || status >= 500) return 503;
  if (place === 'initialize before a call') return status;
  return [400, 401, 403, 404].includes(status) ? status : 403;
}

describe.each(Object.entries(PLACES))('%s', (name, place) => {
  test.each(STATUSES)('that gets the status %i', async (status) => {
    const { answer, passed } = await at(place, (request) => {
      if (status < 300) return answerWell(request);
      reply(request, status, '{"error":{}}', ['content-type', 'application/json']);
    });
    const wanted = expected(name, status);
    expect(passed).toBe(wanted === 'passes');
    if (wanted === 'passes') return;
    expect(answer).toMatchObject({ status: wanted, failure: undefined });
    expect(answer.text).not.toContain('wasmcp-node');
    if (wanted === 503) {
      expect(answer.headers).toContain('retry-after');
      expect(answer.json).toMatchObject({ id: place.body === NOTIFICATION || place.method ? null : 'mine' });
    }
  });

  test.each<WasmcpErrorCode>([
    'guest-trapped',
    'guest-no-response',
    'guest-error-response',
    'guest-timeout',
    'worker-lost',
  ])('that fails with %s', async (code) => {
    const { answer, passed } = await at(place, ({ target }) => target.fail(new WasmcpError(code, 'x')));
    expect(passed).toBe(false);
    expect(answer).toMatchObject({ status: 503, failure: undefined, json: { error: { code: -32603 } } });
    expect(answer.headers).toContain('retry-after');
  });

  test.each<WasmcpErrorCode>(['queue-full', 'store-broken', 'server-closing'])(
    'that no guest was asked, because of %s',
    async (code) => {
      const { answer, passed } = await at(place, ({ target }) => target.fail(new WasmcpError(code, 'x')));
      expect(passed).toBe(false);
      expect(answer).toMatchObject({ failure: code });
    },
  );
});
