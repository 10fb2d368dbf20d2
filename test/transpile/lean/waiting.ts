import type { GlueImports } from '../../../src/component/glue.ts';
import { withoutVersion } from '../../../src/component/suspending.ts';

type Method = (this: unknown, ...values: unknown[]) => unknown;
type Holder = Record<string, Method>;

/**
 * Makes each of these functions (`wasi:io/poll#poll`) answer with a promise, some after a turn of the event loop.
 * Methods are changed on their classes: `undo` puts them back.
 */
export function makeWait(names: readonly string[]): {
  wrap: (imports: GlueImports) => GlueImports;
  undo: () => void;
  count: () => number;
} {
  const originals: (() => void)[] = [];
  const changed = new Map<object, Set<string>>();
  let inside = false;
  let calls = 0;

  function waiting(method: Method): Method {
    return function (...values) {
      // The host's own use of what guests call, too.
      if (inside) return method.apply(this, values);
      calls += 1;
      const delay = calls % 3 === 0 ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve();
      return delay.then(() => {
        inside = true;
        try {
          return method.apply(this, values);
        } finally {
          inside = false;
        }
      });
    };
  }

  function change(holder: Holder, name: string): void {
    const seen = changed.get(holder) ?? new Set();
    if (seen.has(name)) return;
    changed.set(holder, seen.add(name));
    const original = holder[name];
    if (original === undefined) throw new TypeError(`there is no ${name}`);
    holder[name] = waiting(original);
    originals.push(() => {
      holder[name] = original;
    });
  }

  function wrap(imports: GlueImports): GlueImports {
    const wrapped: Record<string, object> = {};
    for (const [name, implementation] of Object.entries(imports)) {
      const functions: Holder = { ...(implementation as Holder) };
      wrapped[name] = functions;
      for (const wit of names) {
        const [from, func = ''] = wit.split('#');
        if (from !== withoutVersion(name)) continue;
        const [, kind, resource, method] = /^\[(method|static)\]([^.]+)\.(.+)$/.exec(func) ?? [];
        if (resource === undefined || method === undefined)
          functions[camel(func)] = waiting(functions[camel(func)]!);
        else {
          const type = functions[camel(`-${resource}`)] as unknown as { prototype: Holder } & Holder;
          change(kind === 'method' ? type.prototype : type, camel(method));
        }
      }
    }
    return wrapped;
  }

  return {
    wrap,
    undo: () => {
      for (const restore of originals) restore();
    },
    count: () => calls,
  };
}

function camel(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
