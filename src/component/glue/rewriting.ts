import type { Editor } from './edit.ts';
import type { HostFunction } from './host-functions.ts';
import type { Outline } from './outline.ts';
import type { RootExport } from './root-exports.ts';
import type { AnyNode } from './syntax.ts';

/** What each rewrite gets: where things are, and the editor. */
export interface Rewriting {
  readonly outline: Outline;
  readonly edit: Editor;
  readonly hostFunctions: readonly HostFunction[];
  /** jco's helpers. */
  readonly helpers: readonly AnyNode[];
  /** The component's code without the bindings of host functions, which are half of it and replaced as a whole. */
  readonly body: readonly AnyNode[];
  readonly rootExports: readonly RootExport[];
  /** Can this host function be answered with a promise? */
  readonly mayWait: (hostFunction: HostFunction) => boolean;
  /** May a guest be suspended during this export? */
  readonly maySuspend: (rootExport: RootExport) => boolean;
}
