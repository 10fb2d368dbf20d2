import { prestartWorkers } from './engine/main/prestarted-worker.ts';

/** Commands that serve requests: they need a worker, whose code takes as long to load as that of this thread. */
const SERVING: ReadonlySet<string> = new Set(['serve', 'stdio', 'exec']);

/** Runs the command line of this process and returns its exit status; a worker is started meanwhile. */
export async function start(args: readonly string[]): Promise<number> {
  const prestartedWorkers = prestartWorkers(SERVING.has(args[0] ?? '') ? 1 : 0);
  const { main } = await import('./cli.ts');
  return main(args, process, prestartedWorkers);
}
