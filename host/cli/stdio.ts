import type { Guest } from '../guest.ts';
import { bytesSource } from '../io/bytes-source.ts';
import { InputStream } from '../io/input-stream.ts';
import { OutputStream } from '../io/output-stream.ts';
import type { GuestIo, Implementation } from '../options.ts';

/** `wasi:cli/stdin`. */
export function stdin(guest: Guest, io: GuestIo): Implementation {
  return { getStdin: (): InputStream => new InputStream(guest, io.stdin ?? bytesSource()) };
}

/** `wasi:cli/stdout`. */
export function stdout(guest: Guest, io: GuestIo): Implementation {
  return { getStdout: (): OutputStream => new OutputStream({ guest }, io.stdout) };
}

/** `wasi:cli/stderr`. */
export function stderr(guest: Guest, io: GuestIo): Implementation {
  return { getStderr: (): OutputStream => new OutputStream({ guest }, io.stderr) };
}
