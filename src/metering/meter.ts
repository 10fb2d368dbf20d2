import { ASK_WASM } from './ask-wasm.ts';
import type { MeterNames } from './names.ts';

/** Decides on the questions that a guest asks in the middle of its code. */
export interface Questions {
  /** A quantum is used up: returns the next one, 0 to wait for it, or -1 to trap. */
  tick(): number;
  /** Called after `tick` returned 0. Resolves to the next quantum, or -1 to trap. */
  wait(): Promise<number>;
  /** `wait` could not suspend the guest, because JavaScript is on its stack. Returns the next quantum, or -1 to trap. */
  cannotWait(): number;
}

/** Connects the core instances of one component instance with the code that decides on quantums. */
export interface Meter {
  /** Lets a new core instance ask; its start function has not run yet. */
  attach(core: WebAssembly.Instance, names: MeterNames): void;
  /** Makes the guest ask as soon as the host function that it called returns, because units do not count the time spent there. */
  askSoon(): void;
  /** Units used since the instance was created. Exact while it asks, and between calls. */
  readonly used: number;
  /** All fuel was used up, and the guest was trapped without a call of `tick`. */
  readonly exhausted: boolean;
  /** A request begins, with all of the fuel. Must be called only while nothing runs. */
  refuel(): void;
}

type Ask = (left: number) => number;

let compiled: WebAssembly.Module | undefined;

/**
 * With `fuel`, the guest is trapped at the first question at which it has used more units than that. Quantums depend on time, but
 * the end must not. Therefore the units that all core instances have left never exceed the remaining fuel by more than one, so
 * the core instance that uses up the fuel asks.
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
  let waits = 0;

  /** A core instance that asks has used more than it had; `granted` was corrected for the difference. */
  const used = (): number => cores.reduce((sum, units) => sum - Math.max(0, units.value), granted);

  /** Takes back what the core instances have left: each asks as soon as it uses another unit. */
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
      // Units used beyond the last quantum are not subtracted from the next one.
      granted -= left;
      exhausted = granted >= end && used() >= end;
      return exhausted ? -1 : grant(questions.tick());
    },
    async wait() {
      waits += 1;
      const mine = waits;
      const quantum = await questions.wait();
      // Node 24 calls it before it notices that the guest cannot be suspended.
      return mine === waits ? grant(quantum) : 0;
    },
    cannotWait() {
      waits += 1;
      return grant(questions.cannotWait());
    },
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
