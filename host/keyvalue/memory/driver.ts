import type { StoreDriver } from '../driver.ts';
import { openMemory } from '../sqlite/open.ts';

/** `memory:` is empty at first, and gone once closed. Only one thread has it, because each would have a store of its own. */
export const MEMORY: StoreDriver = {
  form: 'memory:',
  accepts: (url) => /^memory:$/i.test(url),
  // No other program can open it.
  open: async () => ({ ...openMemory(), leases: undefined }),
  isOpenedPerThread: false,
};
