import { fork } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { Store } from '../../host/keyvalue/store.ts';

const METHODS = ['get', 'read', 'set', 'setMany', 'increment', 'swap', 'delete', 'deleteMany'] as const;

type Methods = Pick<Store, (typeof METHODS)[number]>;

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A store that another process opens, with the methods that write and those that read one key. */
export async function remoteStore(url: string): Promise<Store> {
  const child = fork(new URL('remote-store-process.ts', import.meta.url), [url], {
    serialization: 'advanced',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  await once(child, 'message');
  child.on('message', ({ id, value, error }: Reply) => {
    if (error === undefined) pending.get(id)!.resolve(value);
    else pending.get(id)!.reject(new Error(error));
    pending.delete(id);
  });
  let calls = 0;
  const methodsOf = (isReported: boolean): Methods =>
    Object.fromEntries(
      METHODS.map((method) => [
        method,
        async (...args: readonly unknown[]) => {
          const call = Promise.withResolvers<unknown>();
          pending.set(calls, call);
          child.send({ id: calls++, isReported, method, args });
          return call.promise;
        },
      ]),
    ) as unknown as Methods;
  const close = async (): Promise<void> => {
    child.disconnect();
    await once(child, 'exit');
  };
  const rest = { url, close } as unknown as Store;
  return {
    ...rest,
    ...methodsOf(true),
    changes: {
      unreported: { ...rest, ...methodsOf(false) },
      follow: () => Promise.reject(new Error('use here')),
    },
  };
}
