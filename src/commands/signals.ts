import type { Server } from '../index.ts';
import type { CliStreams } from './command.ts';

/** The first signal that asks to stop. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}

/** Milliseconds beyond `--drain` for what comes after the requests: workers, the store, output on its way. */
const AFTERWARDS = 1000;

/**
 * Ends this process `drain` milliseconds and a moment from now, whatever is not over by then: a reader of its output that has
 * stalled, say, would keep it for ever. What was acknowledged is on disk. Does nothing when the streams are not the process's.
 */
export function endWithin(drain: number, status: number, streams: Pick<CliStreams, 'stderr'>): void {
  if (streams !== process) return;
  setTimeout(() => process.exit(process.exitCode ?? status), drain + AFTERWARDS).unref();
}

/**
 * Closes the server before this process ends with `status`. A second signal while requests drain ends it at once: what was
 * acknowledged is on disk already.
 */
export async function closeOnce(
  server: Pick<Server, 'close'>,
  drain: number,
  streams: Pick<CliStreams, 'stderr'>,
  status = 0,
): Promise<void> {
  endWithin(drain, status, streams);
  const force = (signal: NodeJS.Signals): void => {
    streams.stderr.write('Stopped at once; requests under way were cut\n');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGTERM', force).on('SIGINT', force);
  await server.close(drain);
  process.off('SIGTERM', force).off('SIGINT', force);
}
