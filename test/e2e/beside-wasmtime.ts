import { expect } from 'vitest';
import { fixture, type ServeProcess, serve } from '../support/command.ts';
import { startWasmtime, WASMTIME, type Wasmtime } from '../support/wasmtime.ts';

export interface Started {
  readonly ours: ServeProcess;
  /** What wasmtime serves by the same words, where it is given. */
  readonly theirs: Wasmtime | undefined;
}

/** The same words for both, a store that keeps nothing for ours. */
export async function start(
  name: string,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Started> {
  const ours = await serve(fixture(name), words, { env: { ...env, WASMCP_STORE: 'memory:' } });
  const theirs =
    WASMTIME === undefined
      ? undefined
      : await startWasmtime(['serve', fixture(name), '--addr', '127.0.0.1:0', ...words], { env });
  return { ours, theirs };
}

export async function text(url: string, path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(url + path, init);
  return `${response.status} ${await response.text()}`;
}

/** What ours answers, which wasmtime has to answer too. */
export async function same({ ours, theirs }: Started, path: string, init?: RequestInit): Promise<string> {
  const answer = await text(ours.url, path, init);
  if (theirs !== undefined) expect(await text(theirs.url, path, init)).toBe(answer);
  return answer;
}

export function warningsOf({ ours }: Started): string[] {
  return ours.text.stderr.split('\n').filter((line) => line.startsWith('warning: '));
}
