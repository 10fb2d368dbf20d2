// JavaScript, because it is what makes loading the other files cheap. Imported as a whole: older versions of Node lack the function.
import module from 'node:module';

/** Parts of jco that transpiling never uses: an optimizer that starts threads, and tools that are another three megabytes of code. */
const UNREACHED = /^oxc-minify$|^\.\.\/vendor\/wasm-tools\.js$/;
const NOTHING = 'data:text/javascript,export const minify = undefined, $init = undefined, tools = {};';

/** The one for Node starts a thread of its own, and jco does not need that. */
const WASI = /^@bytecodealliance\/preview2-shim\//;

/**
 * Resolves imports of TypeScript files by their URLs alone. Node looks for links and for a package.json in each folder above
 * each file, which took two fifths of the time for loading the three hundred files of a checkout. What jco imports is replaced as
 * in the package (see scripts/build.ts), which has a few files of JavaScript and does not load this.
 */
module.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL } = context;
    if (parentURL === undefined) return next(specifier, context);
    if (specifier.startsWith('.') && specifier.endsWith('.ts')) {
      const { href } = new URL(specifier, parentURL);
      return { url: href, format: 'module-typescript', shortCircuit: true };
    }
    if (!parentURL.includes('/jco-transpile/')) return next(specifier, context);
    if (UNREACHED.test(specifier)) return { url: NOTHING, format: 'module', shortCircuit: true };
    if (!WASI.test(specifier)) return next(specifier, context);
    return next(specifier, {
      ...context,
      conditions: context.conditions.filter((condition) => condition !== 'node'),
    });
  },
});
