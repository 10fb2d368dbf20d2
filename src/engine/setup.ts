import type { MessagePort } from 'node:worker_threads';
import type { Preopen, StoreLimits } from '../../host/index.ts';
import type { Component } from '../component/component.ts';

/** What a guest may see of the outside, the same for each request. Can be sent to a worker. */
export interface GuestSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly preopens: readonly Preopen[];
  /** Print `stdout [N] :: ` before each line of a guest's output. */
  readonly loggingPrefix: boolean;
  readonly storeLimits: StoreLimits;
}

/** How a worker reaches the store: its own connection, or word to the thread that owns it. */
export interface StoreSetup {
  readonly url: string;
  readonly port?: MessagePort;
}

/** A worker's `workerData`. */
export interface WorkerSetup {
  readonly component: Component;
  readonly settings: GuestSettings;
  readonly store: StoreSetup;
}
