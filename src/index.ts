/** The library's door. */
export {
  type Durability,
  type Fetch,
  type KeyPage,
  type OutgoingPolicy,
  openStore,
  type Store,
  type Versioned,
  WasmcpError,
  type WasmcpErrorCode,
} from '../host/index.ts';
export type { Component, ImportedInterface } from './component/component.ts';
export { loadComponent } from './loader/load-component.ts';
export type { ServerOptions } from './server/options.ts';
export { createServer, type Server } from './server/server.ts';
