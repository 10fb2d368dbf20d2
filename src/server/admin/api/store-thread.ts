import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { WasmcpError, type WasmcpErrorCode } from '../../../../host/index.ts';
import type { StoreService } from './store-service.ts';

export interface ServiceSetup {
  readonly url: string;
}

export interface ServiceRequest {
  readonly id: number;
  readonly method: keyof StoreService;
  /** Without the signal, which is aborted by `ServiceAbort`. */
  readonly args: readonly unknown[];
  readonly hasSignal: boolean;
}

/** Nobody waits for the result of this request any more. */
export interface ServiceAbort {
  readonly aborted: number;
}

export type ServiceReply = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly code: WasmcpErrorCode; readonly message: string }
);

/** A service whose store is in another thread. */
export interface StoreThread {
  readonly service: StoreService;
  /** Settles when the thread has closed its store. */
  close(): Promise<void>;
}

const WORKER = new URL(import.meta.url.replace(/store-thread(\.[jt]s)$/, 'store-worker$1'));

/** Starts a thread that opens the store of this URL, which must exist. */
export function startStoreThread(url: string): StoreThread {
  const setup: ServiceSetup = { url };
  const worker = new Worker(WORKER, { workerData: setup, execArgv: [] });
  const exited = once(worker, 'exit');
  exited.catch(() => {});
  worker.unref();
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  let failure: Error | undefined;

  function end(reason: Error): void {
    failure ??= reason;
    for (const call of pending.values()) call.reject(failure);
    pending.clear();
  }

  worker.on('message', (reply: ServiceReply) => {
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if ('code' in reply) call?.reject(new WasmcpError(reply.code, reply.message));
    else call?.resolve(reply.value);
  });
  worker.on('error', end);
  worker.on('exit', () => end(new WasmcpError('store-closed', `${url} is closed`)));

  const ask =
    (method: keyof StoreService) =>
    (...given: readonly unknown[]): Promise<unknown> => {
      if (failure !== undefined) return Promise.reject(failure);
      const last = given.at(-1);
      const signal = last instanceof AbortSignal ? last : undefined;
      if (signal?.aborted) return Promise.reject(signal.reason);
      const call = Promise.withResolvers<unknown>();
      const args = signal === undefined ? given : given.slice(0, -1);
      const request: ServiceRequest = { id: calls++, method, args, hasSignal: signal !== undefined };
      pending.set(request.id, call);
      signal?.addEventListener('abort', () => abandon(request.id, signal.reason), { once: true });
      worker.postMessage(request);
      return call.promise;
    };

  function abandon(id: number, reason: unknown): void {
    const call = pending.get(id);
    if (call === undefined) return;
    pending.delete(id);
    call.reject(reason);
    const abort: ServiceAbort = { aborted: id };
    worker.postMessage(abort);
  }

  return {
    service: Object.fromEntries(METHODS.map((method) => [method, ask(method)])) as unknown as StoreService,
    async close() {
      worker.ref();
      worker.postMessage('close');
      await exited.catch(() => {});
    },
  };
}

const METHODS: readonly (keyof StoreService)[] = [
  'buckets',
  'keys',
  'entry',
  'owner',
  'writeEntry',
  'sessions',
  'session',
  'changes',
  'summary',
  'setValue',
  'setValueInTurn',
  'endSession',
];
