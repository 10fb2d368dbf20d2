import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { fixture, serve, temporaryFolder } from '../support/command.ts';
import { callTool, initialize } from '../support/mcp.ts';
import { NGINX, startNginx } from '../support/nginx.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';
import { REDIS, startRedis } from '../support/redis.ts';

const FOLDER = 'deploy';
const COMPOSE = ['compose.postgres.yaml', 'compose.redis.yaml'];
/** `.ci/run` installs it. */
const KUBERNETES = join(homedir(), '.cache/wasmcp-node-tests/kubernetes/bin/kubernetes-validate');

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
}

function services(file: string): Readonly<Record<string, Service>> {
  return parse(readFileSync(join(FOLDER, file), 'utf8'), { merge: true }).services;
}

/** Runs dclint on a compose file, errors only; returns its exit status. */
function lint(path: string): number | null {
  return spawnSync('dclint', ['--quiet', path], { stdio: 'inherit' }).status;
}

describe('the compose files', () => {
  test.each(COMPOSE)('%s has no error that dclint finds', (file) => {
    expect(lint(join(FOLDER, file))).toBe(0);
  });

  test('dclint finds a misspelt key', () => {
    const path = join(temporaryFolder(), 'compose.yaml');
    const text = readFileSync(join(FOLDER, COMPOSE[0]!), 'utf8');
    writeFileSync(path, text.replace('healthcheck:', 'healthcheks:'));
    expect(lint(path)).not.toBe(0);
  });
});

describe.skipIf(spawnSync(KUBERNETES, ['--help']).error !== undefined)('the manifests of Kubernetes', () => {
  const validate = (path: string): number | null =>
    spawnSync(KUBERNETES, ['--strict', path], { stdio: 'inherit' }).status;

  test.each(readdirSync(join(FOLDER, 'kubernetes')))('%s is valid', (file) => {
    expect(validate(join(FOLDER, 'kubernetes', file))).toBe(0);
  });

  test('kubernetes-validate finds a misspelt key', () => {
    const path = join(temporaryFolder(), 'deployment.yaml');
    const text = readFileSync(join(FOLDER, 'kubernetes/deployment.yaml'), 'utf8');
    writeFileSync(path, text.replace('readinessProbe', 'readinesProbe'));
    expect(validate(path)).not.toBe(0);
  });
});

/** Starts both hosts with the environment that the compose file gives them, with other addresses, and nginx before them. */
async function startHosts(file: string, changes: Readonly<Record<string, string>>): Promise<string[]> {
  const { 'host-1': one, 'host-2': two } = services(file);
  const hosts = await Promise.all(
    [one!, two!].map(({ environment }) =>
      serve(fixture('notes-draft2'), ['--mcp', 'guide'], { env: { ...environment, ...changes } }),
    ),
  );
  for (const host of hosts) expect(host.text.stderr).toMatch(/^Store \S+, durability power \(/m);
  const config = readFileSync(join(FOLDER, 'nginx.conf'), 'utf8');
  const urls = hosts.map(({ url }) => url);
  const proxy = await startNginx(config, { 'host-1:8080': urls[0]!, 'host-2:8080': urls[1]! });
  return [proxy.replace('127.0.0.1', 'localhost'), ...urls];
}

/** Through nginx, which takes turns, and at each host. */
async function expectSharedSessions([proxy, ...hosts]: readonly string[]): Promise<void> {
  const session = await initialize(proxy!);
  const counted: string[] = [];
  for (const url of [proxy!, proxy!, ...hosts, proxy!]) counted.push(await callTool(url, session, 'counter'));
  expect(counted).toEqual(['1', '2', '3', '4', '5']);
}

describe.skipIf(NGINX === undefined)('what the compose files run, outside of containers', () => {
  test.skipIf(!hasPostgres)(
    'hosts on PostgreSQL share every session',
    async () => {
      const postgres = await startPostgres();
      onTestFinished(() => postgres.close());
      const password = join(temporaryFolder(), 'password');
      writeFileSync(password, 'secret\n');
      const hosts = await startHosts('compose.postgres.yaml', {
        WASMCP_NODE_STORE: postgres.url().replace(':secret@', '@'),
        WASMCP_NODE_STORE_PASSWORD_FILE: password,
      });
      await expectSharedSessions(hosts);
    },
    120_000,
  );

  test.skipIf(REDIS.path === undefined)(
    'hosts on Redis share every session',
    async () => {
      const [program, ...words] = services('compose.redis.yaml').redis!.command!;
      expect(program).toBe('redis-server');
      const settings = Object.fromEntries(
        words.flatMap((word, at) => (at % 2 === 0 ? [[word.replace('--', ''), words[at + 1]!]] : [])),
      );
      const redis = await startRedis(REDIS, { appendonly: 'no', appendfsync: 'no', ...settings });
      onTestFinished(() => redis.close());
      await expectSharedSessions(await startHosts('compose.redis.yaml', { WASMCP_NODE_STORE: redis.url() }));
    },
    120_000,
  );
});
