import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RAW_GLUE_PATIENCE, rawGlue, withoutWarnings } from '../support/raw-glue.ts';
import type { Block } from './markdown.ts';
import { createReader, findPort, type Reader } from './reader.ts';

/**
 * The words after a block's fence determine what happens to it:
 *
 * - `sh`: run in one shell with the document's other commands, and must succeed; `sh fails`: must fail
 * - `sh serves`: a server, which runs until the next such block replaces it (with `kill -9`) or the document ends
 * - `sh skip REASON`: not run
 * - `text` directly after one of these: its expected output, including stderr; `…` matches anything, within its line or over lines
 * - any other language with a file name: that file; a `.js`, `.mjs` or `.ts` file that no command names is also run, in
 *   place of the server
 */
export interface Step {
  readonly block: Block;
  readonly kind: 'runs' | 'fails' | 'serves';
  readonly command: string;
  readonly printed: string | undefined;
}

export const SCRIPT: RegExp = /\.m?[jt]s$/;

export function isSkipped(block: Block): boolean {
  return block.language === 'sh' && block.words[0] === 'skip';
}

export function fileOf({ language, words }: Block): string | undefined {
  return language === 'sh' || language === 'text' ? undefined : words[0];
}

export function stepsOf(blocks: readonly Block[]): Step[] {
  const commands = blocks.filter(({ language }) => language === 'sh').map((block) => block.text);
  return blocks.flatMap((block, at): Step[] => {
    const next = blocks[at + 1];
    const printed = next?.follows && next.language === 'text' ? next.text : undefined;
    const file = fileOf(block);
    if (block.language === 'sh' && !isSkipped(block)) {
      const kind = (['fails', 'serves'] as const).find((word) => block.words[0] === word) ?? 'runs';
      return [{ block, kind, command: block.text, printed }];
    }
    const isOwnProgram =
      file !== undefined && SCRIPT.test(file) && !commands.some((command) => command.includes(file));
    return isOwnProgram ? [{ block, kind: 'runs', command: `stop\nnode ${file}`, printed }] : [];
  });
}

/** Time-out in milliseconds for all commands of a document. */
export const LIMIT: number = 150_000 * (rawGlue ? RAW_GLUE_PATIENCE : 1);

/** A folder with what the document's commands need, and an environment whose PATH has them. */
export type Place = Pick<Reader, 'folder' | 'env'>;

/**
 * Runs the commands of one document in order, and returns the problems found. The default `place` is the folder of a
 * reader with a checkout.
 */
export async function tryOut(blocks: readonly Block[], place?: Place): Promise<string[]> {
  const port = await findPort();
  if (place !== undefined) return tryOutIn(place, port, blocks);
  const reader = createReader(port);
  try {
    return await tryOutIn(reader, port, blocks);
  } finally {
    reader.remove();
  }
}

async function tryOutIn(reader: Place, port: number, blocks: readonly Block[]): Promise<string[]> {
  const adapted = (text: string): string => text.replaceAll('8080', String(port));
  for (const block of blocks) {
    const file = fileOf(block);
    if (file === undefined) continue;
    mkdirSync(join(reader.folder, dirname(file)), { recursive: true });
    writeFileSync(join(reader.folder, file), adapted(block.text));
  }
  const steps = stepsOf(blocks);
  const printed = join(reader.folder, '.printed');
  mkdirSync(printed);
  const script = [PREAMBLE, ...steps.map((step, at) => scriptOf(step, adapted(step.command), at))].join('\n');
  const shell = spawn('bash', ['-c', script], {
    cwd: reader.folder,
    env: { ...reader.env, PRINTED: printed },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LIMIT,
  });
  const [[status], complaint] = await Promise.all([once(shell, 'close'), text(shell.stderr)]);
  return steps.flatMap((step, at) => {
    const found = problemOf(step, join(printed, String(at)), String(port));
    return found === undefined
      ? []
      : [`${step.block.document}:${step.block.line} ${found} (${status}) ${complaint}`];
  });
}

const PREAMBLE = `set -euo pipefail; set -m
server=
stop() { if [ -n "$server" ]; then kill -9 -- -$server 2>/dev/null || true; wait $server 2>/dev/null || true; server=; fi; }
trap stop EXIT`;

/** A server is ready when it names an address other than that for administration, which comes first. Not in a subshell, because later commands use variables and functions of earlier ones. */
function scriptOf({ kind }: Step, command: string, at: number): string {
  const log = `"$PRINTED/${at}"`;
  if (kind === 'runs') return `{\n${command}\n} > ${log} 2>&1; touch ${log}.done`;
  if (kind === 'fails') return `if (\n${command}\n) > ${log} 2>&1; then exit 99; fi; touch ${log}.done`;
  return `stop; (\nexport WASMCP_NODE_ADDR=$READER_ADDR\n${command}\n) > ${log} 2>&1 & server=$!
until grep http:// ${log} | grep -qv ' /api/v1, '; do kill -0 $server; sleep 0.05; done 2>/dev/null; touch ${log}.done`;
}

function problemOf({ kind, printed }: Step, log: string, port: string): string | undefined {
  const all = existsSync(log) ? readFileSync(log, 'utf8') : '';
  const said = withoutWarnings(all).replaceAll(port, '8080').trim();
  if (!existsSync(`${log}.done`)) return `did not end well: ${said}`;
  if (printed === undefined) return undefined;
  return pattern(printed, kind !== 'serves').test(said)
    ? undefined
    : `prints\n${said}\ninstead of\n${printed}`;
}

/** A server may print more after what is shown. */
function pattern(printed: string, whole: boolean): RegExp {
  const escaped = printed.trim().replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const lines = escaped.replaceAll(/^…$/gm, '[^]*').replaceAll('…', '.*');
  return new RegExp(`^${lines}${whole ? '$' : ''}`);
}
