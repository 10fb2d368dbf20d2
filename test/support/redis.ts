import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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

/** @param settings `name value` pairs for the command line */
export async function startRedis(
  program: RedisProgram,
  settings: Readonly<Record<string, string>> = {},
): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const port = await freePort();
  let running: ChildProcess | undefined;

  async function start(): Promise<void> {
    const options = {
      ...{ port: String(port), bind: '127.0.0.1', dir: folder, requirepass: 'secret' },
      ...{ appendonly: 'yes', appendfsync: 'always', save: '', ...settings },
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    running = spawn(program.path!, words, { stdio: 'ignore' });
    for (const deadline = performance.now() + 60_000; ; await delay(20)) {
      const reply = await command('PING').catch((error: Error) => error);
      if (typeof reply === 'string' && reply === 'PONG') return;
      if (performance.now() > deadline) throw new Error(`${program.name} does not start: ${String(reply)}`);
    }
  }

  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (running === undefined) return;
    const ended = once(running, 'exit');
    running.kill('SIGCONT');
    running.kill(signal);
    running = undefined;
    await ended;
  }

  async function command(...words: readonly string[]): Promise<string> {
    return redisCommand(port, words, settings.requirepass ?? 'secret');
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
    freeze: () => void running?.kill('SIGSTOP'),
    thaw: () => void running?.kill('SIGCONT'),
    async close() {
      await stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
    if (password !== undefined && password !== '') socket.write(encoded(['AUTH', password]));
    socket.end(encoded(words) + encoded(['QUIT']));
    await once(socket, 'close');
  } finally {
    socket.destroy();
  }
  const lines = Buffer.concat(parts).toString('latin1').split('\r\n');
  // The replies to AUTH and QUIT come first and last.
  const reply = lines.slice(password === undefined || password === '' ? 0 : 1, -2);
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
