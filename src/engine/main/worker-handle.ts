import { Table, WasmcpError } from '../../../host/index.ts';
import { osThread } from '../os-thread.ts';
import { createMessageCounts } from '../protocol/message-counts.ts';
import { type FromWorker, type GuestFailure, logSize } from '../protocol/messages.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import { createStallWatch, type StallWatch } from '../stall.ts';
import type { InFlightRequest, Post } from './in-flight-request.ts';
import { type PrestartedWorker, prestartWorker } from './prestarted-worker.ts';

/**
 * Receives what guests print (whole lines) and log through wasi:logging. While more than a megabyte of it is pending,
 * guests that print wait, and guests that log lose messages.
 */
export interface GuestVoice {
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): void | Promise<void>;
  log(level: string, context: string, message: string): void | Promise<void>;
  /** A worker cannot restore instances, so each request gets a new one; each worker reports this separately. */
  degraded(reason: string): void;
}

/** What a thread reports. */
export interface WorkerEvents extends GuestVoice {
  /** The exchange's guest is finished and its place is free. */
  done(exchange: InFlightRequest, failure: GuestFailure | undefined): void;
  /** A guest keeps the worker from taking messages. Another worker may take the exchanges in `unbegun`. */
  stalled(unbegun: readonly InFlightRequest[]): void;
  /** It takes messages again. */
  back(): void;
  /** The worker has exited, on request or not, and the guests of the exchanges `lost` with it. */
  gone(lost: readonly InFlightRequest[], unbegun: readonly InFlightRequest[], reason: string): void;
}

/** What a thread reports about the store. */
export interface StoreVoice {
  /** A sync has failed in the worker. */
  storeBroken(failure: WasmcpError): void;
  /** The worker found that the store's disk is full, or has room again. */
  storeFull(isFull: boolean): void;
}

/** A worker thread and the exchanges whose guests run in it, seen from the main thread. */
export interface WorkerHandle {
  /** Settles once the worker can take requests; rejects with the reason if it never will. */
  readonly ready: Promise<void>;
  /** It can take requests: it is ready, takes messages, and no guest in it fails to stop. */
  readonly available: boolean;
  /** It takes messages: a waiting guest in it can be stopped immediately. */
  readonly responsive: boolean;
  /** It permanently runs at a low priority and should be replaced. */
  readonly worn: boolean;
  /** Guests that run in it or are about to start. */
  readonly load: number;
  /** A guest keeps it from taking messages. */
  readonly stalled: boolean;
  /** The guest that keeps it so, as far as can be told. */
  readonly holder: number | undefined;
  /** The guest that held most when the worker was last pressed; it may be gone. */
  readonly largest: { readonly id: number; readonly bytes: number } | undefined;
  run(exchange: InFlightRequest): void;
  /** Stops the guest of this exchange, if necessary with the whole worker; `done` or `gone` follows. */
  abort(exchange: InFlightRequest, reason: string): void;
  /**
   * Checks whether the worker takes messages; must be called every `LOOK` milliseconds while anything runs, with whether
   * guests of other workers finish quickly.
   */
  look(othersAreQuick: boolean): void;
  /** Asks the worker to free memory, including that of idle instances if `idle` is true. */
  press(idle: boolean): void;
  /** Ends the worker immediately, for this reason. */
  end(reason: string): void;
  /** Ends the worker; whatever still runs in it is lost. */
  close(): Promise<void>;
}

/**
 * Milliseconds within which a guest must stop when told to. Otherwise it is spinning, unless another guest occupies the
 * thread: its worker is ended.
 */
const ABORT_GRACE = 500;

/** Milliseconds for a worker without guests to close its store. */
const CLOSE_GRACE = 5000;

