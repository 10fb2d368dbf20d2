import type { Server } from '../index.ts';
import type { CliStreams } from './command.ts';

/** The first signal that asks to stop. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}

/** A second signal while requests drain ends the process at once: what was acknowledged is on disk already. */
export async function closeOnce(
  server: Pick<Server, 'close'>,
  drain: number,
  streams: Pick<CliStreams, 'stderr'>,
): Promise<void> {
  const force = (signal: NodeJS.Signals): void => {
    streams.stderr.write('Stopped at once; requests under way were cut\n');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGTERM', force).on('SIGINT', force);
  await server.close(drain);
  process.off('SIGTERM', force).off('SIGINT', force);
}
