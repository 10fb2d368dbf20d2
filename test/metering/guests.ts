import { createMeter, type Meter, type Questions } from '../../src/metering/meter.ts';
import { type MeteredModule, meterModule } from '../../src/metering/meter-module.ts';
import { outlineModule } from '../../src/metering/outline.ts';
import { assemble } from '../support/wat.ts';

/** Far more than the guests of these tests need. */
export const PLENTY = 1_000_000_000;

type Value = number | bigint;

export interface MeteredGuest {
  readonly meter: Meter;
  readonly core: WebAssembly.Instance;
  /** Questions so far. */
  readonly ticks: number;
  call(name: string, ...values: Value[]): Value;
  /** The same call in a stack that can be suspended. */
  promise(name: string, ...values: Value[]): Promise<Value>;
}

export async function meterText(wat: string): Promise<MeteredModule> {
  const bytes = await assemble(wat);
  return meterModule(outlineModule(bytes), bytes);
}

/** Returns how much is granted at each question: 0 to be suspended first, -1 to trap. */
export type Answer = (tick: number) => number;

export async function meteredGuest(
  wat: string,
  answer: Answer = () => PLENTY,
  first = 1000,
  imports: WebAssembly.Imports = {},
): Promise<MeteredGuest> {
  const { bytes, names, unmetered } = await meterText(wat);
  if (unmetered !== undefined || names === undefined) throw new Error(unmetered ?? 'nothing is metered');
  const core = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), imports);
  let ticks = 0;
  const questions: Questions = {
    tick() {
      ticks += 1;
      return answer(ticks);
    },
    wait: () => new Promise((resolve) => setImmediate(resolve, first)),
    cannotWait: () => first,
  };
  const meter = createMeter(questions, first);
  meter.attach(core, names);
  const functions = core.exports as Record<string, (...values: Value[]) => Value>;
  const { promising } = WebAssembly as unknown as {
    promising(func: unknown): (...values: Value[]) => Promise<Value>;
  };
  return {
    meter,
    core,
    get ticks() {
      return ticks;
    },
    call: (name, ...values) => functions[name]!(...values),
    promise: (name, ...values) => promising(functions[name])(...values),
  };
}
