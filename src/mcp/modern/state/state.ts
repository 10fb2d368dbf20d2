import type { JsonObject } from '../client-message.ts';
import type { LegacyGuest } from '../guest.ts';
import type { Step } from '../step.ts';
import { serveHandle } from './handle-calls.ts';
import { createHandleCounts } from './handle-limits.ts';
import { createHandles } from './handles.ts';
import { learnTools } from './learn-tools.ts';
import type { StateOptions } from './options.ts';
import { createPrincipalRecords } from './principal-records.ts';
import { createPrincipalSessions } from './principal-sessions.ts';
import { createSessionLife } from './session-life.ts';
import type { StateParts } from './state-parts.ts';

/** What was a session becomes state with an owner (SEP-2567). */
export interface State {
  /** A result of `tools/list` as clients get it. */
  list(tools: JsonObject): JsonObject;
  /** Serves a request that has state. `stateless` is called for any other. */
  serve(step: Step, profile: LegacyGuest, stateless: () => void): void;
}

const NONE: State = {
  list: (tools) => tools,
  serve: (_step, _profile, stateless) => stateless(),
};

export function createState(parts: StateParts, options: StateOptions | undefined): State {
  if (options === undefined) return NONE;
  return options.kind === 'handle' ? ofHandles(parts, options) : ofPrincipals(parts, options);
}

function ofHandles(parts: StateParts, { bucket, lifetime, names, limits }: StateOptions): State {
  const { sessions, store } = parts;
  const handles = createHandles(names, lifetime);
  const life = createSessionLife(store, bucket, lifetime);
  const records = store && createPrincipalRecords(store, bucket);
  const counts = createHandleCounts(records, life, lifetime, limits, names);
  return {
    list: handles.list,
    serve(step, profile, stateless) {
      if (handles.useOf(step.message) === undefined) return stateless();
      const serve = (): void => {
        const use = handles.useOf(step.message);
        if (use === undefined) stateless();
        else serveHandle({ sessions, handles, names, counts, life }, use, step, profile);
      };
      if (handles.isInformed) serve();
      else learnTools(parts, handles, step, profile, serve);
    },
  };
}

function ofPrincipals({ sessions, store }: StateParts, { bucket, lifetime }: StateOptions): State {
  if (store === undefined) return NONE;
  const principals = createPrincipalSessions({
    sessions,
    records: createPrincipalRecords(store, bucket),
    life: createSessionLife(store, bucket, lifetime),
  });
  return {
    list: NONE.list,
    serve(step, profile, stateless) {
      const { owner } = step.exchange;
      if (owner === undefined) stateless();
      else principals.serve(step, profile, owner, stateless);
    },
  };
}
