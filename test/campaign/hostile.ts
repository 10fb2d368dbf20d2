import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { ask, startOrdinaryClients, startSilentServer } from './hostile-clients.ts';
import { type Pattern, TARGET } from './hostile-patterns.ts';
import { type HostileServer, type HostileServerOptions, startHostileServer } from './hostile-server.ts';

export interface HostileOptions {
  readonly patterns: readonly Pattern[];
  /** How many requests in parallel, for each of the runs. */
  readonly rounds: readonly number[];
  /** Seconds from the last request until memory is measured. */
  readonly settle: number;
  /** Clients that send ordinary requests meanwhile. */
  readonly clients: number;
  readonly args?: readonly string[];
  readonly wrapper?: readonly string[];
  /** Use the smaller versions of the patterns. */
  readonly small?: boolean;
  readonly progress?: (line: string) => void;
}

export interface PatternReport {
  readonly name: string;
  /** The number of responses of each kind. */
  readonly answers: Readonly<Record<string, number>>;
  /** The server process is still running. */
  readonly alive: boolean;
  /** Ordinary requests meanwhile, those with a status other than 200, and their milliseconds. */
  readonly others: number;
  readonly failed: number;
  readonly p99: number;
  /** Maximum resident MiB, and seconds until it was less than twice the initial value, or the last value if it never was. */
  readonly peak: number;
  readonly calmed: string;
  /** The last lines of a server that died or did not start, or the failed ordinary requests. */
  readonly remark: string;
}

/** The result of one component. */
export interface ServerReport {
  readonly patterns: readonly PatternReport[];
  /** Resident MiB after 100 ordinary requests, and some time after the last pattern. */
  readonly before: number;
  readonly after: number;
  /** The limit for `after`. */
  readonly allowed: number;
}

const MEBIBYTE = 1024 * 1024;

/** Milliseconds until the server is idle after the first requests, and the maximum after a pattern. */
const REST = 4000;
const CALM = 10_000;

/** Starts a server for each component, and runs its patterns one after another. */
export async function hostile(options: HostileOptions): Promise<ServerReport[]> {
  const reports: ServerReport[] = [];
  const rust = options.patterns.filter(({ wat }) => wat === undefined);
  if (rust.length > 0) reports.push(await onServer(fixturePath(), '/ok', rust, options));
  for (const pattern of options.patterns) {
    if (pattern.wat === undefined) continue;
    const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-hostile-'));
    const file = join(folder, 'component.wasm');
    writeFileSync(file, await parse(pattern.wat));
    reports.push(await onServer(file, '/', [pattern], options));
    rmSync(folder, { recursive: true });
  }
  return reports;
}

function fixturePath(): string {
  return join(import.meta.dirname, '../../fixtures/hostile.wasm');
}

async function onServer(
  component: string,
  ordinary: string,
  patterns: readonly Pattern[],
  options: HostileOptions,
): Promise<ServerReport> {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-hostile-'));
  mkdirSync(join(folder, 'files'));
  const silent = await startSilentServer();
  const settings = { component, folder, args: options.args ?? [], wrapper: options.wrapper ?? [] };
  const reports: PatternReport[] = [];
  let server: HostileServer | undefined;
  let before = 0;
  try {
    for (const pattern of patterns) {
      if (server?.alive !== true) {
        const started = await startOrSay(settings);
        if (typeof started === 'string') {
          reports.push(refusedAtStart(pattern, started));
          continue;
        }
        server = started;
        for (let n = 0; n < 100; n++) await ask(server.url + ordinary);
        // Until the garbage of these requests is collected.
        await pause(REST);
        before = server.resident();
      }
      const tried = await tryPattern(server, pattern, { ...options, ordinary, target: silent.authority });
      const report = { ...tried, calmed: await calm(server, before) };
      options.progress?.(line(report));
      reports.push(report);
    }
    if (server?.alive) await pause(options.settle * 1000);
    const after = server?.alive ? server.resident() : 0;
    const allowed = allowedAfter(before);
    return { patterns: reports, before: mib(before), after: mib(after), allowed: mib(allowed) };
  } finally {
    await server?.stop();
    silent.close();
    rmSync(folder, { recursive: true });
  }
}

