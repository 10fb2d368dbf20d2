import type { RequestObserver } from '../../http/request-observers.ts';
import type { ServerOptions } from '../../index.ts';
import type { OptionName, OptionValues } from '../../options/types.ts';
import { summaryOf } from '../../server/observe/request-summary.ts';
import type { CliStreams } from '../command.ts';
import { oneLine, textLog } from '../print.ts';
import { accessFields, accessLine } from './access-line.ts';
import { jsonOutput } from './json-output.ts';
import type { WriteJson } from './pino.ts';
import { type Sink, streamSink } from './sink.ts';

/** Options of the commands that serve for a long time. */
export const LOG_OPTIONS: readonly OptionName[] = ['accessLog', 'logFormat', 'logLevel', 'logFile'];

/** Where a command writes what people and programs read about it. */
export interface Logging {
  /** Where messages of the command go. */
  readonly streams: CliStreams;
  /** Where the output of guests goes. */
  readonly output: Pick<CliStreams, 'stdout' | 'stderr'>;
  readonly log: NonNullable<ServerOptions['log']>;
  /** Writes the access log; undefined if there is none. */
  readonly access: RequestObserver | undefined;
  /** Writes what is left. */
  close(): Promise<void>;
}

/** From the least important to the most important; `critical` is wasi:logging's. */
const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];

type Settings = Pick<OptionValues, 'accessLog' | 'logFormat' | 'logLevel' | 'logFile'>;

/**
 * The log of a command, as the options say: on stderr, or in a file that SIGUSR2 opens again.
 *
 * @throws WasmcpError `option-invalid` if the file cannot be written
 */
export async function openLogging(options: Settings, streams: CliStreams): Promise<Logging> {
  const { logFormat, logFile, accessLog, logLevel } = options;
  // Loaded only if needed: it takes a tenth of the start.
  const library = logFormat === 'json' || logFile !== undefined ? await import('./pino.ts') : undefined;
  const warn = (message: string): void => void streams.stderr.write(`warning: ${oneLine(message)}\n`);
  const sink = logFile === undefined ? streamSink(streams.stderr) : await library!.openFile(logFile, warn);
  const json = logFormat === 'json' ? library!.jsonLines(sink) : undefined;
  const text = textLog(streams.stderr);
  const least = LEVELS.indexOf(logLevel);
  const stopReopening = logFile === undefined ? () => {} : reopenOnSignal(sink);
  // On stderr, every line is JSON; a file holds nothing but the log.
  const ownStreams = json !== undefined && logFile === undefined ? jsonStreams(json, sink, streams) : streams;
  return {
    streams: ownStreams,
    output:
      ownStreams === streams ? streams : { stdout: streams.stdout, stderr: jsonOutput(json!, sink, 'guest') },
    log(level, context, message) {
      const rank = LEVELS.indexOf(level);
      if (rank >= 0 && rank < least) return undefined;
      if (json !== undefined) json(level, { context: oneLine(context) }, oneLine(message));
      else if (logFile === undefined) return text(level, context, message);
      else sink.write(`${oneLine(`${level}: ${context}: ${message}`)}\n`);
      return sink.flush();
    },
    access: accessLog ? accessObserver(json, sink) : undefined,
    async close() {
      stopReopening();
      await sink.close();
    },
  };
}

function accessObserver(json: WriteJson | undefined, sink: Sink): RequestObserver {
  return {
    ended(record) {
      // A log must not fill memory.
      if (sink.isStalled) return;
      const request = summaryOf(record);
      if (json === undefined) sink.write(accessLine(request));
      else json('info', { context: 'access', ...accessFields(request) }, 'request');
    },
  };
}

function jsonStreams(json: WriteJson, sink: Sink, { stdin, stdout }: CliStreams): CliStreams {
  return { stdin, stdout, stderr: jsonOutput(json, sink) };
}

function reopenOnSignal(sink: Sink): () => void {
  process.on('SIGUSR2', sink.reopen);
  return () => void process.off('SIGUSR2', sink.reopen);
}
