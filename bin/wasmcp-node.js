#!/usr/bin/env node
if (typeof WebAssembly.Suspending !== 'function') {
  const { existsSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  // A checkout has the Node that `npm ci` has installed.
  const brought = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  const advice = existsSync(brought) ? `; start it with ${brought}` : '';
  process.stderr.write(
    `error: wasmcp-node needs Node 24.20 or newer with JSPI (WebAssembly.Suspending); this is Node ${process.versions.node}${advice}\n`,
  );
  process.exit(1);
}
// Not imported, which would evaluate all of its exports: 3 ms.
const { existsSync } = process.getBuiltinModule('node:fs');
// Older versions of Node could not even link the following modules.
const { isFirstStart } = await import('../src/loader/cache-folder.js');
const isFirst = isFirstStart();
const checkout = new URL('../src/checkout.js', import.meta.url);
if (existsSync(checkout)) await import(checkout.href);
const { settleAllocator } = await import('./allocator.js');
settleAllocator();
const { keepCompiledCode } = await import('./compile-cache.js');
keepCompiledCode();
const { start } = await import('../src/start.ts');
process.exitCode = await start(process.argv.slice(2), isFirst);
