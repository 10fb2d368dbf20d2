import type { WasmcpError } from '../error.ts';
import type { ProtectedPath } from '../options.ts';
import type { CopySource } from './copy/source.ts';
import type { Durability } from './durability.ts';
import type { DurabilityGate } from './durability-gate.ts';
import type { Store } from './store.ts';
import type { StoreMaintenance } from './store-maintenance.ts';

/** How an engine on another machine is reached. */
export interface StoreAccess {
  /** A file with the password, read for each connection. */
  readonly passwordFile?: string;
  /** Milliseconds that a call may take, its wait for a connection included; 5,000 by default. */
  readonly timeout?: number;
  /** Milliseconds that opening waits for an engine that is unavailable; 0 by default. */
  readonly wait?: number;
  /** Maximum number of connections; 8 by default. */
  readonly connections?: number;
  /** Uses an engine even if it cannot guarantee `durability`. */
  readonly acceptWeaker?: boolean;
}

/** How a store is opened. Each kind of store ignores options of other kinds; a store in memory ignores all of them. */
export interface StoreOptions extends StoreAccess {
  /** Milliseconds that a call waits for other writers before it fails with `store-busy`; 5,000 by default. */
  readonly busyTimeout?: number;
  /** Allows a file on a network file system, where SQLite's locks may not work (https://sqlite.org/useovernet.html). */
  readonly allowNetworkFileSystem?: boolean;
  /** Whether to create a missing store; true by default. */
  readonly create?: boolean;
  /** `strict` by default. `power` requires the caller to hold back responses behind `openGate`; without it, it is `process`. */
  readonly durability?: Durability;
  /** Called once, when a sync has failed: every later call fails with `store-broken`, and the process should end. */
  readonly broken?: (failure: WasmcpError) => void;
  /** Called with true when the disk is full, with false when it has space for new entries again. */
  readonly full?: (isFull: boolean) => void;
  /** Called with the reason when the engine can no longer be reached, with undefined when it can be reached again. */
  readonly away?: (failure: WasmcpError | undefined) => void;
  /** With `power`, called when the store is closed: whether the log may still be checkpointed; by default it may. */
  readonly isWhole?: () => boolean;
}

export interface GateOptions {
  /** Called once, when a sync has failed or the files were deleted or replaced: the process should end. */
  readonly broken?: (failure: WasmcpError) => void;
  /** Milliseconds that a read of the database may wait while another process recovers it; 5,000 by default. */
  readonly busyTimeout?: number;
}

/** Housekeeping for the files of an open store. */
export interface Housekeeping {
  /** Whether the files are still those that were opened, and undamaged. */
  isWhole(): boolean;
  /** Settles once nothing of it is running. Calling it again has no effect. */
  close(): Promise<void>;
  /**
   * Creates the reserve if it is missing and there is space: to be called after the last connection was closed, which frees
   * the log. Otherwise the next start on a disk that has filled up meanwhile would find none.
   */
  keepReserve(): void;
}

export interface HousekeepingOptions {
  /** Called once, when a file was found deleted, replaced, truncated or overwritten. */
  readonly broken?: (failure: WasmcpError) => void;
  /** Milliseconds between two checks; 1,000 by default. */
  readonly interval?: number;
  /** Size of the log in bytes above which it is checkpointed; 64 MiB by default. */
  readonly logLimit?: number;
}

/** The size of a store's files, in bytes. */
export interface StoreSize {
  readonly database: number;
  /** The write-ahead log: what is committed and not yet checkpointed into the database. */
  readonly log: number;
}

/**
 * One kind of store. Every method gets a URL that the driver accepts, and fails with `option-invalid` if it names no store.
 * Drivers load their code when it is used: a program uses one kind of store, and some commands none.
 */
export interface StoreDriver {
  /** The form of its URLs, for messages. */
  readonly form: string;
  accepts(url: string): boolean;
  /** Loads the code of `open` ahead of time; if `keeps`, also that of the gate and of housekeeping. */
  preload?(keeps: boolean): Promise<unknown>;
  open(url: string, options: StoreOptions): Promise<Store>;
  /** Each thread opens the store itself. Otherwise one thread does, and the others send it messages. */
  readonly isOpenedPerThread: boolean;
  /** Opens the gate that holds back responses; absent if a write that has returned is as durable as it will be. */
  openGate?(url: string, options: GateOptions): Promise<DurabilityGate>;
  startHousekeeping?(url: string, options: HousekeepingOptions): Promise<Housekeeping>;
  maintain?(url: string, access: StoreAccess): StoreMaintenance;
  /** Opens the store to be copied while servers write to it; absent if they must be stopped first. */
  openSource?(url: string): Promise<CopySource>;
  sizeOf?(url: string): Promise<StoreSize>;
  /** Files on this machine that only the store may touch. */
  filesOf?(url: string): readonly ProtectedPath[];
}

/** Something that is no store but can be copied into one. */
export interface SourceDriver extends Pick<StoreDriver, 'accepts'> {
  /** @throws WasmcpError `store-unusable` */
  openSource(url: string): Promise<CopySource>;
}
