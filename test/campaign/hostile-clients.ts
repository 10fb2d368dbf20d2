import { Agent, type ClientRequest, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two ordinary requests of a client. */
const PAUSE = 20;

/** Timeout of a client; guests are ended sooner. */
const LONGEST = 90_000;

/** Clients that send ordinary requests all the time. */
export interface OrdinaryClients {
  /** Results since the last call: milliseconds of each request, and statuses other than 200. */
  take(): { readonly times: readonly number[]; readonly failures: readonly string[] };
  stop(): Promise<void>;
}

export function startOrdinaryClients(url: string, path: string, count: number): OrdinaryClients {
  let times: number[] = [];
  let failures: string[] = [];
  let stopped = false;

  async function client(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped) {
      const start = performance.now();
      const status = await ask(url + path, { agent });
      times.push(performance.now() - start);
      if (status !== '200') failures.push(status);
      await pause(PAUSE);
    }
    agent.destroy();
  }

  const clients = Array.from({ length: count }, client);
  return {
    take() {
      const taken = { times, failures };
      [times, failures] = [[], []];
      return taken;
    },
    async stop() {
      stopped = true;
      await Promise.all(clients);
    },
  };
}

export interface AskOptions {
  readonly agent?: Agent;
  readonly method?: 'GET' | 'POST';
  readonly body?: Uint8Array | undefined;
}

/** The status, or why there is none. The body is read and discarded; of an endless one, the first 64 MiB. */
export function ask(url: string, { agent, method = 'GET', body }: AskOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const asked: ClientRequest = request(url, { method, agent, timeout: LONGEST }, (response) => {
      let bytes = 0;
      const status = String(response.statusCode);
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > 64 << 20) asked.destroy();
      });
      response.on('close', () => resolve(status));
      response.on('error', () => resolve(status));
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end(body);
  });
}

/** A server that accepts connections and never responds. */
export async function startSilentServer(): Promise<{ readonly authority: string; close(): void }> {
  const server = createServer(() => {});
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    authority: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
