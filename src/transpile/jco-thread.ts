import { Worker } from 'node:worker_threads';
import type { NamedModule } from '../wasm/named-module.ts';
import { workerArguments, workerEnvironment } from '../worker-environment.ts';
import type { FromTranspiler, Generated, TranspilerTask } from './worker.ts';

/** The result of a task, in two steps. */
export interface Generation {
  /** The modules of lean glue. */
  readonly modules: Promise<readonly NamedModule[]>;
  readonly glue: Promise<Generated>;
}

/** The thread in which jco runs. It performs tasks one after another. */
export interface TranspilerThread {
  /** `refused` makes the error for a component that jco does not accept; this file does not load `host/`, so that it starts early. */
  generate(task: TranspilerTask, refused: (message: string) => Error): Generation;
  /** Whether it keeps the process alive, as it does at first. */
  keepAlive(keep: boolean): void;
  close(): void;
}

const ENTRY = new URL(import.meta.url.replace(/jco-thread(\.[jt]s)$/, 'worker$1'));

/** It takes a while to load: whatever the caller does before the first task costs no additional time. */
export function startTranspilerThread(): TranspilerThread {
  const worker = new Worker(ENTRY, { execArgv: workerArguments(), env: workerEnvironment() });
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  worker
    .on('error', ended.reject)
    .on('exit', () => ended.reject(new Error('the transpiling thread ended without a result')));
  let tasks = 0;

  return {
    generate(task, refused) {
      const id = tasks;
      tasks += 1;
      const modules = Promise.withResolvers<readonly NamedModule[]>();
      const generated = Promise.withResolvers<Generated>();
      worker.on('message', (answer: FromTranspiler) => {
        if (answer.id !== id) return;
        if ('modules' in answer) modules.resolve(answer.modules);
        else if ('generated' in answer) generated.resolve(answer.generated);
        else if (answer.invalid) generated.reject(refused(answer.message));
        else generated.reject(new TypeError(answer.message));
      });
      worker.postMessage({ ...task, id });
      const glue = Promise.race([generated.promise, ended.promise]);
      return { modules: Promise.race([modules.promise, glue.then(() => modules.promise)]), glue };
    },
    keepAlive(keep) {
      if (keep) worker.ref();
      else worker.unref();
    },
    close: () => void worker.terminate(),
  };
}
