/** All that `src/` may import of the host; other programs import `public.ts`. */
export {
  type Budget,
  type BudgetOptions,
  type BudgetParent,
  createBudget,
  DEFAULT_MAX_HOST_MEMORY,
  type GuestBudget,
} from './budget.ts';
export * as check from './check-options.ts';
export { checkOptions, type OptionChecks } from './check-options.ts';
export { endingInput } from './cli/ending-input.ts';
export { shownOn } from './cli/escape-controls.ts';
export { GuestExit } from './cli/exit.ts';
export { concatOwned, type LineSink, prefixedLines } from './cli/lines.ts';
export { RedirectedIo } from './cli/redirected-io.ts';
export { createDescriptors, type Descriptors, type DescriptorTotal } from './descriptors.ts';
export { WasmcpError, type WasmcpErrorCode } from './error.ts';
export { preopenWarnings } from './filesystem/preopens.ts';
export { makeFolders } from './folders.ts';
export { Guest, type ThreadShare } from './guest.ts';
export { createHost } from './host.ts';
export { createExchange, type Exchange, type Outcome, type ResponseSink } from './http/exchange.ts';
export type { Fields } from './http/fields.ts';
export type { FutureResult } from './http/future.ts';
export type { FutureTrailers, IncomingBody } from './http/incoming-body.ts';
export type { IncomingRequest, Method, RequestHead, Scheme } from './http/incoming-request.ts';
export type { ResponseHead } from './http/incoming-response.ts';
export { isLoopback } from './http/outgoing/address.ts';
export type { SpareDescriptors } from './http/outgoing/connections.ts';
export type { Resolve } from './http/outgoing/connector.ts';
export type { Destination } from './http/outgoing/destination.ts';
export { type Fetch, outgoingFetch } from './http/outgoing/fetch.ts';
export { connectFetch, serveFetch } from './http/outgoing/fetch-rpc.ts';
export { type OutgoingOptions, openOutgoing } from './http/outgoing/outgoing.ts';
export { parseOutgoingPattern } from './http/outgoing/pattern.ts';
export type { OutgoingPolicy } from './http/outgoing/policy.ts';
export type { OutgoingHttp, RequestEvents, Sending, SentRequest } from './http/outgoing/transport.ts';
export type { BodyState, MessageKind, OutgoingBody } from './http/outgoing-body.ts';
export type { OutgoingResponse } from './http/outgoing-response.ts';
export type { ResponseOutparam, ResponseResult } from './http/response-outparam.ts';
export { bytesSource } from './io/bytes-source.ts';
export type { HttpErrorCode, IoError, StreamEnd, StreamError, StreamFailure } from './io/error.ts';
export { free } from './io/free.ts';
export type { InputStream } from './io/input-stream.ts';
export type { OutputStream, Writer } from './io/output-stream.ts';
export type { Pollable, PollSource, Timer, Waitable } from './io/poll.ts';
export type { BodySink, ByteSink } from './io/sink.ts';
export type { ByteSource, FieldList } from './io/source.ts';
export type { Awaitable } from './keyvalue/awaitable.ts';
export { type Batch, createBatch, type Entry } from './keyvalue/batch.ts';
export { withChangeNotifier } from './keyvalue/change-notifier.ts';
export type { Change, Changes, Follower, Following } from './keyvalue/changes.ts';
export { copyBetween } from './keyvalue/copy/copy-between.ts';
export type { CopyStep } from './keyvalue/copy/copy-store.ts';
export { requireComplete } from './keyvalue/copy/place.ts';
export type { StoreAccess, StoreOptions } from './keyvalue/driver.ts';
export type { Durability } from './keyvalue/durability.ts';
export type { DurabilityGate, Pass, Release } from './keyvalue/durability-gate.ts';
export { connectGate } from './keyvalue/durability-gate-rpc.ts';
export { entriesFrom } from './keyvalue/entries.ts';
export type { LeaseUse, LeaseUser } from './keyvalue/held-lease.ts';
export { keysWith } from './keyvalue/keys-with.ts';
export {
  createLeaseHolder,
  type LeaseHolder,
} from './keyvalue/lease-holder.ts';
export {
  type Fence,
  type Holder,
  type LeaseEvent,
  type LeaseName,
  type Leases,
  parseFence,
} from './keyvalue/leases.ts';
export {
  type CheckedStore,
  checked,
  DEFAULT_MAX_VALUE,
  isOpenToGuests,
  RESERVED_PREFIX,
  type StoreLimits,
} from './keyvalue/limits.ts';
export { maintain } from './keyvalue/maintenance.ts';
export type {
  CallKind,
  CallMetrics,
  ConnectionMetrics,
  StoreMetrics,
} from './keyvalue/network/metrics.ts';
export {
  ACCESS_CHECKS,
  DEFAULT_STORE_URL,
  filesOfStore,
  openStore,
  preloadStore,
  sizeOfStore,
} from './keyvalue/open.ts';
export { seed } from './keyvalue/seed.ts';
export { openShared, type SharedStore, type StoreSetup, shareStore } from './keyvalue/shared-store.ts';
export type { SqliteOptions } from './keyvalue/sqlite/open.ts';
export type {
  CounterBounds,
  EntryInfo,
  KeyPage,
  NumberQuery,
  NumbersPage,
  Prefixes,
  SizesPage,
  Store,
  StoreGuarantee,
  TextQuery,
  ValuesPage,
  Versioned,
} from './keyvalue/store.ts';
export type {
  BucketInfo,
  EngineInfo,
  FileInfo,
  MaintenanceProgress,
  MaintenanceStep,
} from './keyvalue/store-maintenance.ts';
export { offersFunction } from './names.ts';
export { nearest } from './nearest.ts';
export {
  type Operation,
  type OperationReader,
  Operations,
  readOperations,
  receivedOperations,
  type SentOperations,
  type StoreCall,
  type TraceHeaders,
  wallClock,
} from './operations.ts';
export type {
  Binding,
  GetManyShape,
  GuestIo,
  Host,
  HostOptions,
  Implementation,
  InterfaceShape,
  Log,
  Preopen,
  ProtectedPath,
} from './options.ts';
export { Signal } from './signal.ts';
export { Table } from './table.ts';
export { cutText } from './text.ts';
