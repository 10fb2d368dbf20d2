import { Table, WasmcpError } from '../../../host/index.ts';
import { processTime } from '../../process/cpu-time.ts';
import type { EngineInternals, EngineSettings } from '../options.ts';
import { MessageCounts } from '../protocol/message-counts.ts';
import {
  type FromWorker,
  type GuestFailure,
  logSize,
  outputSize,
  type ToWorker,
} from '../protocol/messages.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import type { GuestThread } from './guest-thread.ts';
import type { InFlightRequest } from './in-flight-request.ts';
import { StopTimers } from './stop-timers.ts';

/** What becomes of a worker and of its requests. */
export interface WorkerEvents {
  /** The request's guest is finished and its place is free. */
  done(request: InFlightRequest, failure: GuestFailure | undefined): void;
  /** The worker has exited, on request or not, and the guests of the requests `lost` with it. */
  gone(lost: readonly InFlightRequest[], reason: string): void;
}

/** Everything that a worker reports, and what its guests print and log. */
export interface WorkerVoice extends WorkerEvents, Pick<EngineSettings, 'output' | 'log'> {
  /** It cannot restore instances, so each request gets a new one. */
  degraded(reason: string): void;
  /** A sync of the store has failed in the worker. */
  storeBroken(failure: WasmcpError): void;
  /** The worker found that the store's disk is full, or has room again. */
  storeFull(isFull: boolean): void;
  /** See `EngineInternals`. */
  readonly guestUsed: EngineInternals['guestUsed'] | undefined;
}

/** A worker thread and the requests whose guests run in it, seen from the main thread. */
export type WorkerHandle = Pick<Handle, keyof Handle>;

/** Milliseconds for a worker without guests to close its store. */
const CLOSE_GRACE = 5000;

/** `setUp` sends the setup to the guests' thread. */
export function startWorker(
  setup: Omit<WorkerSetup, 'counts'>,
  events: WorkerVoice,
  setUp: (setup: WorkerSetup) => GuestThread,
): WorkerHandle {
  const counts = new MessageCounts();
  return new Handle(setUp({ ...setup, counts: counts.memory }), counts, events);
}

class Handle {
  /** Settles once the worker can take requests; rejects with the reason if it never will. */
  readonly ready: Promise<void>;
  /** It has taken no message since the previous `press`. */
  silent = false;
  /** The guest that used most memory at the last `press`; it may have ended since. */
  largest: { readonly id: number; readonly bytes: number } | undefined;
  readonly #thread: GuestThread;
  readonly #counts: MessageCounts;
  readonly #events: WorkerVoice;
  readonly #running = new Table<number, InFlightRequest>();
  readonly #stopping: StopTimers;
  readonly #started = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  #accepting = false;
  #takenBefore: number | undefined;
  #closing: Promise<void> | undefined;
  #end = 'the worker was ended';