function allowedAfter(before: number): number {
  return before + Math.max(before / 5, 64 * MEBIBYTE);
}

/** Each pattern must start with free memory: waits for a limited time until the server uses little more than initially. */
async function calm(server: HostileServer, before: number): Promise<string> {
  const start = performance.now();
  while (server.alive && server.resident() > 2 * before) {
    if (performance.now() - start > CALM) return `**${mib(server.resident())} MiB**`;
    await pause(100);
  }
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

async function startOrSay(settings: HostileServerOptions): Promise<HostileServer | string> {
  return startHostileServer(settings).catch((error: Error) => error.message);
}

/** A component that the server refuses can do no harm. */
function refusedAtStart({ name }: Pattern, why: string): PatternReport {
  const refused = /^ended with 1:/.test(why);
  const remark = why.replace(/^ended with \d+: /, '').split('\n')[0]!;
  return {
    name,
    answers: { 'not served': 1 },
    alive: refused,
    others: 0,
    failed: 0,
    p99: 0,
    peak: 0,
    calmed: '',
    remark,
  };
}

async function tryPattern(
  server: HostileServer,
  { name, path, wat, upload, small }: Pattern,
  options: HostileOptions & { readonly ordinary: string; readonly target: string },
): Promise<Omit<PatternReport, 'calmed'>> {
  const answers: Record<string, number> = {};
  const chosen = options.small && small !== undefined ? `${path.split('?')[0]}?${small}` : path;
  const url = server.url + chosen.replace(TARGET, options.target);
  const method = wat === undefined && upload === undefined ? 'GET' : 'POST';
  const body = upload === undefined ? undefined : new Uint8Array(upload);
  const others = startOrdinaryClients(server.url, options.ordinary, options.clients);
  let peak = 0;
  const watching = setInterval(() => {
    peak = Math.max(peak, server.resident());
  }, 50);
  for (const count of options.rounds) {
    if (!server.alive) break;
    const statuses = await Promise.all(Array.from({ length: count }, () => ask(url, { method, body })));
    for (const status of statuses) answers[status] = (answers[status] ?? 0) + 1;
  }
  clearInterval(watching);
  await others.stop();
  const { times, failures } = others.take();
  const sorted = times.toSorted((a, b) => a - b);
  const kinds = [...new Set(failures)].join(', ');
  return {
    name,
    answers,
    alive: server.alive,
    others: times.length,
    failed: failures.length,
    p99: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
    peak: mib(peak),
    remark: server.alive ? kinds : server.lastWords,
  };
}

/** Whether a pattern harmed only its own requests. */
export function harmless({ alive, failed, p99 }: PatternReport): boolean {
  return alive && failed === 0 && p99 < 1000;
}

function line(report: PatternReport): string {
  const answers = Object.entries(report.answers).map(([status, count]) => `${count} × ${status}`);
  const verdict = harmless(report) ? 'ok    ' : 'FAILED';
  return `${verdict} ${report.name}: ${answers.join(', ')}; ${report.failed} of ${report.others} others failed, p99 ${report.p99} ms, peak ${report.peak} MiB, calm after ${report.calmed} ${report.remark}`;
}

/** A table in Markdown. */
export function table(reports: readonly ServerReport[]): string {
  const rows = reports.flatMap(({ patterns }) =>
    patterns.map((one) => {
      const answers = Object.entries(one.answers).map(([status, count]) => `${count} × ${status}`);
      const others = one.others === 0 ? '' : `${one.others - one.failed} of ${one.others}`;
      return `| ${one.name} | ${answers.join(', ')} | ${one.alive ? 'yes' : '**no**'} | ${others} | ${one.p99} ms | ${one.peak} MiB | ${one.calmed} | ${one.remark} |`;
    }),
  );
  return [
    '| pattern | its answers | process lives | others got 200 | their p99 | peak | below twice the first | remark |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function mib(bytes: number): number {
  return Math.round(bytes / MEBIBYTE);
}
