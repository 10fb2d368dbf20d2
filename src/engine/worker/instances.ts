import { Guest, type GuestIo, type Host, prefixedLines } from '../../../host/index.ts';
import type { Component } from '../../component/component.ts';
import { glueState } from '../../component/glue/state.ts';
import type { GlueModule } from '../../component/glue.ts';
import { bindImports } from '../../component/link.ts';
import {
  createInstancePool,
  type InstancePool,
  type Isolation,
  type NewInstance,
} from '../pristine/instance-pool.ts';

/** An instance, and the guest and the output that its host functions are bound to for its whole life. */
export interface GuestInstance {
  readonly guest: Guest;
  /** Where the guest's output goes from now on. */
  connect(io: GuestIo): void;
  /** `wasi:http/incoming-handler#handle`; settles when the guest is done with the request. */
  handle(request: unknown, responseOut: unknown): unknown;
}

export interface InstancesParts {
  readonly component: Component;
  readonly glue: GlueModule;
  readonly host: Host;
  readonly isolation: Isolation;
  readonly idleLimit: number;
  readonly verify: boolean;
  /** Told once when instances cannot be restored although they should be. */
  degraded(reason: string): void;
}

/** What is printed before there is a request belongs to none. */
const NOWHERE: GuestIo = { stdout: prefixedLines('', () => {}), stderr: prefixedLines('', () => {}) };

/** The instances of this thread's component, each with a guest of its own. */
export function createInstances(parts: InstancesParts): InstancePool<GuestInstance> {
  const { component, glue, host, ...options } = parts;
  const handler = component.exports.find((name) => name.startsWith('wasi:http/incoming-handler@'))!;

  function create(): NewInstance<GuestInstance> {
    const guest = new Guest();
    let io = NOWHERE;
    const imports = bindImports(
      component,
      host.bind(guest, {
        get stdout() {
          return io.stdout;
        },
        get stderr() {
          return io.stderr;
        },
      }),
    );
    const cores: WebAssembly.Instance[] = [];
    const exports = glue.instantiate(
      (name) => component.modules[name]!,
      imports,
      (module, coreImports) => {
        const core = new WebAssembly.Instance(module, coreImports);
        cores.push(core);
        return core;
      },
    );
    const state = glueState(exports);
    const handle = exports[handler]!.handle!;
    return {
      instance: {
        guest,
        handle,
        connect(newIo) {
          io = newIo;
        },
      },
      cores,
      glue: state,
      impure: state !== undefined && state.hostCalls > 0,
    };
  }

  return createInstancePool({ create, unrestorable: component.unrestorable, ...options });
}
