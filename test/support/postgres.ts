import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './servers.ts';

/** Where Debian's packages install the server's programs, the newest version first. */
const PROGRAMS = '/usr/lib/postgresql';

function programsFolder(): string | undefined {
  if (!existsSync(PROGRAMS)) return undefined;
  const versions = readdirSync(PROGRAMS).sort((one, other) => Number(other) - Number(one));
  return versions
    .map((version) => join(PROGRAMS, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
}

/** Whether PostgreSQL is installed; otherwise tests that need it are skipped and say so. */
export const hasPostgres: boolean = programsFolder() !== undefined;

/** A PostgreSQL server in a temporary folder, on a free port, with the user `postgres` and the password `secret`. */
export interface Postgres {
  readonly port: number;
  /** The URL of a new store, in a schema of its own. */
  url(parameters?: string): string;
  /** Runs SQL as the superuser and returns what `psql` prints. */
  sql(text: string): string;
  /** Creates a certificate for these names, uses it for TLS from the next connection on, and returns its path. */
  useTls(names: string): string;
  start(): Promise<void>;
  /** `immediate` leaves what a crash would leave. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Stops all its processes without ending them. */
  freeze(): void;
  /** Ends all its processes, also those that are frozen, so that none of them can write anything more. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param settings lines for `postgresql.conf`
 * @param parent the folder in which its own is created
 */
export async function startPostgres(
  settings: readonly string[] = [],
  parent: string = tmpdir(),
): Promise<Postgres> {
  const bin = programsFolder()!;
  const folder = mkdtempSync(join(parent, 'postgres-'));
  const data = join(folder, 'data');
  const passwords = join(folder, 'password');
  writeFileSync(passwords, 'secret\n');
  // The server refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  chmodSync(folder, 0o755);
  if (isRoot) execFileSync('chown', ['-R', 'nobody', folder]);
  const prefix = isRoot ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--'] : [];
  const words = (name: string, args: readonly string[]): [string, string[]] => {
    const [program, ...rest] = [...prefix, join(bin, name), ...args];
    return [program!, rest];
  };
  execFileSync(
    ...words('initdb', [
      ...['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwords}`],
      ...['-E', 'UTF8', '--locale=C', '--no-instructions'],
    ]),
    { stdio: 'pipe', cwd: folder },
  );
  const port = await freePort();
  let running: ReturnType<typeof spawn> | undefined;
  let ended: Promise<unknown> | undefined;

  function sql(text: string): string {
    const env = { ...process.env, PGPASSWORD: 'secret' };
    const address = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', 'postgres'];
    return execFileSync(join(bin, 'psql'), [...address, '-XAtqc', text], {
      env,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  }

  async function start(): Promise<void> {
    const options = [
      `port=${port}`,
      `unix_socket_directories=${folder}`,
      'listen_addresses=127.0.0.1',
      ...settings,
    ];
    running = spawn(...words('postgres', ['-D', data, ...options.flatMap((option) => ['-c', option])]), {
      cwd: folder,
      stdio: 'ignore',
    });
    ended = once(running, 'exit');
    for (const deadline = performance.now() + 60_000; ; ) {
      try {
        sql('SELECT 1');
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await delay(50);
      }
    }
  }

  async function stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (running === undefined) return;
    running = undefined;
    execFileSync(...words('pg_ctl', ['-D', data, '-m', mode, '-w', 'stop']), { stdio: 'pipe', cwd: folder });
    await ended;
  }

  function freeze(): readonly number[] {
    // Each parent before its children, so that it starts no other one meanwhile.
    const frozen: number[] = [];
    for (let pids = [running!.pid!]; pids.length > 0; pids = pids.flatMap(childrenOf)) {
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      while (!pids.every((pid) => /[TZX]/.test(stateOf(pid))));
      frozen.push(...pids);
    }
    return frozen;
  }

  async function kill(): Promise<void> {
    if (running === undefined) return;
    const frozen = freeze();
    running = undefined;
    for (const pid of frozen) process.kill(pid, 'SIGKILL');
    await ended;
    // One that has ended has no file open, even if its parent has not noticed.
    while (frozen.some((pid) => !/[ZX]/.test(stateOf(pid)))) await delay(10);
  }

  function useTls(names: string): string {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    const subject = ['-subj', '/CN=server', '-addext', `subjectAltName=${names}`];
    execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    if (isRoot) execFileSync('chown', ['nobody', key]);
    sql(`ALTER SYSTEM SET ssl_key_file = '${key}'`);
    sql(`ALTER SYSTEM SET ssl_cert_file = '${cert}'`);
    sql('ALTER SYSTEM SET ssl = on');
    sql('SELECT pg_reload_conf()');
    return cert;
  }

  let stores = 0;
  await start();
  return {
    port,
    url: (parameters = `schema=s${++stores}`) =>
      `postgres://postgres:secret@127.0.0.1:${port}/postgres?${parameters}`,
    sql,
    useTls,
    start,
    stop,
    freeze: () => void freeze(),
    kill,
    async close() {
      await stop('immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** One letter, see proc_pid_stat(5); X also for a process that is no more. */
function stateOf(pid: number): string {
  try {
    return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;
  } catch {
    return 'X';
  }
}
