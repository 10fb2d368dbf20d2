import { INTERNAL_ERROR } from '../../edge/messages.ts';
import { parseStored } from '../../json.ts';
import { writeJson } from '../../long-values/long-value.ts';
import type { JsonObject } from '../client-message.ts';

/** SEP-2663, "Task Status". */
export type Status = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

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
  /** What the guest asks its client, by name, and nobody has responded to. */
  readonly inputs?: JsonObject;
  /** Responses of the client, by name, which the host that runs the guest has not taken yet. */
  readonly responses?: JsonObject;
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
  return Buffer.from(writeJson(value));
}

export function decode<T extends TaskRecord | JsonObject>(bytes: Uint8Array): T {
  return parseStored(Buffer.from(bytes).toString()) as T;
}

/** A task never leaves a terminal status. */
export function isOver({ status }: TaskRecord): boolean {
  return status !== 'working' && status !== 'input_required';
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

/** The guest asks its client something more. */
export function withInputs(record: TaskRecord, added: JsonObject, now: number): TaskRecord {
  return { ...record, status: 'input_required', updated: now, inputs: { ...record.inputs, ...added } };
}

/**
 * The client has responded. What is not asked, or was responded to already, is left out (SEP-2663, "Task Update Requests"). Undefined
 * if nothing is left.
 */
export function withResponses(record: TaskRecord, given: JsonObject, now: number): TaskRecord | undefined {
  const asked = Object.entries(record.inputs ?? {});
  const answered = asked.map(([name]) => name).filter((name) => Object.hasOwn(given, name));
  if (answered.length === 0) return undefined;
  const left = asked.filter(([name]) => !answered.includes(name));
  const added = Object.fromEntries(answered.map((name) => [name, given[name]]));
  return {
    ...record,
    status: left.length > 0 ? 'input_required' : 'working',
    updated: now,
    inputs: Object.fromEntries(left),
    responses: { ...record.responses, ...added },
  };
}

/** The responses were taken. */
export function withoutResponses({ responses: _responses, ...record }: TaskRecord): TaskRecord {
  return record;
}

/** A task as clients see it (SEP-2663, "Tasks"). The time to live counts from its creation, and grows as long as it runs. */
export function describe(id: string, record: TaskRecord, now: number): JsonObject {
  const { status, created, updated, kept, message, error, inputs } = record;
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
    ...(status === 'input_required' && { inputRequests: inputs }),
  };
}
