/** Serves `waits.wasm` on a slow store; reports its address, and how long it took to become idle. */
import { join } from 'node:path';
import { openStore, type Store } from '../../host/index.ts';
import { createServer, loadComponent } from '../../src/index.ts';

export interface StreamsServerSettings {
  /** Milliseconds that a guest has after its client has disconnected. */
  readonly timeout: number;
  /** Milliseconds until the store returns. */
  readonly delay: number;
}

const send = process.send!.bind(process);
const { timeout, delay } = JSON.parse(process.argv[2]!) as StreamsServerSettings;

/** Each call is executed at once and returns later. */
function slow(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const answer: unknown = Reflect.apply(value, target, args);
        return new Promise((resolve) => setTimeout(resolve, delay, answer));
      };
    },
  });
}

const store = await openStore('memory:');
const server = createServer(await loadComponent(join(import.meta.dirname, '../../fixtures/waits.wasm')), {
  store: slow(store),
  timeout,
});
// A failed campaign must not leave a server behind.
process.once('disconnect', () => process.exit());
send(await server.listen(0));
process.once('message', async () => {
  const start = performance.now();
  await server.close(60_000);
  send(performance.now() - start);
  process.disconnect!();
});
