import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { workerEnvironment } from '../worker-environment.ts';
import { GUEST_THREAD_LIMITS } from './heap.ts';

/** A worker thread that loads its code, or has loaded it, and waits to be told what to run. */
export interface IdleWorker {
  readonly worker: Worker;
  /** Takes the `WorkerSetup`. */
  readonly setup: MessagePort;
}

/** Idle workers that were started ahead of time: a component can be loaded meanwhile. */
export interface IdleWorkers {
  /** One of them, for good; undefined when none is left. */
  take(): IdleWorker | undefined;
}

const ENTRY = new URL(import.meta.url.replace(/idle-worker(\.[jt]s)$/, 'worker/main$1'));

export function startIdleWorker(): IdleWorker {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(ENTRY, {
    workerData: port2,
    transferList: [port2],
    // Options of the program that uses the library (`--eval`, `--import`) are not the worker's.
    execArgv: [],
    env: workerEnvironment(),
    resourceLimits: GUEST_THREAD_LIMITS,
  });
  // An open port would keep the process alive; the worker itself is what counts.
  port1.unref();
  return { worker, setup: port1 };
}

/** Those that nobody takes do not keep the process alive. */
export function startIdleWorkers(count: number): IdleWorkers {
  const idle = new Set<IdleWorker>();
  for (let number = 0; number < count; number++) {
    const started = startIdleWorker();
    idle.add(started);
    const gone = (): void => void idle.delete(started);
    // Whoever needs one starts another, and is told then what is wrong.
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
  };
}
