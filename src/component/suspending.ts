import type { ImportedInterface } from './component.ts';

/** Functions of WASI 0.2 that may wait, by interface without its version. */
const WAITING: Readonly<Record<string, readonly string[]>> = {
  'wasi:io/poll': ['poll', '[method]pollable.block'],
  'wasi:io/streams': [
    '[method]input-stream.blocking-read',
    '[method]input-stream.blocking-skip',
    '[method]output-stream.blocking-write-and-flush',
    '[method]output-stream.blocking-flush',
    '[method]output-stream.blocking-write-zeroes-and-flush',
    '[method]output-stream.blocking-splice',
  ],
};

/** Every function of these interfaces may return a promise, because a store may be remote. */
const STORES: ReadonlySet<string> = new Set([
  'wasi:keyvalue/store',
  'wasi:keyvalue/batch',
  'wasi:keyvalue/atomics',
]);

/** Exports during which a guest may be suspended, in jco's spelling. */
export const SUSPENDING_EXPORTS: readonly string[] = [
  'wasi:http/incoming-handler#handle',
  'wasi:cli/run#run',
  'wasi:keyvalue/watcher#on-set',
  'wasi:keyvalue/watcher#on-delete',
];

/** An interface name without its version. */
export function withoutVersion(name: string): string {
  return name.replace(/@.*$/, '');
}

/** The functions of an interface for which the host may return a promise. */
export function suspendingFunctions(imported: ImportedInterface): readonly string[] {
  const name = withoutVersion(imported.name);
  // A JavaScript constructor cannot return a promise.
  if (STORES.has(name)) return imported.functions.filter((func) => !func.startsWith('[constructor]'));
  return imported.functions.filter((func) => WAITING[name]?.includes(func));
}
