#!/usr/bin/env node
import { keepCompiledCode } from './compile-cache.js';

if (typeof WebAssembly.Suspending !== 'function') {
  process.stderr.write(
    `error: wasmcp-node needs Node 24 or newer with JSPI (WebAssembly.Suspending); this is Node ${process.versions.node}\n`,
  );
  process.exit(1);
}
keepCompiledCode();
const { start } = await import('../src/start.ts');
process.exitCode = await start(process.argv.slice(2));
