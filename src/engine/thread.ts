import { Worker } from 'node:worker_threads';
import { WasmcpError } from '../../host/index.ts';
import type { Exchange } from './exchange.ts';
import type { FromWorker, GuestFailure, ToWorker } from './protocol.ts';
import type { WorkerSetup } from './setup.ts';

/** What a thread tells its pool. */
export interface ThreadEvents {
  /** The exchange's guest is finished, its place is free. */
  done(exchange: Exchange, failure: GuestFailure | undefined): void;
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  log(level: string, context: string, message: string): void;
  /** The worker is gone, asked or not; `lost` are the exchanges it had. */
  gone(lost: Exchange[], wasReady: boolean): void;
}

/** A worker thread and the exchanges whose guests run in it, seen from the main thread. */
export interface Thread {
  /** Settles once the worker can take requests; rejects with the reason why it never will. */
  readonly ready: Promise<void>;
  readonly running: ReadonlyMap<number, Exchange>;
  run(exchange: Exchange): void;
  /** Asks the guest of this exchange to stop; `done` follows unless it spins. */
  abort(exchange: Exchange, reason: string): void;
  /** Ends the worker at once, whatever runs in it. */
  terminate(): Promise<void>;
  /** Lets the worker close its store and end. */
  close(): Promise<void>;
}

const ENTRY = new URL(import.meta.url.replace(/thread(\.[jt]s)$/, 'worker/main$1'));

export function startThread(setup: WorkerSetup, events: ThreadEvents): Thread {
  const port = setup.store.port === undefined ? [] : [setup.store.port];
  const worker = new Worker(ENTRY, { workerData: setup, transferList: port });
  const running = new Map<number, Exchange>();
  const ready = Promise.withResolvers<void>();
  let wasReady = false;
  const exited = Promise.withResolvers<void>();
  // A thread that dies before anyone awaits `ready` must not end the process.
  ready.promise.catch(() => {});

  const post = (message: ToWorker): void => worker.postMessage(message);

  function receive(message: FromWorker): void {
    if (message.type === 'ready') {
      wasReady = true;
      ready.resolve();
    } else if (message.type === 'failed') ready.reject(new WasmcpError(message.code, message.message));
    else if (message.type === 'output') {
      events.output(message.stream, message.bytes);
      post({ type: 'output-taken', bytes: message.bytes.length });
    } else if (message.type === 'log') events.log(message.level, message.context, message.message);
    else {
      const exchange = running.get(message.id);
      if (exchange === undefined) return;
      if (message.type !== 'done') exchange.receive(message);
      else {
        running.delete(message.id);
        exchange.finish();
        events.done(exchange, message.failure);
      }
    }
  }

  worker.on('message', (batch: FromWorker[]) => {
    for (const message of batch) receive(message);
  });
  worker.on('error', (error) => {
    const message = `a worker thread died: ${error instanceof Error ? error.message : String(error)}`;
    ready.reject(new WasmcpError('worker-lost', message, { cause: error }));
  });
  worker.on('exit', () => {
    ready.reject(new WasmcpError('worker-lost', 'a worker thread ended before it was ready'));
    const lost = [...running.values()];
    running.clear();
    for (const exchange of lost) exchange.finish();
    exited.resolve();
    events.gone(lost, wasReady);
  });

  return {
    ready: ready.promise,
    running,
    run(exchange) {
      running.set(exchange.id, exchange);
      post(exchange.message());
      exchange.start(post);
    },
    abort: (exchange, reason) => post({ type: 'abort', id: exchange.id, reason }),
    async terminate() {
      await worker.terminate();
      await exited.promise;
    },
    async close() {
      post({ type: 'close' });
      await exited.promise;
    },
  };
}
