import type { Component } from './component/component.ts';
import { loadComponent as load } from './loader/load-component.ts';
import type { LoadOptions } from './loader/load-options.ts';
import type { ServerOptions } from './server/options.ts';
import { createServer as create, type Server } from './server/server.ts';

/** What the library exports. */
export {
  type Awaitable,
  type CallKind,
  type CallMetrics,
  type Change,
  type Changes,
  type ConnectionMetrics,
  type CounterBounds,
  type Durability,
  type EntryInfo,
  type Fence,
  type Fetch,
  type Follower,
  type Following,
  type GetManyShape,
  type Holder,
  type KeyPage,
  type LeaseEvent,
  type LeaseName,
  type Leases,
  type NumberQuery,
  type NumbersPage,
  type OutgoingPolicy,
  openStore,
  type Prefixes,
  type Preopen,
  type ProtectedPath,
  type SizesPage,
  type SqliteOptions,
  type Store,
  type StoreAccess,
  type StoreGuarantee,
  type StoreLimits,
  type StoreMetrics,
  type StoreOptions,
  type TextQuery,
  type ValuesPage,
  type Versioned,
  WasmcpError,
  type WasmcpErrorCode,
} from '../host/index.ts';
export type { ImportedInterface } from './component/component.ts';
export type { EngineOptions } from './engine/engine.ts';
export type { LoadStage } from './loader/load-options.ts';
export type { McpOptions } from './mcp/options.ts';
export type { HandleNames } from './options/types.ts';
export type { AccessPolicyOptions } from './server/access-policy/access-policy.ts';
export type { NodeHandler } from './server/node-adapter.ts';
export type { RequestSummary } from './server/observe/request-summary.ts';
export type { Isolation } from './snapshot/restoration.ts';
export type { Component, LoadOptions, Server, ServerOptions };

/**
 * Loads a component from a path, a `file:`, `http:` or `https:` URL, standard input (`-`), or bytes: checks it,
 * transpiles it or takes that from the cache, and compiles its core modules.
 *
 * @throws WasmcpError `component-not-found`, `component-too-large`, `component-invalid`; `cache-unusable` only for a
 *   `cacheDir` that was given
 */
export function loadComponent(source: string | URL | Uint8Array, options?: LoadOptions): Promise<Component> {
  return load(source, options);
}

/**
 * A server for the component. It starts with its first use.
 *
 * @throws WasmcpError `option-invalid`; TypeError for an unknown option or an invalid value
 */
export function createServer(component: Component, options?: ServerOptions): Server {
  return create(component, options);
}
