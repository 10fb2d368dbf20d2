import { defineConfig, type ViteUserConfig } from 'vitest/config';
import base from './vitest.config.ts';
import rawGlue from './vitest.raw-glue.config.ts';
import thisThread from './vitest.this-thread.config.ts';

/** Those that by jco's own glue are the most different: the rest of `npm run test:raw` is for a new jco. */
const BY_RAW_GLUE = ['http', 'run', 'sessions'].map((name) => `test/e2e/${name}.test.ts`);

/**
 * All tests, and some of those that have guests once more: with guests that run by jco's own glue, and with guests on the
 * caller's thread.
 */
const config: ViteUserConfig = defineConfig({
  test: {
    // These two are of the whole run; projects cannot have their own.
    maxWorkers: base.test!.maxWorkers!,
    reporters: base.test!.reporters!,
    projects: [
      { test: { ...base.test, name: 'all' } },
      { test: { ...rawGlue.test, name: 'raw glue', include: BY_RAW_GLUE } },
      { test: { ...thisThread.test, name: 'this thread' } },
    ],
  },
});

export default config;
