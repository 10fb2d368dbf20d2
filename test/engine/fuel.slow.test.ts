import { describe, expect, onTestFinished, test } from 'vitest';
import type { LoadedComponent } from '../../src/component/component.ts';
import { loadComponent } from '../../src/loader/load-component.ts';
import { createServer } from '../../src/server/server.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { create, type ServingOptions } from '../support/serving.ts';
import { thisThread } from '../support/this-thread.ts';
import { assembleGuest, type WatGuest } from '../support/wat-guest.ts';

interface Answers {
  readonly statuses: readonly number[];
  readonly log: readonly string[];
}

/** Sends so many requests at once to one worker. */
async function answersOf(bytes: Uint8Array, options: ServingOptions, requests = 1): Promise<Answers> {
  const log: string[] = [];
  const server = createServer(await loadComponent(bytes), {
    store: 'memory:',
    log: (_, context, message) => void log.push(`${context}: ${message}`),
    ...options,
  });
  try {
    const responses = Array.from({ length: requests }, () => server.fetch(new Request('http://localhost/')));
    return { statuses: (await Promise.all(responses)).map(({ status }) => status), log };
  } finally {
    await server.close(0);
  }
}

/** It takes longer than a slice of its worker, so that guests that run at the same time suspend each other. */
const LONG: WatGuest = {
  answer: `(local $n i32)
    (loop $turn
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $turn (i32.lt_u (local.get $n) (i32.const 10000000))))
    (i32.const 200)`,
};

/** The same in two core modules that call each other, each with units of its own. */
const DIVIDED: WatGuest = {
  before: `(core module $other (func (export "part") (param i32) (result i32) (local $n i32)
      (loop $turn
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $turn (i32.lt_u (local.get $n) (i32.const 500))))
      (i32.add (local.get 0) (i32.const 1))))
    (core instance $other (instantiate $other))`,
  arguments: '(with "other" (instance $other))',
  items: '(import "other" "part" (func $part (param i32) (result i32)))',
  answer: `(local $n i32)
    (loop $turn
      (local.set $n (call $part (local.get $n)))
      (br_if $turn (i32.lt_u (local.get $n) (i32.const 20000))))
    (i32.const 200)`,
};

const ENDLESS: WatGuest = { answer: '(loop $l (br $l)) (i32.const 200)' };

/** The least fuel with which a guest is not trapped. */
async function leastFuel(bytes: Uint8Array): Promise<number> {
  let [enough, tooLittle] = [1_000_000_000, 0];
  while (enough - tooLittle > 1) {
    const fuel = Math.floor((enough + tooLittle) / 2);
    const { statuses } = await answersOf(bytes, { fuel });
    if (statuses[0] === 200) enough = fuel;
    else tooLittle = fuel;
  }
  return enough;
}

describe.skipIf(rawGlue)('fuel', () => {
  test('ends a guest that has used it up, and reports the reason', async () => {
    const { statuses, log } = await answersOf(await assembleGuest(ENDLESS), { fuel: 1_000_000 });
    expect(statuses).toEqual([500]);
    expect(log).toEqual(['GET /: the guest used up its fuel of 1000000 units (--fuel)']);
  });

  test('of 0 ends every guest', async () => {
    const { statuses } = await answersOf(await assembleGuest({ answer: '(i32.const 200)' }), { fuel: 0 });
    expect(statuses).toEqual([500]);
  });

  test('is counted for each request, not for each instance', async () => {
    const bytes = await assembleGuest({
      answer: `(local $n i32)
        (loop $turn
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $turn (i32.lt_u (local.get $n) (i32.const 100000))))
        (i32.const 200)`,
    });
    const server = createServer(await loadComponent(bytes), { store: 'memory:', fuel: 1_000_000 });
    onTestFinished(() => server.close(0));
    for (let request = 0; request < 10; request += 1) {
      expect((await server.fetch(new Request('http://localhost/'))).status).toBe(200);
    }
  });

  test.each([
    ['in one core module', LONG],
    ['in two core modules', DIVIDED],
  ])(
    'ends the same guest, whatever else runs: %s',
    async (_, guest) => {
      const bytes = await assembleGuest(guest);
      const least = await leastFuel(bytes);
      expect(least).toBeGreaterThan(1_000_000);
      const enough = await answersOf(bytes, { fuel: least }, 8);
      expect(enough.statuses).toEqual(Array.from({ length: 8 }, () => 200));
      const tooLittle = await answersOf(bytes, { fuel: least - 1 }, 8);
      expect(tooLittle.statuses).toEqual(Array.from({ length: 8 }, () => 500));
    },
    120_000,
  );

  test('ends a start function', async () => {
    const bytes = await assembleGuest({
      items: '(func $begin (loop $l (br $l))) (start $begin)',
      answer: '(i32.const 200)',
    });
    await expect(answersOf(bytes, { fuel: 1_000_000 })).rejects.toThrow(
      'the guest used up its fuel of 1000000 units (--fuel) while it was instantiated',
    );
  });
});

describe.skipIf(rawGlue)('processor time', () => {
  test('ends each guest that exceeds the limit', async () => {
    const { statuses, log } = await answersOf(await assembleGuest(ENDLESS), { cpuLimit: 50 }, 3);
    expect(statuses).toEqual([504, 504, 504]);
    const line = 'GET /: the guest used more than 50 ms of processor time (--cpu-limit)';
    expect(log).toEqual([line, line, line]);
  });

  // Without workers, what the caller does between the end of a wait and the guest's turn counts too.
  test.skipIf(thisThread)('does not include the time in which a guest waits', async () => {
    const { server, errors } = await create('http-lab', { cpuLimit: 400, workers: 1 });
    // Between its waits it computes for long enough to be asked.
    const stream = async (): Promise<number> => {
      const response = await server.fetch(new Request('http://localhost/stream?n=8&ms=150&size=1000000'));
      return (await response.bytes()).length;
    };
    expect(await Promise.all([stream(), stream()])).toEqual([8_000_000, 8_000_000]);
    expect(errors()).toEqual([]);
  });
});

test('components whose code is not all counted are refused', async () => {
  const component: LoadedComponent = await loadComponent(await assembleGuest(ENDLESS));
  const raw: LoadedComponent = {
    ...component,
    glue: { ...component.glue, kind: 'raw', reason: 'unknown code' },
  };
  const unmetered: LoadedComponent = {
    ...component,
    glue: { ...component.glue, kind: 'lean' },
    unmetered: 'core module 0: too large',
  };
  const request = new Request('http://localhost/');
  for (const [refused, reason] of [
    [raw, "it runs with jco's own glue: unknown code"],
    [unmetered, 'core module 0: too large'],
  ] as const) {
    const server = createServer(refused, { store: 'memory:', fuel: 1 });
    onTestFinished(() => server.close(0));
    await expect(server.fetch(request)).rejects.toThrow(`not all of its code is counted (${reason})`);
  }
});
