import type { Server } from '../index.ts';
import type { CliStreams } from './command.ts';

/** Resolves with the first SIGTERM or SIGINT. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}

/** Milliseconds in addition to `--drain` for what follows the requests: workers, the store, pending output. */
const AFTERWARDS = 1000;

/**
 * Ends this process `drain` milliseconds and a moment from now, even if something is still pending: a stalled reader of its
 * output, for example, would keep it alive forever. What was acknowledged is on disk. Does nothing when the streams are not
 * those of the process.
 */
export function endWithin(drain: number, status: number, streams: Pick<CliStreams, 'stderr'>): void {
  if (streams !== process) return;
  setTimeout(() => process.exit(process.exitCode ?? status), drain + AFTERWARDS).unref();
}

/**
 * Closes the server before this process ends with `status`. A second signal while requests drain ends the process at once:
 * what was acknowledged is on disk already.
 */
export async function closeOnce(
  server: Pick<Server, 'close'>,
  drain: number,
  streams: Pick<CliStreams, 'stderr'>,
  status = 0,
): Promise<void> {
  endWithin(drain, status, streams);
  const force = (signal: NodeJS.Signals): void => {
    streams.stderr.write('Stopped at once; requests in flight were aborted\n');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGTERM', force).on('SIGINT', force);
  await server.close(drain);
  process.off('SIGTERM', force).off('SIGINT', force);
}
