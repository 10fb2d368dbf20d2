import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import {
  checked,
  createBudget,
  createHost,
  cutText,
  endingInput,
  Guest,
  GuestExit,
  type Host,
  openOutgoing,
  openStore,
  requireComplete,
  type Store,
  seed,
  WasmcpError,
} from '../../../host/index.ts';
import { type GlueModule, runGlue } from '../../component/glue.ts';
import { bindImports } from '../../component/link-check.ts';
import { createMeter } from '../../metering/meter.ts';
import { FIRST_QUANTUM } from '../../metering/quantum.ts';
import { coreInstantiator } from '../../snapshot/instantiate.ts';
import { outOfCpu, outOfFuel } from '../worker/failures.ts';
import { createPostedInput } from './input.ts';
import { LimitedCpu } from './limited-cpu.ts';
import type { CommandEnd, CommandSetup, FromCommand, OutputStream, ToCommand } from './messages.ts';
import { createPostedOutput } from './output.ts';

const port = parentPort!;
const setup = workerData as CommandSetup;
const { component } = setup;
const post = (message: FromCommand): void => port.postMessage(message);

const input = createPostedInput(() => post({ type: 'want-input' }), receiveAll);
const outputs = { stdout: createOutput('stdout'), stderr: createOutput('stderr') };
const log = (level: string, context: string, message: string): void =>
  post({ type: 'log', level, context, message });
const outgoing = openOutgoing({ ...setup.outgoing, refused: (line) => log('warn', 'outgoing', line) });
let store: Store | undefined;

function createOutput(stream: OutputStream): ReturnType<typeof createPostedOutput> {
  return createPostedOutput((bytes) => post({ type: 'output', stream, bytes }), receiveAll);
}

function receiveAll(): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    receive(next.message as ToCommand);
  }
}

function receive(message: ToCommand): void {
  if (message.type === 'input') input.push(message.bytes);
  else if (message.type === 'input-end') input.end();
  else if (message.type === 'input-failed') input.fail(message.reason);
  else if (message.type === 'taken') outputs[message.stream].taken(message.bytes);
  else outputs[message.stream].break(message.reason);
}

/** Opens no store for a program that does not use one: it would leave a file behind. */
async function openNeededStore(): Promise<Store | undefined> {
  const needed = component.imports.some(({ name }) => name.startsWith('wasi:keyvalue/'));
  if (!needed) return undefined;
  const opened = await openStore(setup.storeUrl, setup.storeAccess);
  await requireComplete(opened);
  await seed(opened, setup.presets);
  return opened;
}

async function openHost(): Promise<Host> {
  store = await openNeededStore();
  return createHost({
    env: setup.env,
    args: setup.args,
    config: setup.config,
    preopens: setup.preopens,
    protected: setup.protected,
    log,
    outgoing,
    ...(store !== undefined && { store: checked(store, setup.storeLimits) }),
  });
}

async function run(host: Host, glue: GlueModule): Promise<CommandEnd> {
  const guest = new Guest(undefined, createBudget({ limit: setup.maxHostMemory }));
  const bind = host.bind(guest, { stdin: endingInput(input), ...outputs });
  const cpu = new LimitedCpu(setup.cpu);
  const meter = createMeter(cpu, FIRST_QUANTUM, setup.fuel);
  const entry = component.exports.find((name) => name.startsWith('wasi:cli/run@'))!;
  try {
    const imports = bindImports(component, bind, guest.budget);
    const instantiateCore = coreInstantiator(component, undefined, meter);
    const instance = glue.instantiate((name) => component.modules[name]!, imports, instantiateCore);
    await instance[entry]!.run!();
    return { kind: 'exited', status: 0 };
  } catch (error) {
    if (meter.exhausted) return { kind: 'trapped', message: outOfFuel(setup.fuel!).message };
    if (cpu.overspent) return { kind: 'trapped', message: outOfCpu(setup.cpu!).message };
    return endOf(error);
  } finally {
    guest.release();
  }
}

function endOf(error: unknown): CommandEnd {
  // What jco's glue throws for `result::err` without a value.
  if (error === undefined) return { kind: 'exited', status: 1 };
  if (error instanceof GuestExit) return { kind: 'exited', status: error.status };
  return {
    kind: 'trapped',
    message: `the guest trapped: ${cutText(error instanceof Error ? error.message : String(error))}`,
  };
}

try {
  const host = await openHost();
  const glue = runGlue(component.glue);
  port.on('message', receive);
  post({ type: 'started' });
  const end = await run(host, glue);
  await outgoing.close();
  await store?.close();
  post({ type: 'ended', end });
} catch (error) {
  await store?.close();
  const code = error instanceof WasmcpError ? error.code : 'worker-lost';
  post({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) });
}
port.close();
