import type { Durability } from './durability.ts';

/** One step of a maintenance operation. */
export type MaintenanceStep = 'check' | 'describe' | 'copy' | 'migrate';

/** Called at the start of each step and five times a second; `fraction` is from 0 to 1, undefined if unknown. */
export type MaintenanceProgress = (step: MaintenanceStep, fraction?: number) => void;

/** The content and size of a store. Sizes in bytes. */
export interface StoreInfo {
  readonly schema: number;
  /** The newest schema that this program knows. */
  readonly newestSchema: number;
  /** Of a store in a file. */
  readonly file?: FileInfo;
  /** Of a store on another machine. */
  readonly engine?: EngineInfo;
  readonly buckets: readonly BucketInfo[];
  /** Instead of buckets, of a store that is too large to be counted. */
  readonly estimatedKeys?: number;
}

export interface FileInfo {
  readonly path: string;
  readonly sqlite: string;
  readonly size: number;
  /** Size of the log; 0 without one. */
  readonly logSize: number;
  /** The part of the file that deleted entries have left for new ones. */
  readonly freeSize: number;
}

export interface EngineInfo {
  /** Without the password. */
  readonly url: string;
  /** What the engine guarantees at most. */
  readonly durability: Durability;
  /** Its version and settings. */
  readonly found: string;
  /** What the store takes on its disk; undefined if it does not tell. */
  readonly size?: number;
}

export interface BucketInfo {
  readonly name: string;
  readonly keys: number;
  /** Total size of the values. */
  readonly valueSize: number;
  /** The size is estimated, and includes what the engine adds to it. */
  readonly isEstimate?: boolean;
}

/** Maintenance of a store that other processes may be using. Operations can take minutes and run in a thread of their own. */
export interface StoreMaintenance {
  /** Reads the whole store and returns its problems; an empty list if there are none. */
  check(progress?: MaintenanceProgress): Promise<string[]>;
  info(progress?: MaintenanceProgress): Promise<StoreInfo>;
  /** Copies a consistent snapshot of the store into a new file. */
  backup(path: string, progress?: MaintenanceProgress): Promise<void>;
  /** Creates the store from a backup. It must not exist. */
  restore(path: string, progress?: MaintenanceProgress): Promise<void>;
  /** Migrates the store to the newest schema; returns the number of its previous schema. */
  migrate(progress?: MaintenanceProgress): Promise<number>;
}
