/** One step of a maintenance operation. */
export type MaintenanceStep = 'check' | 'describe' | 'copy' | 'migrate';

/** Called at the start of each step and five times a second; `fraction` is from 0 to 1, undefined if unknown. */
export type MaintenanceProgress = (step: MaintenanceStep, fraction?: number) => void;

/** The content and size of a store in a file. Sizes in bytes. */
export interface StoreInfo {
  readonly path: string;
  readonly schema: number;
  /** The newest schema that this program knows. */
  readonly newestSchema: number;
  readonly sqlite: string;
  readonly fileSize: number;
  /** Size of the log; 0 without one. */
  readonly logSize: number;
  /** The part of the file that deleted entries have left for new ones. */
  readonly freeSize: number;
  readonly buckets: readonly BucketInfo[];
}

export interface BucketInfo {
  readonly name: string;
  readonly keys: number;
  /** Total size of the values. */
  readonly valueSize: number;
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
