import { WasmcpError } from '../../host/index.ts';
import type { LoadedComponent } from './component.ts';

/**
 * Checks that everything the component executes is counted: only then does fuel end its guests.
 *
 * @throws WasmcpError `component-unlinkable`
 */
export function assertCountable(component: LoadedComponent): void {
  const reason = whyUncounted(component);
  if (reason === undefined) return;
  throw new WasmcpError(
    'component-unlinkable',
    `${component.source} cannot be given fuel, because not all of its code is counted (${reason}): leave out --fuel, and limit its time by --timeout`,
  );
}

/**
 * Checks that guests of the component can run on the caller's thread: that they can neither block the thread nor end the program by
 * what they allocate.
 *
 * @throws WasmcpError `option-invalid`
 */
export function assertInterruptible(component: LoadedComponent): void {
  const { source, managedModule } = component;
  const reason =
    managedModule === undefined
      ? whyUncounted(component)
      : `${managedModule} has struct or array types (WasmGC), which would fill the heap of this program`;
  if (reason === undefined) return;
  throw new WasmcpError(
    'option-invalid',
    `workers: 0 is refused for ${source}, because its guests could block this thread or end the program (${reason}): give it at least one worker`,
  );
}

/** Why some of its code cannot be interrupted; undefined if all of it can be. */
function whyUncounted({ glue, unmetered }: LoadedComponent): string | undefined {
  return glue.kind === 'raw' ? `it runs with jco's own glue: ${glue.reason}` : unmetered;
}
