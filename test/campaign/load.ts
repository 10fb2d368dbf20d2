import { Agent, request } from 'node:http';
import { createLedger, type KeyLedger } from './ledger.ts';
import type { Random } from './random.ts';

/** Clients that write, overwrite, delete and read over HTTP, and record the responses. */
export interface Load {
  readonly keys: readonly KeyLedger[];
  readonly figures: Figures;
  /** Sends requests until `stop` is called, each client one at a time. Settles when all have stopped. */
  run(url: string): Promise<void>;
  stop(): void;
}

export interface Figures {
  acknowledged: number;
  read: number;
  /** Unexpected responses; empty while the server works. */
  refused: number;
  /** Values read over HTTP that no client wrote. */
  phantoms: number;
}

const KEYS_A_CLIENT = 40;

export function createLoad(clients: number, random: Random): Load {
  const owned = Array.from({ length: clients }, (_, client) =>
    Array.from({ length: KEYS_A_CLIENT }, (_, n) => createLedger(`${client}.${n}`)),
  );
  const keys = owned.flat();
  const figures: Figures = { acknowledged: 0, read: 0, refused: 0, phantoms: 0 };
  let stopped = false;

  async function write(url: string, agent: Agent, mine: readonly KeyLedger[], broken: Set<KeyLedger>) {
    // After a write without a response, the key's state is unknown until the store is read.
    const ledger = random.pick(mine.filter((one) => !broken.has(one)));
    const value = ledger.attempt(random.next() < 0.2, random.whole(0, 2000));
    broken.add(ledger);
    const path = `${value === undefined ? '/delete' : '/set'}?key=${ledger.key}`;
    const { status } = await ask(url + path, agent, value);
    if (status !== 200) return void figures.refused++;
    ledger.acknowledged();
    broken.delete(ledger);
    figures.acknowledged++;
  }

  async function read(url: string, agent: Agent) {
    const ledger = random.pick(keys);
    const { status, body } = await ask(`${url}/get?key=${ledger.key}`, agent);
    if (status === 200) {
      if (!ledger.seen(body)) figures.phantoms++;
      figures.read++;
    } else if (status !== 404) figures.refused++;
  }

  async function client(url: string, mine: readonly KeyLedger[]): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const broken = new Set<KeyLedger>();
    try {
      while (!stopped && broken.size < mine.length) {
        if (random.next() < 0.25) await read(url, agent);
        else await write(url, agent, mine, broken);
      }
    } catch {
      // The server is gone, as intended.
    } finally {
      agent.destroy();
    }
  }

  return {
    keys,
    figures,
    async run(url) {
      stopped = false;
      await Promise.all(owned.map((mine) => client(url, mine)));
    },
    stop() {
      stopped = true;
    },
  };
}

/** Sends one request; settles when the whole response was read, rejects if there is none. */
function ask(url: string, agent: Agent, body = ''): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode!, body: text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
