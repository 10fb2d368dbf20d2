import type { Editor } from './edit.ts';
import type { LeanCode } from './host-functions/lean.ts';
import type { HostFunction } from './host-functions/read.ts';
import type { SuspendMode } from './host-functions/suspend-mode.ts';
import type { Outline } from './outline.ts';
import type { RootExport } from './root-exports.ts';

/** A host function whose code is already lean. */
export interface RewrittenHostFunction extends HostFunction {
  readonly mode: SuspendMode;
  readonly lean: LeanCode;
}

/** The input of each rewrite: the outline of the glue without the code of host functions, and the editor. */
export interface Rewriting {
  readonly outline: Outline;
  readonly edit: Editor;
  /** Code to be inserted before the glue. */
  readonly prelude: string[];
  readonly hostFunctions: readonly RewrittenHostFunction[];
  readonly rootExports: readonly RootExport[];
  /** Whether a guest may be suspended during this export. */
  readonly maySuspend: (rootExport: RootExport) => boolean;
}
