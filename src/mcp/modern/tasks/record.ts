import { INTERNAL_ERROR } from '../../edge/messages.ts';
import type { JsonObject } from '../client-message.ts';
import { parseExactly } from '../json.ts';

/** SEP-2663, "Task Status". */
export type Status = 'working' | 'completed' | 'failed' | 'cancelled';

/** A task as it is stored. Its result is stored apart from it, see `TaskLedger`. */
export interface TaskRecord {
  /** The host that runs the guest. */
  readonly host: string;
  readonly status: Status;
  /** In milliseconds since 1970. */
  readonly created: number;
  readonly updated: number;
  /** Milliseconds that it is kept after its end. */
  readonly kept: number;
  /** Why it failed or was cancelled; human-readable. */
  readonly message?: string;
  /** The JSON-RPC error of a task that failed. */
  readonly error?: JsonObject;
}

/** How a task ends. */
export type Outcome =
  | { readonly status: 'completed'; readonly result: JsonObject }
  | { readonly status: 'failed'; readonly error: JsonObject }
  | { readonly status: 'cancelled'; readonly message: string };

export function failed(message: string): Outcome {
  return { status: 'failed', error: { code: INTERNAL_ERROR, message } };
}

/** Milliseconds after which clients should ask again. */
const POLL_INTERVAL = 1000;

export function encode(value: TaskRecord | JsonObject): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

export function decode<T extends TaskRecord | JsonObject>(bytes: Uint8Array): T {
  return parseExactly(Buffer.from(bytes).toString()) as T;
}

/** A task never leaves a terminal status. */
export function isOver({ status }: TaskRecord): boolean {
  return status !== 'working';
}

export function isExpired(record: TaskRecord, now: number): boolean {
  return isOver(record) && now - record.updated >= record.kept;
}

export function ended(record: TaskRecord, outcome: Outcome, now: number): TaskRecord {
  const { status } = outcome;
  const { host, created, kept } = record;
  const common = { host, status, created, updated: now, kept };
  if (outcome.status === 'completed') return common;
  if (outcome.status === 'cancelled') return { ...common, message: outcome.message };
  return { ...common, message: String(outcome.error.message), error: outcome.error };
}

/** A task as clients see it (SEP-2663, "Tasks"). The time to live counts from its creation, and grows as long as it runs. */
export function describe(id: string, record: TaskRecord, now: number): JsonObject {
  const { status, created, updated, kept, message, error } = record;
  const end = isOver(record) ? updated : Math.max(now, updated);
  return {
    taskId: id,
    status,
    ...(message !== undefined && { statusMessage: message }),
    createdAt: new Date(created).toISOString(),
    lastUpdatedAt: new Date(updated).toISOString(),
    ttlMs: end - created + kept,
    pollIntervalMs: POLL_INTERVAL,
    ...(error !== undefined && { error }),
  };
}
