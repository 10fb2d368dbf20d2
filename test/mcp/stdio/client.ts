import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import { type Bridge, type BridgeOptions, startBridge } from '../../../src/mcp/stdio/bridge.ts';
import type { SessionMemory } from '../../../src/mcp/stdio/memory.ts';
import { INITIALIZE_PARAMS } from '../../support/mcp.ts';

// biome-ignore lint/suspicious/noExplicitAny: protocol messages are looked at by tests only
export type Json = any;

/** A client at the other end of a bridge. */
export interface StdioClient extends Bridge {
  readonly log: string[];
  readonly input: PassThrough;
  readonly output: PassThrough;
  send(...messages: (object | string)[]): void;
  /** The next line of output. */
  next(): Promise<Json>;
  /** Closes the input, and returns the lines that were not read yet. */
  end(): Promise<Json[]>;
}

export function connect(
  fetch: BridgeOptions['fetch'],
  options: { memory?: SessionMemory; session?: string; maxLine?: number } = {},
): StdioClient {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const log: string[] = [];
  const bridge = startBridge({
    fetch,
    input,
    output,
    maxLine: options.maxLine ?? 1024 * 1024,
    memory: options.memory ?? createMemory(),
    session: options.session,
    log: (message) => log.push(message),
  });
  onTestFinished(() => {
    output.destroy();
    bridge.stop();
  });
  const lines = linesOf(output);
  return {
    ...bridge,
    log,
    input,
    output,
    send(...messages) {
      for (const message of messages) {
        input.write(
          `${typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })}\n`,
        );
      }
    },
    async next() {
      const { value, done } = await lines.next();
      if (done) throw new Error('the output has ended');
      return value;
    },
    async end() {
      input.end();
      await bridge.finished;
      output.end();
      const rest: Json[] = [];
      for await (const line of lines) rest.push(line);
      return rest;
    },
  };
}

export function createMemory(): SessionMemory & {
  readonly kept: Map<string, string>;
  readonly forgotten: string[];
} {
  const kept = new Map<string, string>();
  const forgotten: string[] = [];
  return {
    kept,
    forgotten,
    forget: async (session) => void forgotten.push(session),
    find: async (client) => kept.get(client),
    keep: async (client, session) => void kept.set(client, session),
  };
}

export const INITIALIZE: object = {
  id: 'init',
  method: 'initialize',
  params: INITIALIZE_PARAMS,
};
export const INITIALIZED: object = { method: 'notifications/initialized' };

async function* linesOf(output: AsyncIterable<Buffer>): AsyncGenerator<Json, void, undefined> {
  let rest = '';
  for await (const bytes of output) {
    const lines = (rest + bytes.toString()).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
  if (rest !== '') throw new Error(`the output ends within a line: ${rest}`);
}
