import { expect, test } from 'vitest';
import type { RequestMessage, ToWorker } from '../../../src/engine/protocol/messages.ts';
import { createBatchLimiter } from '../../../src/engine/worker/batch-limiter.ts';

/** Each request takes so many milliseconds until its guest is suspended. */
function limiter(milliseconds: number) {
  let now = 1000;
  let due: (() => void) | undefined;
  const passed: string[] = [];
  /** Whether others waited meanwhile. */
  const waits: boolean[] = [];
  const limited = createBatchLimiter(
    {
      receive({ type, id }) {
        passed.push(`${type} ${id}`);
        if (type !== 'request') return;
        now += milliseconds;
        waits.push(limited.waits);
      },
      refuse: (id, reason) => void passed.push(`refused ${id}: ${reason}`),
    },
    10,
    {
      now: () => now,
      next: (turned) => {
        due = turned;
      },
      settled: (passed) => passed(),
    },
  );
  return {
    passed,
    waits,
    limited,
    request: (id: number) => limited.take({ type: 'request', id } as RequestMessage),
    gone: (id: number) => limited.take({ type: 'gone', id } satisfies ToWorker),
    abort: (id: number) => limited.take({ type: 'abort', id, reason: 'late' } satisfies ToWorker),
    /** The next turn of the event loop, if there is something to do. */
    turn(): boolean {
      const turned = due;
      due = undefined;
      turned?.();
      return turned !== undefined;
    },
  };
}

test('requests are begun for 10 ms, and the others in the next turns', () => {
  const { passed, request, turn } = limiter(5);
  for (let id = 1; id <= 5; id += 1) request(id);
  expect(passed).toEqual(['request 1', 'request 2']);
  expect(turn()).toBe(true);
  expect(passed).toEqual(['request 1', 'request 2', 'request 3', 'request 4']);
  expect([turn(), turn(), turn()]).toEqual([true, true, false]);
  expect(passed.at(-1)).toBe('request 5');
});

test('messages about requests stay behind them, and are not delayed otherwise', () => {
  const { passed, request, gone, turn } = limiter(10);
  request(1);
  gone(1);
  request(2);
  gone(2);
  expect(passed).toEqual(['request 1', 'gone 1']);
  turn();
  expect(passed).toEqual(['request 1', 'gone 1', 'request 2', 'gone 2']);
});

test('messages about a request do not wait for others', () => {
  const { passed, request, gone, abort, turn } = limiter(10);
  request(1);
  request(2);
  request(3);
  gone(3);
  gone(1);
  abort(1);
  expect(passed).toEqual(['request 1', 'gone 1', 'abort 1']);
  turn();
  turn();
  expect(passed.slice(3)).toEqual(['request 2', 'request 3', 'gone 3']);
});

test('a request that is told to stop while it waits is refused', () => {
  const { passed, limited, request, gone, abort, turn } = limiter(10);
  for (let id = 1; id <= 3; id += 1) request(id);
  gone(2);
  abort(2);
  abort(3);
  expect([passed, limited.waits]).toEqual([['request 1', 'refused 2: late', 'refused 3: late'], false]);
  turn();
  request(4);
  expect(passed.slice(3)).toEqual(['request 4']);
});

test('a guest knows that others wait for its thread, though their messages were taken', () => {
  const { waits, limited, request, turn } = limiter(6);
  for (let id = 1; id <= 4; id += 1) request(id);
  expect([waits, limited.waits]).toEqual([[false, false], true]);
  turn();
  expect([waits, limited.waits]).toEqual([[false, false, true, false], false]);
});

test('a request that had to wait begins once the guest before has finished, if that need not wait', async () => {
  let open = 0;
  const found: number[] = [];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  async function receive({ id }: { readonly id: number }): Promise<void> {
    found.push(open);
    open += 1;
    // The first one uses up the turn.
    for (const until = performance.now() + 20; id === 1 && performance.now() < until; );
    for (let hop = 0; hop < 10; hop += 1) await undefined;
    open -= 1;
    if (id === 20) resolve();
  }
  const limited = createBatchLimiter({ receive, refuse() {} }, 10);
  for (let id = 1; id <= 20; id += 1) limited.take({ type: 'request', id } as RequestMessage);
  await over;
  expect(found).toEqual(Array.from({ length: 20 }, () => 0));
});
