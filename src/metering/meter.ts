import { ASK_WASM } from './ask-wasm.ts';
import type { MeterNames } from './names.ts';

/** What a guest asks in the middle of its code. */
export interface Questions {
  /** A quantum is used up: returns the next one, 0 to wait for it, or -1 to trap. */
  tick(): number;
  /** Called after `tick` returned 0. Resolves to the next quantum, or -1 to trap. */
  wait(): Promise<number>;
  /** The guest was not suspended by `wait` after all, because JavaScript is on its stack. Returns the next quantum, or -1 to trap. */
  cannotWait(): number;
}

/** What joins the core instances of one instance of a component to those who decide on its quantums. */
export interface Meter {
  /** Lets a core instance ask, which has just been made: its start function has not run yet. */
  attach(core: WebAssembly.Instance, names: MeterNames): void;
  /** Makes the guest ask as soon as the host function that it has called returns: that took much time, which units do not count. */
  askSoon(): void;
  /** Units used since the instance was made. Exact while it asks, and between calls. */
  readonly used: number;
  /** All fuel was used up: the guest was trapped, without being asked about. */
  readonly exhausted: boolean;
  /** A request begins, which has all of the fuel. Only while nothing runs. */
  refuel(): void;
}

type Ask = (left: number) => number;

let compiled: WebAssembly.Module | undefined;

/**
 * With `fuel`, the guest is trapped at the first question at which it has used more units than that. Quantums depend on time, the
 * end must not: so what all cores have left is never more than one unit above what is left of the fuel, and the core that uses
 * it up asks.
 */
export function createMeter(
  questions: Questions,
  firstQuantum: number,
  fuel: number = Number.POSITIVE_INFINITY,
): Meter {
  const cores: WebAssembly.Global<'i32'>[] = [];
  let granted = 0;
  /** Units at which the fuel is used up. */
  let end = fuel + 1;
  let exhausted = false;

  /** One that asks has used what it had, and more, for which `granted` was corrected. */
  const used = (): number => cores.reduce((sum, units) => sum - Math.max(0, units.value), granted);

  /** They ask as soon as they use anything. */
  function withdraw(): void {
    granted = used();
    for (const units of cores) units.value = Math.min(0, units.value);
  }

  function grant(quantum: number): number {
    if (quantum <= 0) return quantum;
    if (granted >= end) withdraw();
    const bounded = Math.min(quantum, Math.max(0, end - granted));
    granted += bounded;
    return bounded;
  }

  const ask = instantiateAsk({
    tick(left) {
      // What was used beyond the last quantum is not owed in the next one.
      granted -= left;
      exhausted = granted >= end && used() >= end;
      return exhausted ? -1 : grant(questions.tick());
    },
    wait: async () => grant(await questions.wait()),
    cannotWait: () => grant(questions.cannotWait()),
  });

  return {
    attach({ exports }, names) {
      const units = exports[names.units] as WebAssembly.Global<'i32'>;
      (exports[names.table] as WebAssembly.Table).set(0, ask);
      units.value = grant(firstQuantum);
      cores.push(units);
    },
    askSoon() {
      for (const units of cores) {
        granted -= units.value;
        units.value = 0;
      }
    },
    get used() {
      return used();
    },
    get exhausted() {
      return exhausted;
    },
    refuel() {
      if (fuel === Number.POSITIVE_INFINITY) return;
      exhausted = false;
      granted = used();
      for (const units of cores) units.value = 0;
      end = granted + fuel + 1;
      for (const units of cores) if (granted < end) units.value = grant(firstQuantum);
    },
  };
}

function instantiateAsk(host: {
  tick(left: number): number;
  wait(): Promise<number>;
  cannotWait(): number;
}): Ask {
  compiled ??= new WebAssembly.Module(Buffer.from(ASK_WASM, 'base64'));
  const { Suspending } = WebAssembly as unknown as {
    Suspending: new (waiting: () => Promise<number>) => WebAssembly.ImportValue;
  };
  const { exports } = new WebAssembly.Instance(compiled, {
    host: { tick: host.tick, wait: new Suspending(host.wait), cannotWait: host.cannotWait },
  });
  return exports.ask as Ask;
}
