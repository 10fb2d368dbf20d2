import type { Readable, Writable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { type Log, WasmcpError } from '../../../host/index.ts';
import { assertCountable } from '../../component/countable.ts';
import { assertLinked } from '../../component/link-check.ts';
import { linkWithHost } from '../../component/link-with-host.ts';
import { GUEST_THREAD_LIMITS } from '../../process/heap.ts';
import { openStandardInput } from '../../process/standard-input.ts';
import { openStandardOutput } from '../../process/standard-output.ts';
import { workerArguments, workerEnvironment } from '../../worker-environment.ts';
import type { CommandEnd, CommandSetup, FromCommand, OutputStream, ToCommand } from './messages.ts';

export type { CommandEnd } from './messages.ts';

/** What a program gets, and where its output goes. The caller closes the streams. */
export interface CommandOptions extends CommandSetup {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Milliseconds after which the program is terminated; `Infinity` for no limit. */
  readonly timeout: number;
  /** Messages of wasi:logging. */
  readonly log: Log;
}

const ENTRY = new URL(import.meta.url.replace(/run-command(\.[jt]s)$/, 'worker$1'));

/**
 * Runs the `wasi:cli/run` of a component to its end, in its own thread. Settles when all its output is written. Input is
 * read when the guest asks for it, never ahead; a slow reader slows the guest down.
 *
 * @throws WasmcpError `component-unlinkable`, `store-*`, `directory-unusable`; `worker-lost` when the thread died
 */
export async function runCommand(options: CommandOptions): Promise<CommandEnd> {
  const { stdin, stdout, stderr, timeout, log, ...setup } = options;
  assertLinked(linkWithHost(setup.component), 'wasi:cli/run');
  if (setup.fuel !== undefined) assertCountable(setup.component);
  const worker = new Worker(ENTRY, {
    workerData: setup satisfies CommandSetup,
    execArgv: workerArguments(),
    env: workerEnvironment(),
    resourceLimits: GUEST_THREAD_LIMITS,
  });
  const input = openStandardInput(stdin);
  const outputs = { stdout: openStandardOutput(stdout), stderr: openStandardOutput(stderr) };
  const ended = Promise.withResolvers<CommandEnd>();
  let timer: NodeJS.Timeout | undefined;

  const post = (message: ToCommand): void => worker.postMessage(message);

  async function feed(): Promise<void> {
    try {
      const bytes = await input.next();
      post(bytes === undefined ? { type: 'input-end' } : { type: 'input', bytes: new Uint8Array(bytes) });
    } catch (error) {
      post({ type: 'input-failed', reason: (error as Error).message });
    }
  }

  async function write(stream: OutputStream, bytes: Uint8Array): Promise<void> {
    const reason = await outputs[stream].write(bytes);
    if (reason === undefined) post({ type: 'taken', stream, bytes: bytes.length });
    else post({ type: 'broken', stream, reason });
  }

  worker.on('message', (message: FromCommand) => {
    if (message.type === 'started') {
      if (!Number.isFinite(timeout)) return;
      const message = `the guest did not end within ${timeout} ms`;
      timer = setTimeout(() => ended.resolve({ kind: 'trapped', message }), timeout);
    } else if (message.type === 'want-input') void feed();
    else if (message.type === 'output') void write(message.stream, message.bytes);
    else if (message.type === 'log') log(message.level, message.context, message.message);
    else if (message.type === 'ended') ended.resolve(message.end);
    else ended.reject(new WasmcpError(message.code, message.message));
  });
  worker.on('error', (error) => {
    const reason = error instanceof Error ? error.message : String(error);
    ended.reject(new WasmcpError('worker-lost', `the program's thread died: ${reason}`, { cause: error }));
  });
  worker.on('exit', () => ended.reject(new WasmcpError('worker-lost', "the program's thread was ended")));

  try {
    return await ended.promise;
  } finally {
    clearTimeout(timer);
    input.close();
    await worker.terminate();
    await Promise.all([outputs.stdout.close(), outputs.stderr.close()]);
  }
}
