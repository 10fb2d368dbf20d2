import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './servers.ts';

/** A program that serves Redis's protocol. */
export interface RedisProgram {
  readonly name: string;
  /** Undefined if it is not on this machine; tests that need it say so and are skipped. */
  readonly path: string | undefined;
}

const VALKEY = join(homedir(), '.cache/wasmcp-node-tests/valkey/valkey-server');

export const REDIS: RedisProgram = { name: 'Redis', path: onPath('redis-server') };
/** `.ci/run` downloads it. */
export const VALKEY_9: RedisProgram = {
  name: 'Valkey',
  path: existsSync(VALKEY) ? VALKEY : onPath('valkey-server'),
};

if (process.env.CI === 'true') {
  for (const { name, path } of [REDIS, VALKEY_9]) {
    if (path === undefined) throw new Error(`${name} is missing: its tests are never skipped in CI`);
  }
}

function onPath(name: string): string | undefined {
  const { status } = spawnSync(name, ['--version'], { stdio: 'ignore' });
  return status === 0 ? name : undefined;
}

/** A server of its own in a temporary folder, on a free port, with the password `secret`. */
export interface Redis {
  readonly port: number;
  readonly folder: string;
  /** The URL of a new store, under a prefix of its own. */
  url(parameters?: string): string;
  /** Runs a command; strings and numbers of the reply in one line each. */
  command(...words: readonly string[]): Promise<string>;
  start(): Promise<void>;
  /** `SIGKILL` is what a crash leaves. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Stops it without ending it, as a machine that hangs. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/**
 * @param settings `name value` pairs for the command line
 * @param sentinel lines of the configuration of a sentinel, which is started instead, without a password
 * @param parent the folder in which its own is created
 */
export async function startRedis(
  program: RedisProgram,
  settings: Readonly<Record<string, string>> = {},
  sentinel: readonly string[] = [],
  parent: string = tmpdir(),
): Promise<Redis> {
  const folder = mkdtempSync(join(parent, 'redis-'));
  const port = await freePort();
  let running: ChildProcess | undefined;

  async function start(): Promise<void> {
    const options = {
      ...{ port: String(port), bind: '127.0.0.1', dir: folder, requirepass: 'secret' },
      ...{ appendonly: 'yes', appendfsync: 'always', save: '', ...settings },
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    if (sentinel.length > 0) {
      const file = join(folder, 'sentinel.conf');
      if (!existsSync(file))
        writeFileSync(file, [`port ${port}`, `dir ${folder}`, ...sentinel, ''].join('\n'));
      words.splice(0, words.length, file, '--sentinel');
    }
    running = spawn(program.path!, words, { stdio: 'ignore' });
    for (const deadline = performance.now() + 60_000; ; await delay(20)) {
      const reply = await command('PING').catch((error: Error) => error);
      if (typeof reply === 'string' && reply === 'PONG') return;
      if (performance.now() > deadline) throw new Error(`${program.name} does not start: ${String(reply)}`);
    }
  }

  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (running === undefined) return;
    // It may have ended by itself.
    const hasEnded = running.exitCode !== null || running.signalCode !== null;
    const ended = hasEnded ? undefined : once(running, 'exit');
    // A frozen one ends by SIGKILL without running again.
    if (signal === 'SIGTERM') running.kill('SIGCONT');
    running.kill(signal);
    running = undefined;
    await ended;
  }

  async function command(...words: readonly string[]): Promise<string> {
    return redisCommand(port, words, sentinel.length > 0 ? undefined : 'secret');
  }

  let stores = 0;
  await start();
  return {
    port,
    folder,
    url: (parameters = `prefix=s${++stores}`) => `redis://:secret@127.0.0.1:${port}/0?${parameters}`,
    command,
    start,
    stop,
    freeze() {
      running!.kill('SIGSTOP');
      // A thread stops at the end of its system call.
      while (!isStopped(running!.pid!));
    },
    thaw: () => void running?.kill('SIGCONT'),
    async close() {
      await stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether all threads are stopped, or have ended. */
function isStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  return readdirSync(threads).every((thread) => {
    try {
      return /^State:\s+[TZX]/m.test(readFileSync(join(threads, thread, 'status'), 'utf8'));
    } catch {
      return true;
    }
  });
}

/** Three servers that share the slots of a cluster. */
export interface RedisCluster {
  readonly servers: readonly Redis[];
  /** The URL of a new store, with the addresses of all. */
  url(): string;
  /** Starts a replica of a server, which takes its place when it dies. */
  addReplica(of: Redis): Promise<Redis>;
  close(): Promise<void>;
}

export async function startCluster(program: RedisProgram): Promise<RedisCluster> {
  const ports = new Map<Redis, string>();
  const startOne = async (): Promise<Redis> => {
    const bus = String(await freePort());
    const settings = { 'cluster-enabled': 'yes', 'cluster-port': bus, 'cluster-node-timeout': '2000' };
    const server = await startRedis(program, { ...settings, masterauth: 'secret' });
    ports.set(server, bus);
    return server;
  };
  const servers = await Promise.all([startOne(), startOne(), startOne()]);
  const [first] = servers;
  const meet = async (server: Redis): Promise<void> =>
    void (await first!.command('CLUSTER', 'MEET', '127.0.0.1', String(server.port), ports.get(server)!));
  const settled = async (count: number): Promise<void> => {
    for (const { command } of ports.keys()) {
      for (;;) {
        const info = await command('CLUSTER', 'INFO');
        if (/cluster_state:ok/.test(info) && info.includes(`cluster_known_nodes:${count}`)) break;
        await delay(50);
      }
    }
  };
  for (const [at, { command }] of servers.entries()) {
    const [from, to] = [Math.ceil((16_384 * at) / 3), Math.ceil((16_384 * (at + 1)) / 3) - 1];
    await command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    await command('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1));
  }
  for (const server of servers.slice(1)) await meet(server);
  await settled(3);
  let stores = 0;
  return {
    servers,
    url: () =>
      `redis://:secret@${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/0?prefix=s${++stores}`,
    async addReplica(of) {
      const replica = await startOne();
      await meet(replica);
      await settled(ports.size);
      const id = await of.command('CLUSTER', 'MYID');
      while ((await replica.command('CLUSTER', 'REPLICATE', id)) !== 'OK') await delay(50);
      while (!/master_link_status:up/.test(await replica.command('INFO', 'replication'))) await delay(50);
      return replica;
    },
    async close() {
      for (const server of ports.keys()) await server.close();
    },
  };
}

/** A sentinel that watches one server, under the name `main`, and acts alone. */
export async function startSentinel(program: RedisProgram, port: number): Promise<Redis> {
  return startRedis(program, {}, [
    `sentinel monitor main 127.0.0.1 ${port} 1`,
    'sentinel auth-pass main secret',
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 5000',
  ]);
}

/** Speaks to a server without any client, so that tests see what one would hide. */
export async function redisCommand(
  port: number,
  words: readonly string[],
  password?: string,
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  try {
    await once(socket, 'connect');
    const encoded = (command: readonly string[]): string =>
      `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
    if (password !== undefined) socket.write(encoded(['AUTH', password]));
    socket.end(encoded(words) + encoded(['QUIT']));
    await once(socket, 'close');
  } finally {
    socket.destroy();
  }
  const lines = Buffer.concat(parts).toString('latin1').split('\r\n');
  // The replies to AUTH and QUIT come first and last.
  const reply = lines.slice(password === undefined ? 0 : 1, -2);
  return reply
    .filter((line) => !/^[*$]-?\d+$/.test(line))
    .map((line) => line.replace(/^[+:]/, ''))
    .join('\n');
}

/** Makes a certificate for these names; returns the paths of the certificate and of its key. */
export function certificate(folder: string, names: string): { cert: string; key: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const subject = ['-subj', '/CN=server', '-addext', `subjectAltName=${names}`];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}
