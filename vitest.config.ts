import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { testCaches } from './test/support/test-cache.ts';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // More than processors: tests wait for much of their time.
    maxWorkers: availableParallelism() + 1,
    env: testCaches(),
    reporters: ['default', './test/support/closing-line.ts'],
    // For what hangs. A busy machine may take many times as long as an idle one.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

export default config;
