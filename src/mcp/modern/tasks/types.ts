import type { LeaseHolder, Store } from '../../../../host/index.ts';
import type { ResponseWriter } from '../../../http/response.ts';
import type { JsonObject } from '../client-message.ts';
import type { DetachedInput } from '../mrtr/types.ts';
import type { TaskLimits } from './quota.ts';

export interface TasksOptions {
  readonly store: Store;
  /** For the life of this host; undefined if no other program can use the store. */
  readonly leases: LeaseHolder | undefined;
  /** Milliseconds that a task is kept after its end. */
  readonly kept: number;
  /** Milliseconds that a guest waits for its client. */
  readonly inputWait: number;
  /** Maximum number of bytes of a result. */
  readonly maxResult: number;
  readonly log: (level: string, context: string, message: string) => unknown;
  readonly limits?: Partial<TaskLimits>;
}

/** A call that has become a task, for the host that runs it. */
export interface NewTask {
  /** What its client gets (SEP-2663, "Task Creation"). */
  readonly created: JsonObject;
  /** Where the guest's response goes. */
  readonly collector: ResponseWriter;
  /** The client did not get the task: it never was. */
  discard(): void;
  /** The guest asks its client something. */
  inputRequired(input: DetachedInput): void;
}
