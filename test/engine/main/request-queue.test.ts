import { describe, expect, test } from 'vitest';
import { Evictions } from '../../../src/engine/main/evictions.ts';
import { InFlightRequest } from '../../../src/engine/main/in-flight-request.ts';
import { RequestQueue } from '../../../src/engine/main/request-queue.ts';

/** A request in a worker. It notes what happens to it. */
function request(
  id: number,
  { awaited = false, isOver = false, told = [] as string[] } = {},
): InFlightRequest {
  const head = { method: 'GET', scheme: 'http', authority: 'a', path: `/${id}`, receivedAt: 0 } as const;
  const target = {
    head() {},
    chunk() {},
    end() {},
    fail: ({ message }: Error) => void told.push(`${id} fails: ${message}`),
    finished() {},
  };
  const deadline = { restart() {}, cancel: () => void told.push(`${id} has no deadline`) };
  const made = new InFlightRequest(
    id,
    { ...head, headers: [], body: undefined, awaited },
    target,
    deadline,
    () => {},
  );
  made.worker = { abort: ({ id }, reason) => void told.push(`${id} is aborted: ${reason}`) };
  if (isOver) made.gone();
  return made;
}

describe('the queue', () => {
  /** Takes up to `count` requests, as a dispatcher with so many places. */
  function take(queue: RequestQueue, count: number): number[] {
    const taken: number[] = [];
    queue.offer((one) => {
      if (taken.length === count) return false;
      queue.delete(one);
      taken.push(one.id);
      return true;
    });
    return taken;
  }

  test('offers requests in the order of their arrival, those that a guest waits for first', () => {
    const queue = new RequestQueue();
    for (const one of [
      request(1),
      request(2, { awaited: true }),
      request(3),
      request(4, { awaited: true }),
    ]) {
      queue.add(one);
    }
    expect(queue.size).toBe(4);
    expect(queue.list().map(({ id }) => id)).toEqual([2, 4, 1, 3]);
    expect(take(queue, 3)).toEqual([2, 4, 1]);
    expect(take(queue, 3)).toEqual([3]);
    expect([queue.size, take(queue, 3)]).toEqual([0, []]);
  });

  test('offers the others even if no request that a guest waits for is taken', () => {
    const queue = new RequestQueue();
    queue.add(request(1, { awaited: true }));
    queue.add(request(2));
    const offered: number[] = [];
    queue.offer(({ id }) => {
      offered.push(id);
      return false;
    });
    expect(offered).toEqual([1, 2]);
    expect(queue.size).toBe(2);
  });

  test('forgets a request that is deleted, and ignores one that does not wait', () => {
    const queue = new RequestQueue();
    const [first, second] = [request(1), request(2)];
    queue.delete(first);
    queue.add(first);
    queue.add(second);
    queue.delete(first);
    queue.delete(first);
    expect(take(queue, 3)).toEqual([2]);
  });
});

describe('evictions', () => {
  /** Milliseconds after which a guest that nobody waits for may be ended. */
  const GRACE = 1000;

  function evictions() {
    const clock = { now: 0 };
    const log: string[] = [];
    const made = new Evictions(
      (level, context, message) => void log.push(`${level} ${context}: ${message}`),
      () => clock.now,
    );
    return { made, clock, log };
  }

  test('end the oldest guest whose client has gone, one for each request that waits, after a while', () => {
    const { made, clock, log } = evictions();
    const told: string[] = [];
    const [first, second] = [1, 2].map((id) => request(id, { isOver: true, told })) as [
      InFlightRequest,
      InFlightRequest,
    ];
    made.allow(first);
    made.allow(second);
    clock.now = GRACE - 1;
    made.makeRoom(1);
    expect(told).toEqual([]);
    clock.now = GRACE;
    made.makeRoom(1);
    made.makeRoom(1);
    const reason = 'the guest was ended: its client had disconnected, and others needed its place';
    expect(told).toEqual(['1 has no deadline', `1 is aborted: ${reason}`]);
    expect(log).toEqual([`warn GET /1: ${reason}`]);
    // It has stopped: the next request gets the place of the other one.
    made.settled(first);
    made.makeRoom(1);
    expect(told.slice(2)).toEqual(['2 has no deadline', `2 is aborted: ${reason}`]);
  });

  test('count the time from the first moment at which the guest was dispensable', () => {
    const { made, clock } = evictions();
    const told: string[] = [];
    const one = request(1, { told });
    made.allow(one);
    clock.now = GRACE;
    made.allow(one);
    made.makeRoom(1);
    expect(told[0]).toContain('its body arrived too slowly');
  });

  test('end a guest whose client is away at once, and only once', () => {
    const { made, clock } = evictions();
    const told: string[] = [];
    const [away, gone] = [request(1, { told }), request(2, { isOver: true, told })];
    made.keep(away, true);
    made.makeRoom(1);
    made.keep(away, true);
    made.makeRoom(2);
    const ended = (): string[] => told.filter((one) => one.includes('is aborted'));
    expect(ended()).toEqual([expect.stringMatching(/^1 .* its client was away/)]);
    made.settled(away);
    made.allow(gone);
    clock.now = GRACE;
    made.makeRoom(1);
    expect(ended().slice(1)).toEqual([expect.stringMatching(/^2 /)]);
  });

  test('count a guest that was told to stop for another reason, and do not end it once more', () => {
    const { made, clock } = evictions();
    const told: string[] = [];
    const [overdue, next] = [1, 2].map((id) => request(id, { isOver: true, told })) as [
      InFlightRequest,
      InFlightRequest,
    ];
    made.allow(overdue);
    made.allow(next);
    made.stops(overdue);
    made.allow(overdue);
    clock.now = GRACE;
    made.makeRoom(1);
    expect(told).toEqual([]);
    made.makeRoom(2);
    expect(told).toEqual(['2 has no deadline', expect.stringMatching(/^2 is aborted/)]);
  });

  test('spare a guest that its client waits for again, and one that has finished', () => {
    const { made, clock } = evictions();
    const told: string[] = [];
    const [again, finished] = [1, 2].map((id) => request(id, { told })) as [InFlightRequest, InFlightRequest];
    made.allow(again);
    made.allow(finished);
    made.forbid(again);
    made.settled(finished);
    clock.now = 2 * GRACE;
    made.makeRoom(5);
    expect(told).toEqual([]);
  });
});
