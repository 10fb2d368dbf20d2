import { STATUS_CODES } from '../../http.ts';

/** What stands for values of labels that clients or guests could make up: each value of a label is a time series forever. */
export const OTHER = 'other';

/** The name for unknown kinds in OpenTelemetry's conventions. */
const UNKNOWN = '_OTHER';

const HTTP_METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'QUERY'],
]);

const MCP_METHODS: ReadonlySet<string> = new Set([
  ...['initialize', 'ping', 'tools/list', 'tools/call', 'prompts/list', 'prompts/get', 'server/discover'],
  ...['resources/list', 'resources/templates/list', 'resources/read', 'resources/subscribe'],
  ...['resources/unsubscribe', 'completion/complete', 'logging/setLevel', 'session/terminate'],
  ...['tasks/get', 'tasks/list', 'tasks/result', 'tasks/update', 'tasks/cancel', 'subscriptions/listen'],
  ...['notifications/initialized', 'notifications/cancelled', 'notifications/progress'],
  ...['notifications/roots/list_changed', 'notifications/message'],
]);

const PROTOCOLS: ReadonlySet<string> = new Set([
  ...['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'],
]);

/** Codes of JSON-RPC and of MCP. */
const ERROR_CODES: ReadonlySet<string> = new Set([
  ...['-32700', '-32600', '-32601', '-32602', '-32603', '-32000', '-32001', '-32002', '-32042'],
  ...['-32020', '-32021', '-32022'],
]);

export function httpMethod(method: string): string {
  return HTTP_METHODS.has(method) ? method : UNKNOWN;
}

/** Empty for clients that left before a response. */
export function statusCode(status: number): string {
  if (status === 0) return '';
  return status in STATUS_CODES ? String(status) : OTHER;
}

export function mcpMethod(method: string): string {
  return MCP_METHODS.has(method) ? method : OTHER;
}

export function protocolVersion(version: string | undefined): string {
  if (version === undefined) return '';
  return PROTOCOLS.has(version) ? version : OTHER;
}

/** `error` is one of our words, or a number that a guest chose. Empty if nothing failed. */
export function errorType(error: string | undefined, status: number): string {
  if (error === undefined) return status >= 400 ? statusCode(status) : '';
  return /^-?\d+$/.test(error) && !ERROR_CODES.has(error) ? UNKNOWN : error;
}

/** Names of tools that the server lists. */
export interface ToolNames {
  /** The server lists these. */
  learn(names: readonly string[]): void;
  /** The name itself if the server lists it. */
  labelOf(name: string): string;
}

export function createToolNames(limit: number): ToolNames {
  const known = new Set<string>();
  return {
    learn(names) {
      for (const name of names) if (known.size < limit) known.add(name);
    },
    labelOf: (name) => (known.has(name) ? name : OTHER),
  };
}
