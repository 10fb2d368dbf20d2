import type { Refusal } from '../../edge/messages.ts';
import { isObject, type JsonObject } from '../client-message.ts';
import { MISSING_CAPABILITY } from '../codes.ts';
import { META } from '../revision.ts';

/** The extension for tasks (SEP-2663, "Extension Identifier"). */
export const EXTENSION = 'io.modelcontextprotocol/tasks';

/** Methods of the extension. Whatever else begins with `tasks/` is reserved (SEP-2663, "Reservations"). */
const METHODS: ReadonlySet<string> = new Set(['tasks/get', 'tasks/update', 'tasks/cancel']);

export function isTaskMethod(method: string): boolean {
  return METHODS.has(method);
}

/** Whether the client declares the extension with this request (SEP-2663, "Capability Negotiation"): without it, it gets no task. */
export function declaresTasks(meta: JsonObject): boolean {
  const capabilities = meta[META.capabilities];
  const extensions = isObject(capabilities) ? capabilities.extensions : undefined;
  return isObject(extensions) && isObject(extensions[EXTENSION]);
}

/** The capabilities of a server with the extension. */
export function withTasks(capabilities: JsonObject): JsonObject {
  const { extensions } = capabilities;
  return { ...capabilities, extensions: { ...(isObject(extensions) && extensions), [EXTENSION]: {} } };
}

/** What clients get that use tasks without having declared them (SEP-2663, "Protocol Errors"). */
export const UNDECLARED: Refusal = {
  status: 400,
  code: MISSING_CAPABILITY,
  text: `tasks need the capability ${EXTENSION}`,
  data: { requiredCapabilities: { extensions: { [EXTENSION]: {} } } },
};
