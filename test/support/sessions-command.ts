import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import { openStore, type Store } from '../../host/index.ts';
import { main } from '../../src/cli.ts';
import { type Finished, temporaryFolder } from './command.ts';

/** As the command would, but in this process. */
export async function sessions(
  url: string,
  args: readonly string[],
  input: string | Uint8Array = '',
  terminal = false,
): Promise<Finished> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  if (terminal) Object.assign(streams.stdout, { isTTY: true });
  streams.stdin.end(input);
  const stdout = streams.stdout.toArray();
  const stderr = streams.stderr.toArray();
  const [command, ...rest] = args;
  const status = await main(['sessions', command!, '--store', url, ...rest], streams);
  for (const stream of [streams.stdout, streams.stderr]) stream.end();
  return { status, stdout: (await stdout).join(''), stderr: (await stderr).join('') };
}

export function newStore(): string {
  return `sqlite:${join(temporaryFolder(), 'store.db')}`;
}

export async function open(url: string): Promise<Store> {
  const store = await openStore(url, { durability: 'process' });
  onTestFinished(async () => store.close());
  return store;
}