  constructor(thread: GuestThread, counts: MessageCounts, events: WorkerVoice) {
    this.ready = this.#started.promise;
    this.#thread = thread;
    this.#counts = counts;
    this.#events = events;
    this.#stopping = new StopTimers({
      taken: () => counts.taken,
      isExcused: () => thread.isThisOne || this.#isHeldByAnother(),
      used: processTime,
      giveUp: () => this.end('another guest of the same worker did not stop'),
    });
    // A worker that dies before anyone awaits `ready` must not end the process.
    this.ready.catch(() => {});
    thread.on('message', (batch) => {
      for (const message of batch) this.#receive(message);
    });
    thread.on('error', (error) => {
      this.#end = `a worker thread died: ${error instanceof Error ? error.message : String(error)}`;
    });
    thread.on('exit', () => this.#exit());
  }

  /** It can take requests: it is ready, and knows of every guest that was told to stop. */
  get available(): boolean {
    return this.#accepting && (this.#stopping.size === 0 || this.#counts.waiting === 0);
  }

  /** Guests that run in it or are about to start. */
  get load(): number {
    return this.#running.size;
  }

  /** See `MessageCounts`. */
  get computed(): number {
    return this.#counts.computed;
  }

  /** `due` is when the response must have begun, see `toShared`. */
  run(request: InFlightRequest, due: number): void {
    this.#running.add(request.id, request);
    request.start(this.#post, due);
  }

  /** Stops the guest of this request, if necessary with the whole worker; `done` or `gone` follows. */
  abort(request: InFlightRequest, reason: string): void {
    this.#post({ type: 'abort', id: request.id, reason });
    this.#stopping.add(request.id);
  }

  /** Asks the worker to free memory, including that of idle instances if `idle` is true. */
  press(idle: boolean): void {
    if (!this.#accepting) return;
    const { taken, waiting } = this.#counts;
    this.silent = waiting > 0 && taken === this.#takenBefore;
    this.#takenBefore = taken;
    this.#post({ type: 'press', idle });
  }

  /** Ends the worker immediately, for this reason. */
  end(reason: string): void {
    this.#accepting = false;
    this.#end = reason;
    // Each guest that was told to stop and has not would end it once more.
    this.#stopping.clear();
    void this.#thread.terminate();
  }

  /** Ends the worker; whatever still runs in it is lost. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  readonly #post = (message: ToWorker, transfer?: ArrayBuffer[]): void => {
    this.#thread.postMessage(message, transfer);
    this.#counts.sent();
  };

  async #close(): Promise<void> {
    const reason = 'the server is closing';
    const timer = setTimeout(() => this.end(reason), CLOSE_GRACE);
    if (this.load > 0 || !this.#accepting) this.end(reason);
    else this.#post({ type: 'close' });
    this.#accepting = false;
    await this.#exited.promise;
    clearTimeout(timer);
  }

  #exit(): void {
    this.#accepting = false;
    this.#stopping.clear();
    this.#started.reject(new WasmcpError('worker-lost', this.#end));
    this.#exited.resolve();
    this.#events.gone([...this.#running.values()], this.#end);
  }

  #receive(message: FromWorker): void {
    const events = this.#events;
    if (message.type === 'output') {
      const size = outputSize(message.bytes);
      this.#settled(size, events.output(message.stream, message.bytes));
    } else if (message.type === 'log') {
      this.#settled(logSize(message), events.log(message.level, message.context, message.message));
    } else if (message.type === 'ready') {
      this.#accepting = true;
      this.#started.resolve();
    } else if (message.type === 'degraded') {
      events.degraded(message.reason);
    } else if (message.type === 'measured') {
      this.largest = message;
    } else if (message.type === 'store-broken') {
      events.storeBroken(new WasmcpError('store-broken', message.message));
    } else if (message.type === 'store-full') {
      events.storeFull(message.isFull);
    } else if (message.type === 'failed') {
      this.#started.reject(new WasmcpError(message.code, message.message));
    } else {
      const request = this.#running.get(message.id);
      if (request === undefined) return;
      if (message.type !== 'done') request.receive(message);
      if (message.type !== 'done' && message.type !== 'answer') return;
      if (message.usage !== undefined) {
        const [cpu, units] = message.usage as [number, number];
        events.guestUsed?.(cpu, units, message.instances);
        request.used(message.usage);
      }
      this.#running.delete(request.id);
      this.#stopping.delete(request.id);
      events.done(request, message.type === 'done' ? message.failure : undefined);
    }
  }

  #settled(bytes: number, passed: void | Promise<void>): void {
    const answer = (): void => this.#post({ type: 'output-taken', bytes });
    if (passed === undefined) answer();
    else void passed.then(answer, answer);
  }

  /** Another guest, which was not asked to stop, as its response is not over, has the thread until its own deadline. */
  #isHeldByAnother(): boolean {
    return this.#running.get(this.#counts.runs)?.phase === 'waiting';
  }
}
