import { Worker } from 'node:worker_threads';
import type { Glue } from '../../component/component.ts';
import { GUEST_THREAD_LIMITS } from '../../process/heap.ts';
import { workerArguments, workerEnvironment } from '../../worker-environment.ts';
import type { WorkerPreparation } from '../protocol/setup.ts';

/** A worker that was started ahead of time, while the component is loaded. */
export interface PrestartedWorker {
  /** Returns its thread, once; undefined if that has died. */
  take(): Worker | undefined;
  /** Lets it prepare for a component of which it will get the setup; the same glue again has no effect. */
  prepare(glue: Glue): void;
}

const ENTRY = new URL(import.meta.url.replace(/main\/prestarted-worker(\.[jt]s)$/, 'worker/main$1'));

/** A thread that loads its code, and then waits for a `WorkerSetup`, before which it may get a `WorkerPreparation`. */
export function startWorkerThread(): Worker {
  return new Worker(ENTRY, {
    execArgv: workerArguments(),
    env: workerEnvironment(),
    resourceLimits: GUEST_THREAD_LIMITS,
  });
}

/** Does not keep the process alive until it is taken. */
export function prestartWorker(): PrestartedWorker {
  let thread: Worker | undefined = startWorkerThread();
  let prepared: Glue | undefined;
  const gone = (): void => {
    thread = undefined;
  };
  // The caller that needs a worker starts another, and gets the error then.
  thread.once('error', gone).once('exit', gone).unref();
  return {
    take() {
      const taken = thread;
      thread = undefined;
      taken?.removeAllListeners().ref();
      return taken;
    },
    prepare(glue) {
      if (glue === prepared) return;
      prepared = glue;
      thread?.postMessage({ glue } satisfies WorkerPreparation);
    },
  };
}
