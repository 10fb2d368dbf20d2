import { DEFAULT_MAX_VALUE, type LeaseHolder, type Store } from '../../../../host/index.ts';
import type { McpSettings } from '../../options.ts';
import type { LegacyGuest } from '../guest.ts';
import type { Owners } from '../state/owner.ts';
import type { Step } from '../step.ts';
import type { Tasks } from './tasks.ts';
import type { TasksOptions } from './types.ts';

/** The tasks of a server. Their code is loaded for the first one. */
export interface TaskService {
  /** Milliseconds after which a call becomes a task. */
  readonly after: number;
  load(): Promise<Tasks>;
  /** Serves a request of the extension. */
  serve(owners: Owners, step: Step, profile: LegacyGuest): void;
  /** Waits at most `limit` milliseconds for tasks that run here, and ends the others. */
  close(limit: number): Promise<void>;
}

export function createTaskService(after: number, options: TasksOptions): TaskService {
  let loading: Promise<Tasks> | undefined;
  const service: TaskService = {
    after,
    load() {
      loading ??= import('./tasks.ts').then((module) => new module.Tasks(options));
      return loading;
    },
    serve(owners, step, profile) {
      void import('./requests.ts').then(({ serveTask }) => serveTask(service.load, owners, step, profile));
    },
    async close(limit) {
      await (await loading)?.close(limit);
    },
  };
  return service;
}

/** The tasks that all components of a server share, one after the other. */
export interface ServerTasks {
  /** Undefined if calls never become tasks. */
  in(store: Store, leases: LeaseHolder | undefined): TaskService | undefined;
  close(limit: number): Promise<void>;
}

export function createServerTasks({
  taskAfter,
  taskTtl,
  inputWait,
  storeLimits,
  log,
}: McpSettings): ServerTasks {
  let service: TaskService | undefined;
  return {
    in(store, leases) {
      if (taskAfter === 'off') return undefined;
      const maxResult = storeLimits.maxValue ?? DEFAULT_MAX_VALUE;
      service ??= createTaskService(taskAfter, { store, leases, kept: taskTtl, inputWait, maxResult, log });
      return service;
    },
    close: async (limit) => service?.close(limit),
  };
}
