import { WasmcpError } from '../../host/index.ts';
import type { LoadedComponent } from './component.ts';

/**
 * Checks that everything the component executes is counted: only then does fuel end its guests.
 *
 * @throws WasmcpError `component-unlinkable`
 */
export function assertCountable({ source, glue, unmetered }: LoadedComponent): void {
  const reason = glue.kind === 'raw' ? `it runs with jco's own glue: ${glue.reason}` : unmetered;
  if (reason === undefined) return;
  throw new WasmcpError(
    'component-unlinkable',
    `${source} cannot be given fuel, because not all of its code is counted (${reason}): leave out --fuel, and limit its time by --timeout`,
  );
}
