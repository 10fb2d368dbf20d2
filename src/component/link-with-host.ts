import {
  bytesSource,
  checked,
  createHost,
  Guest,
  offersFunction,
  openStore,
  prefixedLines,
} from '../../host/index.ts';
import type { LoadedComponent } from './component.ts';
import { type LinkReport, link } from './link-check.ts';

/** Compares a component's imports with everything that the host can offer. Runs nothing and has no side effects. */
export async function linkWithHost(component: LoadedComponent): Promise<LinkReport> {
  const store = checked(await openStore('memory:'));
  const silent = prefixedLines('', () => {});
  const bind = createHost({ store }).bind(new Guest(), {
    stdin: bytesSource(),
    stdout: silent,
    stderr: silent,
  });
  const report = link(component, { bind, offersFunction });
  await store.close();
  return report;
}
