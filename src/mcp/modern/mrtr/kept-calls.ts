import { MAX_KEPT } from './limits.ts';
import type { KeptCall } from './types.ts';

/** Calls of this host whose guests wait for their clients, by the ids of their states. */
export interface KeptCalls {
  keep(id: Buffer, call: KeptCall): void;
  get(id: Buffer): KeptCall | undefined;
  /** Removes it. Returns false if it is not there. */
  remove(id: Buffer): boolean;
}

export function createKeptCalls(): KeptCalls {
  const calls = new Map<string, KeptCall>();

  return {
    keep(id, call) {
      calls.set(id.toString('latin1'), call);
      if (calls.size <= MAX_KEPT) return;
      const [oldest, first] = calls.entries().next().value!;
      calls.delete(oldest);
      first.end(`more than ${MAX_KEPT} guests waited for their clients`);
    },
    get: (id) => calls.get(id.toString('latin1')),
    remove: (id) => calls.delete(id.toString('latin1')),
  };
}
