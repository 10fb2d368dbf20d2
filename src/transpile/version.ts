import { jcoName } from './jco-name.ts';

/** Raise it when the same jco would give other output than before: entries in caches become stale. */
const REVISION = 37;

/** Changes whenever the same component would be transpiled differently. */
export function transpilerVersion(): string {
  return `${jcoName()} revision ${REVISION}`;
}
