import { type PrestartedWorker, prestartWorker } from './engine/main/prestarted-worker.ts';
import { optimizeLater } from './process/tier-up.ts';
import { startTranspilerThread } from './transpile/jco-thread.ts';

/** Commands that serve requests: they need a worker, whose code takes as long to load as that of this thread. */
const SERVING: ReadonlySet<string> = new Set(['serve', 'stdio', 'exec']);

/**
 * Runs the command line of this process and returns its exit status; the threads that it needs are started meanwhile. `isFirst`:
 * nothing is cached.
 */
export async function start(args: readonly string[], isFirst = false): Promise<number> {
  let prestartedWorker: PrestartedWorker | undefined;
  const prestart = (): void => {
    if (SERVING.has(args[0] ?? '')) prestartedWorker ??= prestartWorker();
  };
  // A component that must be transpiled needs that thread first, and a worker much later.
  if (SERVING.has(args[0] ?? '') && isFirst) await beginTranspiling(args.slice(1));
  else prestart();
  const { main } = await import('./cli.ts');
  prestart();
  return main(args, process, prestartedWorker);
}

/** The component is probably the argument that looks like one; a wrong guess costs nothing but time of the processor. */
async function beginTranspiling(args: readonly string[]): Promise<void> {
  optimizeLater();
  const thread = startTranspilerThread();
  const { transpileAhead } = await import('./transpile/ahead.ts');
  transpileAhead(
    thread,
    args.find((arg) => arg.endsWith('.wasm')),
  );
}
