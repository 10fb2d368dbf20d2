import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { type GlueState, glueState } from '../../../src/component/glue-state.ts';
import { type Loaded, leanGlue, load, transpileSync } from './component.ts';

/** An instance of one of the guests in `guests.ts`. */
export interface ThingGuest {
  run(number: number): unknown;
  name(number: number): unknown;
  readonly state: GlueState;
  readonly log: unknown[];
  readonly disposed: number[];
}

/** What its host functions do, if not what they usually do. */
export type Overrides = Readonly<Record<string, (...values: never[]) => unknown>>;

/** `run` may be suspended, if `suspending` says so: in `wait`, `look` and `take`. */
export async function loadGuest(
  wat: string,
  suspending: 'suspending' | 'none' = 'none',
): Promise<(overrides?: Overrides) => ThingGuest> {
  const transpiled = await transpileSync(await parse(wat));
  const names =
    suspending === 'none'
      ? []
      : [...['wait', 'look', 'take'].map((name) => `test:host/things#${name}`), 'run#run'];
  const loaded = await load(transpiled, leanGlue(transpiled, names));
  return (overrides) => instantiate(loaded, overrides);
}

function instantiate(loaded: Loaded, overrides: Overrides = {}): ThingGuest {
  const log: unknown[] = [];
  const disposed: number[] = [];
  let made = 0;
  class Thing {
    readonly number: number;
    constructor(number: number) {
      this.number = number;
    }
    [Symbol.dispose](): void {
      disposed.push(this.number);
    }
  }
  const instance = loaded.instantiate({
    'test:host/things@1.0.0': {
      Thing,
      make: () => new Thing(++made),
      look: (thing: Thing) => thing.number,
      take: (thing: Thing) => void log.push(`took ${thing.number}`),
      log: (number: number) => void log.push(number),
      text: (text: string) => void log.push(text),
      names: () => new Uint8Array(3),
      wait: () => {},
      ...overrides,
    },
  }) as unknown as Pick<ThingGuest, 'run' | 'name'>;
  const state = glueState(instance);
  if (state === undefined) throw new TypeError('the glue is not lean');
  return { run: instance.run, name: instance.name, state, log, disposed };
}