export function startWorker(
  setup: Omit<WorkerSetup, 'pulse'>,
  events: WorkerEvents & StoreVoice,
  { worker, setup: setupPort }: PrestartedWorker = prestartWorker(),
): WorkerHandle {
  const { store, fetch } = setup;
  const ports = ['port' in store ? store.port : undefined, store.gate, fetch].filter(
    (port) => port !== undefined,
  );
  const pulse = createMessageCounts();
  setupPort.postMessage({ ...setup, pulse: pulse.memory } satisfies WorkerSetup, ports);
  const running = new Table<number, InFlightRequest>();
  const aborting = new Map<number, NodeJS.Timeout>();
  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<void>();
  let watch: StallWatch | undefined;
  let largest: WorkerHandle['largest'];
  let accepting = false;
  let closing: Promise<void> | undefined;
  let end = 'the worker was ended';
  // A thread that dies before anyone awaits `ready` must not end the process.
  ready.promise.catch(() => {});

  const post: Post = (message, transfer) => {
    worker.postMessage(message, transfer);
    pulse.sent(message.type);
  };

  function terminate(reason: string): void {
    accepting = false;
    watch = undefined;
    end = reason;
    void worker.terminate();
  }

  function finish(exchange: InFlightRequest, failure: GuestFailure | undefined): void {
    running.delete(exchange.id);
    clearTimeout(aborting.get(exchange.id));
    aborting.delete(exchange.id);
    events.done(exchange, failure);
  }

  function receive(message: FromWorker): void {
    if (message.type === 'output') {
      settled(message.bytes.length, events.output(message.stream, message.bytes));
    } else if (message.type === 'log') {
      settled(logSize(message), events.log(message.level, message.context, message.message));
    } else if (message.type === 'ready') {
      accepting = true;
      watch = createStallWatch(pulse, osThread(message.thread), () => post({ type: 'beat' }));
      ready.resolve();
    } else if (message.type === 'back') {
      watch?.back();
      events.back();
    } else if (message.type === 'degraded') {
      events.degraded(message.reason);
    } else if (message.type === 'measured') {
      largest = message;
    } else if (message.type === 'store-broken') {
      events.storeBroken(new WasmcpError('store-broken', message.message));
    } else if (message.type === 'store-full') {
      events.storeFull(message.isFull);
    } else if (message.type === 'failed') {
      ready.reject(new WasmcpError(message.code, message.message));
    } else {
      const exchange = running.get(message.id);
      if (exchange === undefined) return;
      if (message.type !== 'done') exchange.receive(message);
      if (message.type === 'done') finish(exchange, message.failure);
      else if (message.type === 'answer') finish(exchange, undefined);
    }
  }

  function settled(bytes: number, passed: void | Promise<void>): void {
    const answer = (): void => post({ type: 'output-taken', bytes });
    if (passed === undefined) answer();
    else void passed.then(answer, answer);
  }

  /** The unbegun requests are the last ones: they are begun in the order in which they were posted. */
  function takeBack(count: number): InFlightRequest[] {
    const unbegun = count === 0 ? [] : [...running.values()].slice(-count);
    for (const exchange of unbegun) {
      exchange.withdraw();
      if (exchange.phase === 'over') finish(exchange, undefined);
      running.delete(exchange.id);
    }
    return unbegun.filter(({ phase }) => phase !== 'over');
  }

  /** Who was begun last has the thread, as far as can be told. */
  function newest(): InFlightRequest | undefined {
    return [...running.values()].at(-1);
  }

  /** Unless asked to stop, the guest that has the thread keeps it until its own time is over. */
  function isHeldByAnother(): boolean {
    const holder = newest();
    return watch?.stalled === true && holder?.phase === 'waiting' && !aborting.has(holder.id);
  }

  function awaitEnd(exchange: InFlightRequest): void {
    const notEnded = (): void => {
      if (isHeldByAnother()) awaitEnd(exchange);
      else terminate('another guest of the same worker did not stop');
    };
    aborting.set(exchange.id, setTimeout(notEnded, ABORT_GRACE));
  }

  /** Ends a stalled worker all of whose guests were told to stop: nothing is lost with it. */
  function endIfHopeless(): void {
    if (watch?.stalled && running.size > 0 && aborting.size === running.size)
      terminate('its guests did not stop');
  }

  async function close(): Promise<void> {
    const timer = setTimeout(terminate, CLOSE_GRACE, 'the server is closing');
    if (running.size > 0 || !accepting) terminate('the server is closing');
    else post({ type: 'close' });
    accepting = false;
    await exited.promise;
    clearTimeout(timer);
  }

  worker.on('message', (batch: FromWorker[]) => {
    for (const message of batch) receive(message);
  });
  worker.on('error', (error) => {
    end = `a worker thread died: ${error instanceof Error ? error.message : String(error)}`;
  });
  worker.on('exit', () => {
    accepting = false;
    watch = undefined;
    const unbegun = takeBack(pulse.withdraw());
    for (const timer of aborting.values()) clearTimeout(timer);
    ready.reject(new WasmcpError('worker-lost', end));
    exited.resolve();
    events.gone([...running.values()], unbegun, end);
  });

  return {
    ready: ready.promise,
    get available() {
      return accepting && aborting.size === 0 && !watch?.stalled && !watch?.worn;
    },
    get responsive() {
      return accepting && !watch?.stalled;
    },
    get worn() {
      return watch?.worn ?? false;
    },
    get load() {
      return running.size;
    },
    get stalled() {
      return watch?.stalled ?? false;
    },
    get holder() {
      return watch?.stalled ? newest()?.id : undefined;
    },
    get largest() {
      return largest;
    },
    run(exchange) {
      running.add(exchange.id, exchange);
      exchange.start(post);
    },
    abort(exchange, reason) {
      post({ type: 'abort', id: exchange.id, reason });
      awaitEnd(exchange);
      endIfHopeless();
    },
    look(othersAreQuick) {
      if (!watch?.look(running.size > 0, othersAreQuick)) return;
      const unbegun = takeBack(pulse.withdraw());
      post({ type: 'withdrawn' });
      events.stalled(unbegun);
      endIfHopeless();
    },
    press(idle) {
      largest = undefined;
      if (accepting) post({ type: 'press', idle });
    },
    end: terminate,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
