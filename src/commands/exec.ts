import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { shownOn } from '../engine/terminal.ts';
import { createServer, WasmcpError } from '../index.ts';
import type { CliStreams, Command } from './command.ts';
import { load, tellHow } from './load.ts';
import { print } from './print.ts';
import { LISTEN_OPTIONS, SERVER_OPTIONS, serverOptions } from './server-options.ts';
import { endWithin, untilSignal } from './signals.ts';

/** Passed on to the command; what ends it is its own affair. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];
/** Milliseconds between two looks at the path of `--wait`. */
const WAIT_STEP = 100;
/** What a shell answers for a command that is not there, and for one that may not be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** In a word that is no program's name, it is meant for a shell. */
const SHELL_SYNTAX = /[\s;&|<>$`]/;
const FOR_A_SHELL = "it was given as one word; a command line for a shell is -- sh -c '…'";

/** Serves a component while a command runs, for tests and CI; exits as the command does. */
export const exec: Command = {
  name: 'exec',
  summary: 'serve a component on a free port while a command runs, and exit with its status',
  options: ['wait', 'keep', 'serverLog', ...LISTEN_OPTIONS, ...SERVER_OPTIONS],
  adjusted: {
    addr: { fallback: { host: '127.0.0.1', port: 0 }, fallbackText: 'a free port' },
    store: { fallback: 'memory:', fallbackText: 'memory:, nothing is kept' },
  },
  rest: { description: 'the command and its arguments, after --', from: 'dashes' },
  examples: `
Examples:
  wasmcp-node exec server.wasm -- node test.mjs
  wasmcp-node exec server.wasm --env API_KEY --server-log server.log -- npx vitest run
  wasmcp-node exec server.wasm -- sh -c 'curl -s $WASMCP_URL/mcp'

The command finds the server's address in WASMCP_URL (http://127.0.0.1:PORT, without a slash at its end) and its port in
PORT. It has this shell's input and output; what the server and its guests print goes to stderr, or to --server-log.
Exit status: the command's, 128 + the signal that ended it, 127 when it is not found, 1 when the server could not start.`,

  async run(path, options, streams, [command, ...args], idleWorkers) {
    if (command === undefined) {
      throw new WasmcpError('option-invalid', 'which command? write it after --, such as -- node test.mjs');
    }
    const output = options.serverLog === undefined ? streams.stderr : await openLog(options.serverLog);
    // Whoever read the output has gone, or the log's disk is full: the command and its status are what counts.
    for (const stream of [output, streams.stderr]) stream.on('error', () => {});
    const apart: CliStreams = { stdin: streams.stdin, stdout: output, stderr: output };
    const component = await load(path, options);
    const broken = Promise.withResolvers<WasmcpError>();
    const shown = shownOn(output);
    const server = createServer(component, {
      ...(await serverOptions(options, apart)),
      ...(idleWorkers && { idleWorkers }),
      storeBroken: broken.resolve,
      maxConnections: options.maxConnections,
      keepAlive: options.keepAlive,
      bodyTimeout: options.bodyTimeout,
      output: (_, bytes) => print(output, shown(bytes)),
    });
    try {
      const url = (await server.listen(options.addr.port, options.addr.host)).slice(0, -1);
      tellHow(component, options.verbose ?? false, apart);
      if (options.wait !== undefined) await untilAnswered(url + options.wait, options.timeout);
      const child = spawn(command, args, {
        stdio: 'inherit',
        env: { ...process.env, WASMCP_URL: url, PORT: new URL(url).port },
      });
      const status = await Promise.race([ended(child, command, streams), broken.promise]);
      if (typeof status !== 'number') {
        child.kill();
        throw status;
      }
      if (options.keep) {
        streams.stderr.write(`The command ended with ${status}; still serving HTTP on ${url}/\n`);
        await untilSignal();
      }
      return status;
    } finally {
      endWithin(options.drain, 1, streams);
      await server.close(options.drain);
      if (output !== streams.stderr) await new Promise<void>((resolve) => output.end(resolve));
    }
  },
};

/** The exit status of the command, which gets the signals that come here until then. */
async function ended(
  child: ChildProcess,
  command: string,
  { stderr }: Pick<CliStreams, 'stderr'>,
): Promise<number> {
  const forward = (signal: NodeJS.Signals): void => {
    // A terminal sends its interrupts to the command by itself: twice would be taken for impatience.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return status ?? 128 + constants.signals[signal!];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'is not found' : `cannot be run: ${message}`;
    const advice = code === 'ENOENT' && SHELL_SYNTAX.test(command) ? `; ${FOR_A_SHELL}` : '';
    stderr.write(`error: the command ${command} ${reason}${advice}\n`);
    return code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE;
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

/** Asks for the path until the answer is a success. */
async function untilAnswered(url: string, limit: number): Promise<void> {
  const over = AbortSignal.timeout(limit);
  let last = 'nothing';
  while (!over.aborted) {
    const answer = await fetch(url, { signal: over }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    last = answer === undefined ? last : `status ${answer.status}`;
    await delay(WAIT_STEP);
  }
  throw new WasmcpError(
    'server-not-ready',
    `${url} gave ${last} within ${limit} ms: the command was not started`,
  );
}

async function openLog(path: string): Promise<Writable> {
  const log = createWriteStream(path, { flags: 'a' });
  try {
    await once(log, 'open');
  } catch (error) {
    const reason = (error as Error).message;
    throw new WasmcpError('option-invalid', `--server-log ${path} cannot be written: ${reason}`, {
      cause: error,
    });
  }
  return log;
}
