import { PassThrough } from 'node:stream';
import { main } from '../../src/cli.ts';

export interface Done {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface KvInput {
  /** One character for each byte. */
  readonly input?: string;
  readonly terminal?: boolean;
}

/** As the command would, but in this process. */
export async function kv(
  store: string,
  args: readonly string[],
  { input = '', terminal = false }: KvInput = {},
): Promise<Done> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  if (terminal) Object.assign(streams.stdout, { isTTY: true });
  const stdout = streams.stdout.toArray();
  const stderr = streams.stderr.toArray();
  streams.stdin.end(Buffer.from(input, 'latin1'));
  const [name, ...rest] = args;
  const status = await main(['kv', name!, '--store', store, ...rest], streams);
  for (const stream of [streams.stdout, streams.stderr]) stream.end();
  return { status, stdout: Buffer.concat(await stdout), stderr: (await stderr).join('') };
}
