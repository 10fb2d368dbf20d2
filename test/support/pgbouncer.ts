import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Postgres } from './postgres.ts';
import { freePort } from './servers.ts';

const PROGRAM: string | undefined = ['pgbouncer', '/usr/sbin/pgbouncer'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** Whether PgBouncer is on this machine; tests that need it are skipped otherwise. */
export const hasPgBouncer: boolean = PROGRAM !== undefined;

export interface PgBouncer {
  readonly port: number;
  close(): Promise<void>;
}

/** Pools connections to `postgres`. */
export async function startPgBouncer(
  postgres: Postgres,
  mode: 'session' | 'transaction' | 'statement',
): Promise<PgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
  const port = await freePort();
  writeFileSync(join(folder, 'users'), '"postgres" "secret"\n');
  writeFileSync(
    join(folder, 'ini'),
    `[databases]\npostgres = host=127.0.0.1 port=${postgres.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1
listen_port = ${port}\nauth_type = scram-sha-256\nauth_file = ${folder}/users\npool_mode = ${mode}
default_pool_size = 20\nunix_socket_dir =\n`,
  );
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  chmodSync(folder, 0o755);
  if (isRoot) execFileSync('chown', ['-R', 'nobody', folder]);
  const prefix = isRoot ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--'] : [];
  const [command, ...args] = [...prefix, PROGRAM!, join(folder, 'ini')];
  const child = spawn(command!, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  // It does not say when it listens.
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) break;
    await delay(20);
  }
  return {
    port,
    async close() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
