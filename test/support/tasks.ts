import { setTimeout as delay } from 'node:timers/promises';
import { CAPABILITIES, callModern, type ModernAnswer, type ModernRequest, modern } from './modern.ts';

/** Declares the extension for tasks. */
export const TASKS: NonNullable<ModernRequest['meta']> = {
  [CAPABILITIES]: { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};

/** A task as clients see it. */
export interface Task {
  readonly resultType: string;
  readonly taskId: string;
  readonly status: string;
  readonly statusMessage?: string;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  readonly ttlMs: number;
  readonly result?: {
    readonly content: readonly { readonly text: string }[];
    readonly isError?: boolean;
    readonly resultType: string;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

/** Calls a tool as a client that knows tasks. */
export function callForTask(url: string, name: string, args: object = {}): Promise<ModernAnswer> {
  return callModern(url, name, args, { meta: TASKS });
}

/** Calls a tool that takes longer than calls may, and returns the task. */
export async function startTask(url: string, name: string, args: object = {}): Promise<Task> {
  const { body } = await callForTask(url, name, args);
  if (body.result?.resultType !== 'task') throw new Error(`no task: ${JSON.stringify(body)}`);
  return body.result;
}

export function taskRequest(
  url: string,
  method: 'get' | 'update' | 'cancel',
  taskId: string,
  params: object = {},
  request: Partial<ModernRequest> = {},
): Promise<ModernAnswer> {
  return modern(url, { meta: TASKS, ...request, method: `tasks/${method}`, params: { taskId, ...params } });
}

export async function getTask(url: string, taskId: string): Promise<Task> {
  const { body } = await taskRequest(url, 'get', taskId);
  if (body.result === undefined) throw new Error(`no task: ${JSON.stringify(body)}`);
  return body.result;
}

/** Asks for the task until its status is another one. */
export async function leaves(url: string, taskId: string, status = 'working'): Promise<Task> {
  for (;;) {
    const task = await getTask(url, taskId);
    if (task.status !== status) return task;
    await delay(20);
  }
}
