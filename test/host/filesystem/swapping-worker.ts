import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

/** Swaps the entries `p` and `l` of a folder until `stop` is not 0. */
export interface Swaps {
  readonly folder: string;
  readonly stop: Int32Array;
}

const { folder, stop } = workerData as Swaps;
const [p, l, aside] = ['p', 'l', 'aside'].map((name) => join(folder, name)) as [string, string, string];

parentPort!.postMessage('started');
while (Atomics.load(stop, 0) === 0) {
  renameSync(p, aside);
  renameSync(l, p);
  renameSync(aside, l);
}
