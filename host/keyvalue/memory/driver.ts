import type { StoreDriver } from '../driver.ts';
import { openMemory } from '../sqlite/open.ts';

/** `memory:`, empty and gone once closed; every thread would see another one. */
export const MEMORY: StoreDriver = {
  form: 'memory:',
  accepts: (url) => /^memory:$/i.test(url),
  open: async () => openMemory(),
  isOpenedPerThread: false,
};
