import { createCallStack } from './call-stack.ts';
import { InstanceState } from './glue-state.ts';
import { createHandles } from './handles.ts';
import { createLifts } from './lifts.ts';
import { createMemoryReader } from './memory-reader.ts';
import { createMemoryViews } from './memory-views.ts';
import { Resources } from './resources.ts';
import { createRootCall } from './root-call.ts';
import { createSuspension } from './suspension.ts';

/** The functions that rewritten glue calls. */
export interface GlueRuntime {
  readonly createCallStack: typeof createCallStack;
  readonly createHandles: typeof createHandles;
  readonly createLifts: typeof createLifts;
  readonly createMemoryReader: typeof createMemoryReader;
  readonly createMemoryViews: typeof createMemoryViews;
  readonly createRootCall: typeof createRootCall;
  readonly createSuspension: typeof createSuspension;
  readonly InstanceState: typeof InstanceState;
  readonly Resources: typeof Resources;
}

/**
 * Glue is a script that imports nothing: it gets this as its one argument. Glue in caches expects these names and signatures,
 * so a change to them needs a new revision in transpile/version.ts.
 */
export const GLUE_RUNTIME: GlueRuntime = {
  createCallStack,
  createHandles,
  createLifts,
  createMemoryReader,
  createMemoryViews,
  createRootCall,
  createSuspension,
  InstanceState,
  Resources,
};
