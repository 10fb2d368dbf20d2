import { Guest, type GuestIo, type Host } from '../../host/index.ts';
import type { LoadedComponent } from '../../src/component/component.ts';
import { type GlueModule, runGlue } from '../../src/component/glue.ts';
import { glueState } from '../../src/component/glue-state.ts';
import { bindImports } from '../../src/component/link-check.ts';
import { createMeter, type Questions } from '../../src/metering/meter.ts';
import { coreInstantiator } from '../../src/snapshot/instantiate.ts';

/** Whether a guest is suspended at every question; `never` asks nothing. */
export type Manner = 'never' | 'ask' | 'suspend';

/** What a guest has used. */
export interface Counts {
  /** From the instance's start on. */
  readonly units: number;
  readonly ticks: number;
  readonly waits: number;
}

export interface MeteredInstance {
  readonly guest: Guest;
  readonly exports: ReturnType<GlueModule['instantiate']>;
  counts(): Counts;
}

/** Units between questions, which is less than any useful quantum. */
const OFTEN = 500;

/** An instance of a component with a guest of its own, in this thread. */
export function meteredInstance(
  component: LoadedComponent,
  host: Host,
  io: GuestIo,
  manner: Manner,
): MeteredInstance {
  let maySuspend = (): boolean => false;
  const guest = new Guest();
  let ticks = 0;
  let waits = 0;
  let resumes: NodeJS.Immediate | undefined;
  const questions: Questions = {
    tick() {
      ticks += 1;
      return manner === 'suspend' && maySuspend() ? 0 : OFTEN;
    },
    wait() {
      waits += 1;
      return new Promise((resolve) => {
        resumes = setImmediate(resolve, OFTEN);
      });
    },
    cannotWait() {
      // Some versions of V8 call `wait` before they find out.
      clearImmediate(resumes);
      return OFTEN;
    },
  };
  const meter = createMeter(questions, manner === 'never' ? 2_000_000_000 : OFTEN);
  const exports = runGlue(component.glue).instantiate(
    (name) => component.modules[name]!,
    bindImports(component, host.bind(guest, io), guest.budget),
    coreInstantiator(component, undefined, meter),
  );
  const state = glueState(exports);
  maySuspend = () => state?.maySuspend ?? false;
  return { guest, exports, counts: () => ({ units: meter.used, ticks, waits }) };
}
