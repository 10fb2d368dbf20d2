import { describe, expect, test } from 'vitest';
import { Guest, Signal } from '../../../host/index.ts';
import { Pollable, poll } from '../../../host/io/poll.ts';

/** Counts listeners: one that remains is a leak. */
class CountingSignal extends Signal {
  listeners = 0;

  override listen(listener: () => void): void {
    this.listeners += 1;
    super.listen(listener);
  }

  override unlisten(listener: () => void): void {
    this.listeners -= 1;
    super.unlisten(listener);
  }
}

function event(guest: Guest): { pollable: Pollable; changed: CountingSignal; happen(): void } {
  const changed = new CountingSignal();
  let ready = false;
  return {
    changed,
    pollable: new Pollable({ guest, changed, ready: () => ready }),
    happen() {
      ready = true;
      changed.wake();
    },
  };
}

describe('poll', () => {
  test('traps on an empty list', () => {
    expect(() => poll([])).toThrow(WebAssembly.RuntimeError);
  });

  test('returns all that are ready at once', () => {
    const guest = new Guest();
    const events = [event(guest), event(guest), event(guest)];
    events[0]!.happen();
    events[2]!.happen();
    expect([...(poll(events.map((e) => e.pollable)) as Uint32Array)]).toEqual([0, 2]);
  });

  test('waits for one of thousands repeatedly, and leaves no listener behind', async () => {
    const guest = new Guest();
    const events = Array.from({ length: 5000 }, () => event(guest));
    for (const index of [4999, 17, 2500]) {
      const pending = poll(events.map((e) => e.pollable));
      expect(pending).toBeInstanceOf(Promise);
      events[index]!.happen();
      expect([...(await pending)]).toEqual([index]);
      events[index] = event(guest);
    }
    expect(events.reduce((sum, e) => sum + e.changed.listeners, 0)).toBe(0);
  });

  test('continues to wait after a change that makes nothing ready', async () => {
    const guest = new Guest();
    const { pollable, changed, happen } = event(guest);
    let done = false;
    const blocked = Promise.resolve(pollable.block()).then(() => {
      done = true;
    });
    changed.wake();
    await new Promise(setImmediate);
    expect(done).toBe(false);
    happen();
    await blocked;
  });
});
