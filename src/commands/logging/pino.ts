import { once } from 'node:events';
import { destination, type LevelWithSilent, pino, stdTimeFunctions } from 'pino';
import { WasmcpError } from '../../../host/index.ts';
import type { Sink } from './sink.ts';

/** Bytes that wait for a slow disk before lines are dropped: a log must not fill memory. */
const MAX_WAITING = 16 * 1024 * 1024;

/** Characters that are written together, and the milliseconds after which fewer are. */
const TOGETHER = 8 * 1024;
const FLUSH_INTERVAL = 100;

/** Names of levels that pino knows under another one. */
const LEVELS: Readonly<Record<string, string>> = { critical: 'fatal' };

/** Writes one JSON object for each line of a log. */
export type WriteJson = (level: string, fields: Readonly<Record<string, unknown>>, message: string) => void;

export function jsonLines(sink: Sink): WriteJson {
  const logger = pino(
    {
      level: 'trace',
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  return (level, fields, message) => {
    const name = LEVELS[level] ?? level;
    // Guests choose the level of what they log.
    const known = Object.hasOwn(logger.levels.values, name) ? (name as LevelWithSilent) : 'info';
    logger[known](fields, message);
  };
}

/**
 * Appends to a file, which `reopen` opens again under its path, after it was moved.
 *
 * @throws WasmcpError `option-invalid` if the file cannot be written
 */
export async function openFile(path: string, failed: (message: string) => void): Promise<Sink> {
  const file = destination({
    ...{ dest: path, append: true, sync: false, mode: 0o640, maxLength: MAX_WAITING },
    // So that what is left at the exit of the process is written then, and at once.
    minLength: TOGETHER,
  });
  try {
    await once(file, 'ready');
  } catch (error) {
    const reason = (error as Error).message;
    throw new WasmcpError('option-invalid', `--log-file ${path} cannot be written: ${reason}`, {
      cause: error,
    });
  }
  // A full disk, or a folder that has gone, must not end the server.
  file.on('error', (error: Error) => failed(`--log-file ${path}: ${error.message}`));
  /** The library would collect lines as well, but measures all of them for each. */
  let lines = '';
  let timer: NodeJS.Timeout | undefined;

  function write(): void {
    clearTimeout(timer);
    timer = undefined;
    if (lines !== '') file.write(lines);
    lines = '';
  }

  function flush(): void {
    write();
    file.flush();
  }

  // Before the library's own listener, which writes what it was given.
  process.prependListener('exit', write);
  return {
    // It drops lines itself.
    isStalled: false,
    write(line) {
      lines += line;
      if (lines.length >= TOGETHER) write();
      else timer ??= setTimeout(flush, FLUSH_INTERVAL).unref();
    },
    flush: async () => {},
    reopen() {
      write();
      file.reopen();
    },
    async close() {
      process.off('exit', write);
      const closed = once(file, 'close');
      write();
      file.end();
      await closed;
    },
  };
}
