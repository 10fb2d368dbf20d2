/**
 * Makes every jco look like another version, one that calls a helper of its glue by another name: for the tests of that, and
 * for all tests with `npm run test:raw`. By hand:
 *
 *   NODE_OPTIONS="--import $PWD/test/support/other-jco.mjs" XDG_CACHE_HOME=$(mktemp -d) npx vitest run test/e2e test/engine
 *
 * The cache has to be one of its own: it goes by the version that jco's package names.
 */
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/** A module without what the hook adds. */
const PLAIN = '?as-it-is';

const DOCTORED = `
import { transpileBytes as transpile } from './index.js${PLAIN}';
export * from './index.js${PLAIN}';
export async function transpileBytes(...args) {
  const made = await transpile(...args);
  const glue = Buffer.from(made.files['component.js']).toString();
  made.files['component.js'] = Buffer.from(glue.replaceAll('_lowerImportBackwardsCompat', '_lowerImportCompat'));
  return made;
}
`;

// Components are transpiled in threads. Tests of the rewriting call jco themselves: they need glue that it knows.
if (!isMainThread) {
  registerHooks({
    load(url, context, next) {
      if (!url.endsWith('/jco-transpile/dist/index.js')) return next(url, context);
      return { format: 'module', source: DOCTORED, shortCircuit: true };
    },
  });
}
