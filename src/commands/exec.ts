import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { WasmcpError } from '../../host/index.ts';
import { DEFAULTS } from '../options/defaults.ts';
import { isUnix } from '../server/listen-address.ts';
import type { CliStreams, Command } from './command.ts';
import { load, reportLoad } from './load.ts';
import { textLog } from './print.ts';
import { LISTEN_OPTIONS, SERVER_OPTIONS, serverOptions } from './server-options.ts';
import { endWithin, untilSignal } from './signals.ts';
import { startServer } from './start-server.ts';

/** Forwarded to the command, which decides itself when to end. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];
/** Milliseconds between two requests for the path of `--wait`. */
const WAIT_STEP = 100;
/** A shell's exit status for a command that is not found, and for one that is not executable. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** A word that contains it was meant for a shell. */
const SHELL_SYNTAX = /[\s;&|<>$`]/;
const FOR_A_SHELL = "it was given as one word; to run a command line in a shell, write -- sh -c '…'";

/** Serves a component while a command runs, for tests and CI; exits as the command does. */
export const exec: Command = {
  name: 'exec',
  summary: 'serve a component on a free port while a command runs, and exit with its status',
  options: ['wait', 'keep', 'serverLog', ...LISTEN_OPTIONS, ...SERVER_OPTIONS],
  adjusted: {
    addr: { fallbackText: 'a free port' },
    store: { fallback: 'memory:', fallbackText: 'memory:, which keeps nothing' },
  },
  rest: { description: 'the command and its arguments, after --', from: 'dashes' },
  examples: `
Examples:
  wasmcp-node exec server.wasm -- node test.mjs
  wasmcp-node exec server.wasm --env API_KEY --server-log server.log -- npx vitest run
  wasmcp-node exec server.wasm -- sh -c 'curl -s $WASMCP_URL/mcp'

The command finds the server's address in WASMCP_URL (http://127.0.0.1:PORT, without a trailing slash) and its port in
PORT. It inherits this shell's input and output; the output of server and guests goes to stderr, or to --server-log.
Exit status: the command's, 128 + the signal that ended it, 127 when it is not found, 1 when the server could not start.`,

  async run(path, options, streams, [command, ...args], prestartedWorker) {
    if (command === undefined) {
      throw new WasmcpError('option-invalid', 'no command: write it after --, such as -- node test.mjs');
    }
    const output = options.serverLog === undefined ? streams.stderr : await openLog(options.serverLog);
    if (options.wait !== undefined && options.addr?.every(isUnix)) {
      throw new WasmcpError('option-invalid', '--wait needs an --addr that is not a Unix socket');
    }
    const apart: CliStreams = { stdin: streams.stdin, stdout: output, stderr: output };
    const component = await load(path, options);
    const { server, storeBroken } = startServer(
      component,
      await serverOptions(options, textLog(apart.stderr)),
      options,
      {
        output: apart,
        listenOn: options.addr ?? [{ host: DEFAULTS.host, port: 0 }],
        ...(prestartedWorker && { prestartedWorker }),
      },
    );
    try {
      const first = await server.listen();
      const url = server.urls.find((one) => one.startsWith('http'))?.slice(0, -1) ?? first;
      reportLoad(component, options.verbose ?? false, apart);
      if (options.wait !== undefined) await untilAnswered(url + options.wait, options.timeout);
      const child = spawn(command, args, {
        stdio: 'inherit',
        env: { ...process.env, WASMCP_URL: url, PORT: new URL(url).port },
      });
      const status = await Promise.race([ended(child, command, streams), storeBroken]);
      if (typeof status !== 'number') {
        child.kill();
        throw status;
      }
      if (options.keep) {
        streams.stderr.write(
          `The command ended with ${status}; still serving HTTP on ${server.urls.join(', ')}\n`,
        );
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

/** The exit status of the command. Until then it gets the signals that are sent to this process. */
async function ended(
  child: ChildProcess,
  command: string,
  { stderr }: Pick<CliStreams, 'stderr'>,
): Promise<number> {
  const forward = (signal: NodeJS.Signals): void => {
    // A terminal sends interrupts to the command as well: a second one would mean to force it.
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

/** Requests the path until the response is a success. */
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
    `${url} returned ${last} within ${limit} ms: the command was not started`,
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
