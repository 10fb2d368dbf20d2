import { defineConfig, type ViteUserConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Tests of servers in the library, with guests on the caller's thread instead of workers: see test/support/this-thread.ts. */
const config: ViteUserConfig = defineConfig({
  test: {
    ...base.test,
    include: ['engine', 'library', 'mcp', 'process', 'server'].map((folder) => `test/${folder}/**/*.test.ts`),
    exclude: ['**/*.slow.test.ts'],
    env: { ...base.test!.env, WASMCP_NODE_TEST_THREAD: 'this' },
  },
});

export default config;
