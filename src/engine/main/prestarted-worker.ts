import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Glue } from '../../component/component.ts';
import { GUEST_THREAD_LIMITS } from '../../process/heap.ts';
import { workerArguments, workerEnvironment } from '../../worker-environment.ts';
import type { WorkerPreparation } from '../protocol/setup.ts';

/** A worker thread that is loading its code, or has loaded it, and waits for its setup. */
export interface PrestartedWorker {
  readonly worker: Worker;
  /** Receives the `WorkerSetup`, and `WorkerPreparation` before it. */
  readonly setup: MessagePort;
}

/** Workers that were started ahead of time, while the component is loaded. */
export interface PrestartedWorkers {
  /** Removes and returns one of them; undefined if none is left. */
  take(): PrestartedWorker | undefined;
  /** Lets them prepare for a component of which they will get the setup; the same glue again has no effect. */
  prepare(glue: Glue): void;
}

const ENTRY = new URL(import.meta.url.replace(/main\/prestarted-worker(\.[jt]s)$/, 'worker/main$1'));

export function prestartWorker(): PrestartedWorker {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(ENTRY, {
    workerData: port2,
    transferList: [port2],
    execArgv: workerArguments(),
    env: workerEnvironment(),
    resourceLimits: GUEST_THREAD_LIMITS,
  });
  // Only the worker itself keeps the process alive, not the port.
  port1.unref();
  return { worker, setup: port1 };
}

/** Workers that are never taken do not keep the process alive. */
export function prestartWorkers(count: number): PrestartedWorkers {
  const idle = new Set<PrestartedWorker>();
  let prepared: Glue | undefined;
  for (let number = 0; number < count; number++) {
    const started = prestartWorker();
    idle.add(started);
    const gone = (): void => void idle.delete(started);
    // The caller that needs a worker starts another, and gets the error then.
    started.worker.once('error', gone).once('exit', gone).unref();
  }
  return {
    take() {
      const [taken] = idle;
      if (taken === undefined) return undefined;
      idle.delete(taken);
      taken.worker.removeAllListeners().ref();
      return taken;
    },
    prepare(glue) {
      if (glue === prepared) return;
      prepared = glue;
      for (const { setup } of idle) setup.postMessage({ glue } satisfies WorkerPreparation);
    },
  };
}
