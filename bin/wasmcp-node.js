#!/usr/bin/env node
if (typeof WebAssembly.Suspending !== 'function') {
  process.stderr.write(
    `error: wasmcp-node needs Node 24 or newer with JSPI (WebAssembly.Suspending); this is Node ${process.versions.node}\n`,
  );
  process.exit(1);
}
// Older versions of Node could not even link what comes now.
const { keepCompiledCode } = await import('./compile-cache.js');
keepCompiledCode();
const { start } = await import('../src/start.ts');
process.exitCode = await start(process.argv.slice(2));
