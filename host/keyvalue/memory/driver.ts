import type { StoreDriver } from '../driver.ts';

/** `memory:` is empty at first, and gone once closed. Only one thread has it, because each would have a store of its own. */
export const MEMORY: StoreDriver = {
  form: 'memory:',
  accepts: (url) => /^memory:$/i.test(url),
  preload: () => import('../sqlite/open.ts'),
  // No other program can open it.
  open: async () => ({ ...(await import('../sqlite/open.ts')).openMemory(), leases: undefined }),
  isOpenedPerThread: false,
};
