import {
  bytesSource,
  checked,
  createHost,
  Guest,
  offersFunction,
  prefixedLines,
  type Store,
} from '../../host/index.ts';
import type { LoadedComponent } from './component.ts';
import { type LinkReport, link } from './link-check.ts';

/** The offered interfaces do not depend on the store, and opening a real one took longer than everything else. */
const NO_STORE: Store = {
  url: 'none:',
  get: uncalled,
  exists: uncalled,
  set: uncalled,
  delete: uncalled,
  list: uncalled,
  range: uncalled,
  getMany: uncalled,
  setMany: uncalled,
  deleteMany: uncalled,
  increment: uncalled,
  read: uncalled,
  swap: uncalled,
  buckets: uncalled,
  close: uncalled,
};

function uncalled(): never {
  throw new TypeError('linking uses no store');
}

/** Compares a component's imports with everything that the host can offer. Runs nothing and has no side effects. */
export function linkWithHost(component: LoadedComponent): LinkReport {
  const silent = prefixedLines('', () => {});
  const bind = createHost({ store: checked(NO_STORE) }).bind(new Guest(), {
    stdin: bytesSource(),
    stdout: silent,
    stderr: silent,
  });
  return link(component, { bind, offersFunction });
}
