import { workerData } from 'node:worker_threads';
import { Guest } from '../../../host/index.ts';
import { bytes } from '../streams.ts';
import { preopened } from './preopened.ts';

/** The task of one of several workers. */
export interface Work {
  readonly folder: string;
  readonly name: string;
  readonly lines: number;
  /** Number of workers, and of those that are ready. */
  readonly workers: number;
  readonly ready: Int32Array;
}

const { folder, name, lines, workers, ready } = workerData as Work;
const guest = new Guest();
const [root] = preopened(guest, { preopens: [{ host: folder, guest: '/' }] });
const out = root.openAt({}, 'log', { create: true }, { write: true }).appendViaStream();

let others = Atomics.add(ready, 0, 1) + 1;
Atomics.notify(ready, 0);
for (; others < workers; others = Atomics.load(ready, 0)) Atomics.wait(ready, 0, others);
for (let line = 0; line < lines; line++) out.blockingWriteAndFlush(bytes(`${name} ${line}\n`));
guest.release();
