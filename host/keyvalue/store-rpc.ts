import type { MessagePort } from 'node:worker_threads';
import { WasmcpError, type WasmcpErrorCode } from '../error.ts';
import { Table } from '../table.ts';
import type { Store } from './store.ts';

const METHODS = [
  'get',
  'exists',
  'set',
  'delete',
  'list',
  'range',
  'getMany',
  'setMany',
  'deleteMany',
  'increment',
  'read',
  'swap',
  'buckets',
] as const satisfies readonly (keyof Store)[];

type Method = (typeof METHODS)[number];

interface Request {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

/** An expected failure is sent as its code and message, any other error as a structured clone. */
type Reply = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly code: WasmcpErrorCode; readonly message: string }
  | { readonly error: unknown }
);

/**
 * Serves `store` to a `connectStore` at the other end of `port` until either end closes. The caller still has to close the
 * store. Does not keep the process alive.
 */
export function serveStore(store: Store, port: MessagePort): void {
  port.on('message', async ({ id, method, args }: Request) => {
    try {
      if (!METHODS.includes(method)) throw new TypeError(`a store has no ${method}`);
      const value: unknown = await Reflect.apply(store[method], store, args);
      post(port, { id, value: unshared(value) });
    } catch (error) {
      if (error instanceof WasmcpError) post(port, { id, code: error.code, message: error.message });
      else post(port, { id, error });
    }
  });
  port.unref();
}

/**
 * Connects to the store that `serveStore` serves at the other end of `port`, typically in another thread. Its methods return
 * promises. Closing it closes the port, not the store; once either end closes the port, pending and later calls fail with
 * `store-closed`.
 */
export function connectStore(port: MessagePort, url: string): Store {
  const pending = new Table<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  let closed = false;

  const closing = (): WasmcpError => new WasmcpError('store-closed', `${url} is closed`);

  port.on('message', (reply: Reply) => {
    const call = settle(reply.id);
    if (call === undefined) return;
    if ('value' in reply) call.resolve(reply.value);
    else call.reject('code' in reply ? new WasmcpError(reply.code, reply.message) : reply.error);
  });
  port.on('close', () => {
    closed = true;
    for (const call of pending.clear()) call.reject(closing());
  });
  port.unref();

  function settle(id: number): PromiseWithResolvers<unknown> | undefined {
    const call = pending.delete(id);
    // Only a pending call keeps the thread alive.
    if (pending.size === 0) port.unref();
    return call;
  }

  async function ask<T>(method: Method, ...args: readonly unknown[]): Promise<T> {
    if (closed) throw closing();
    const id = calls++;
    const call = Promise.withResolvers<unknown>();
    post(port, { id, method, args: args.map(unshared) });
    pending.add(id, call);
    port.ref();
    return (await call.promise) as T;
  }

  return {
    url,
    get: (bucket, key) => ask('get', bucket, key),
    exists: (bucket, key) => ask('exists', bucket, key),
    set: (bucket, key, value, fence) => ask('set', bucket, key, value, fence),
    delete: (bucket, key, fence) => ask('delete', bucket, key, fence),
    list: (bucket, cursor) => ask('list', bucket, cursor),
    range: (bucket, from, limit) => ask('range', bucket, from, limit),
    getMany: (bucket, keys) => ask('getMany', bucket, keys),
    setMany: (bucket, entries, fence) => ask('setMany', bucket, entries, fence),
    deleteMany: (bucket, keys, fence) => ask('deleteMany', bucket, keys, fence),
    increment: (bucket, key, delta, bounds, fence) => ask('increment', bucket, key, delta, bounds, fence),
    read: (bucket, key) => ask('read', bucket, key),
    swap: (bucket, key, version, value, fence) => ask('swap', bucket, key, version, value, fence),
    buckets: () => ask('buckets'),
    close() {
      closed = true;
      port.close();
    },
  };
}

function post(port: MessagePort, message: Request | Reply): void {
  port.postMessage(message);
}

/** Copies views into buffers of their own: a structured clone of a view copies its whole buffer, which can be a guest's memory. */
function unshared(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(unshared);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unshared(part)]));
}
