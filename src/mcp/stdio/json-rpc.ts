import { parseJson } from '../json.ts';
/** Id of a JSON-RPC request. */
export type Id = string | number;

/** JSON-RPC 2.0, section 5.1. */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const INTERNAL_ERROR = -32603;

/** The members of a JSON-RPC message that the bridge reads. */
export interface Message {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: {
    readonly protocolVersion?: unknown;
    readonly clientInfo?: { readonly name?: unknown };
    readonly requestId?: unknown;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
  readonly result?: { readonly protocolVersion?: unknown } | null;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
}

/** The messages of a JSON text, one or a batch; undefined when it is other JSON. Throws when it is not JSON. */
export function readMessages(text: string): readonly Message[] | undefined {
  const value: unknown = parseJson(text);
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every(isMessage) ? list : undefined;
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null || Reflect.get(value, 'jsonrpc') !== '2.0') return false;
  return typeof Reflect.get(value, 'method') === 'string' || isResponse(value);
}

export function isRequest(message: Message): message is Message & { readonly id: Id } {
  return typeof message.method === 'string' && isId(message.id);
}

/** A result or an error. */
export function isResponse(message: Message): boolean {
  return message.method === undefined && (message.result !== undefined || message.error !== undefined);
}

export function isId(id: unknown): id is Id {
  return typeof id === 'string' || typeof id === 'number';
}

export function errorLine(id: Id | null, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
}
