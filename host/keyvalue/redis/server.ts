import { WasmcpError } from '../../error.ts';
import { createCircuit } from '../network/circuit.ts';
import type { ConnectionMetrics } from '../network/metrics.ts';
import { redisFailure } from './errors.ts';
import type { ServerLink } from './server-link.ts';

/** The connections to one server. Calls share them: each is sent at once, after those that have no reply yet. */
export interface Server {
  /** @throws WasmcpError `store-unavailable`, at once while the server is known to be unavailable; `store-unusable` */
  acquire(): Promise<ServerLink>;
  close(): void;
  metrics(): ConnectionMetrics;
}

export interface ServerOptions {
  readonly url: string;
  readonly connect: () => Promise<ServerLink>;
  /** Maximum number of connections. */
  readonly connections: number;
  /** Called with the failure when the server becomes unavailable, with undefined when it is available again. */
  readonly changed: (failure: WasmcpError | undefined) => void;
}

/** Number of commands without a reply from which another connection is opened, because a large value delays later replies. */
const DEPTH = 32;

/** Milliseconds after which an idle connection is not reused, because networks drop connections that are idle for long. */
const IDLE = 60_000;

/** Milliseconds before another attempt to open a further connection. */
const PAUSE = 1000;

export function createServer({ url, connect, connections, changed }: ServerOptions): Server {
  let links: { readonly link: ServerLink; used: number }[] = [];
  let opening: Promise<ServerLink> | undefined;
  let nextOpening = 0;
  let isClosed = false;
  let opened = 0;

  const circuit = createCircuit({ attempt: async () => void (await open()), changed });

  /** One at a time. */
  function open(): Promise<ServerLink> {
    opening ??= openOnce().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function openOnce(): Promise<ServerLink> {
    try {
      const link = await connect();
      opened += 1;
      if (isClosed) link.close();
      else links.push({ link, used: performance.now() });
      circuit.succeeded();
      return link;
    } catch (error) {
      nextOpening = performance.now() + PAUSE;
      const failure = redisFailure(error, url);
      // A server that refuses another connection still serves the existing ones.
      const isUnavailable = !links.some(({ link }) => link.isOpen);
      if (isUnavailable && failure instanceof WasmcpError) circuit.failed(failure);
      throw failure;
    }
  }

  function shallowest(now: number): (typeof links)[number] | undefined {
    let best: (typeof links)[number] | undefined;
    for (const one of links) {
      if (one.link.pending === 0 && now - one.used > IDLE) one.link.retire();
      else if (one.link.isOpen && one.link.pending < (best?.link.pending ?? Infinity)) best = one;
    }
    links = links.filter(({ link }) => link.isOpen);
    return best;
  }

  return {
    async acquire() {
      circuit.check();
      const now = performance.now();
      const best = shallowest(now);
      if (best === undefined) return open();
      best.used = now;
      if (best.link.pending >= DEPTH && links.length < connections && now >= nextOpening) {
        // Later calls use it; its failure does not affect this call.
        open().catch(() => {});
      }
      return best.link;
    },
    close() {
      isClosed = true;
      circuit.close();
      for (const { link } of links) link.retire();
    },
    metrics() {
      const open = links.filter(({ link }) => link.isOpen);
      const busy = open.filter(({ link }) => link.pending > 0).length;
      // Calls share connections, so none waits for one.
      return { busy, idle: open.length - busy, waiting: 0, opened };
    },
  };
}
