/**
 * The cost of durability: requests per second that write a session, for each `--durability` and number of clients.
 *
 *   npm run bench:durability -- [--rounds 5] [--seconds 2] [--folder DIR]
 *
 * The servers take turns, round by round, so that disturbances of the machine affect all of them. Quote medians and ratios.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createServer, type Durability, loadComponent } from '../../src/index.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    folder: { type: 'string', default: tmpdir() },
  },
});

const CLIENTS = [1, 16, 64];
const MODES: readonly Durability[] = ['process', 'power', 'strict'];
const HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** Sends one JSON-RPC request, reads the whole response, and returns the session that it names. */
function rpc(url: string, agent: Agent, method: string, params: object, session?: string): Promise<string> {
  const headers = session === undefined ? HEADERS : { ...HEADERS, 'mcp-session-id': session };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve(String(response.headers['mcp-session-id']));
        else reject(new Error(`${method} answered ${response.statusCode}`));
      });
    });
    asked.on('error', reject);
    asked.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  });
}

/** Requests per second: each client counts in a session of its own, one request at a time. */
async function rate(url: string, clients: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const hello = {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  };
  const sessions = await Promise.all(
    Array.from({ length: clients }, () => rpc(url, agent, 'initialize', hello)),
  );
  const started = performance.now();
  const end = started + Number(values.seconds) * 1000;
  let count = 0;
  async function client(session: string): Promise<void> {
    for (; performance.now() < end; count++) {
      await rpc(url, agent, 'tools/call', { name: 'counter', arguments: {} }, session);
    }
  }
  await Promise.all(sessions.map(client));
  agent.destroy();
  return (count / (performance.now() - started)) * 1000;
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
}

const folder = mkdtempSync(join(values.folder, 'wasmcp-node-bench-'));
const component = await loadComponent(join(import.meta.dirname, '../../fixtures/notes-draft.wasm'));
const servers = await Promise.all(
  MODES.map(async (durability) => {
    const store = `sqlite:${join(folder, `${durability}.db`)}`;
    const server = createServer(component, { store, durability, workers: availableParallelism() });
    return { durability, server, url: await server.listen(0) };
  }),
);
try {
  process.stdout.write(`node ${process.version}, ${cpus()[0]?.model}, ${availableParallelism()} cores\n`);
  for (const clients of CLIENTS) {
    const rates = new Map(MODES.map((mode) => [mode, [] as number[]]));
    for (const { url } of servers) await rate(url, clients);
    for (let n = 0; n < Number(values.rounds); n++) {
      for (const { durability, url } of servers) rates.get(durability)!.push(await rate(url, clients));
    }
    const [base = 1] = MODES.map((mode) => median(rates.get(mode)!));
    const cells = MODES.map((mode) => {
      const middle = median(rates.get(mode)!);
      return `${mode} ${middle.toFixed(0)}/s (${(middle / base).toFixed(2)})`;
    });
    process.stdout.write(`${String(clients).padStart(3)} clients: ${cells.join(', ')}\n`);
  }
} finally {
  await Promise.all(servers.map(({ server }) => server.close()));
  rmSync(folder, { recursive: true });
}
