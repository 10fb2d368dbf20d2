import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdministeredServer } from '../administration.ts';
import type { EventFeed } from './event-feed.ts';
import type { Reply } from './reply.ts';
import type { StoreService } from './store-service.ts';

/** What the operations of the API work with. */
export interface ApiContext {
  readonly server: AdministeredServer;
  /** @throws ApiError 503 before the start */
  readonly service: () => StoreService;
  readonly feed: EventFeed;
  /** A call has changed this session. */
  touched(session: string): void;
}

/** One call of an operation; path and query have been checked against its description. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The body as JSON; undefined for operations without one. */
  readonly body: unknown;
  /** Aborted when the client leaves before it has the response. */
  readonly signal: AbortSignal;
}

/** A parameter of the path or the query, see the OpenAPI specification. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly description: string;
  readonly schema: ParameterSchema;
}

export type ParameterSchema =
  | {
      readonly type: 'string';
      readonly enum?: readonly string[];
      readonly maxLength?: number;
      readonly format?: string;
    }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number; readonly default: number }
  | { readonly type: 'boolean'; readonly default: boolean };

/** One operation: its description, which is also its part of the OpenAPI document, and its function. */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'DELETE' | 'POST';
  /** Below `/api/v1`, such as `/sessions/{id}`. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** The schema of the body, if it has one. */
  readonly body?: object;
  /** By status. */
  readonly responses: Readonly<Record<number, ResponseDescription>>;
  /** Undefined if it has responded itself. */
  run(context: ApiContext, call: Call): Promise<Reply | undefined> | Reply | undefined;
}

export interface ResponseDescription {
  readonly description: string;
  readonly schema?: object;
  /** `application/json` by default. */
  readonly type?: string;
}

export function pathParameter(name: string, description: string): Parameter {
  return { name, in: 'path', description, schema: { type: 'string' } };
}

export function queryParameter(name: string, description: string, schema: ParameterSchema): Parameter {
  return { name, in: 'query', description, schema };
}

/** A schema by its name in the document. */
export function schemaNamed(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}
