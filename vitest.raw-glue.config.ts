import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeConfig, type ViteUserConfig } from 'vitest/config';
import { RAW_GLUE_PATIENCE } from './test/support/raw-glue.ts';
import base from './vitest.config.ts';

/** The cache goes by jco's version, which is not another one really. */
const cache = mkdtempSync(join(tmpdir(), 'wasmcp-node-raw-glue-'));
process.on('exit', () => rmSync(cache, { recursive: true, force: true }));

/** All tests that have guests, with guests that run by jco's own glue: see test/support/raw-glue.ts. */
const config: ViteUserConfig = mergeConfig(base, {
  test: {
    exclude: ['test/host/**', 'test/options/**'],
    env: {
      NODE_OPTIONS: `--import ${join(import.meta.dirname, 'test/support/other-jco.mjs')}`,
      XDG_CACHE_HOME: cache,
    },
    testTimeout: 20_000 * RAW_GLUE_PATIENCE,
    hookTimeout: 60_000 * RAW_GLUE_PATIENCE,
  },
});

export default config;
