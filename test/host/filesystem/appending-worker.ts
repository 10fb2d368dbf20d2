import { workerData } from 'node:worker_threads';
import type { Descriptor } from '../../../host/filesystem/descriptor.ts';
import { createHost, Guest } from '../../../host/index.ts';
import { bytes, testSink } from '../streams.ts';

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
const binding = createHost({ preopens: [{ host: folder, guest: '/' }] }).bind(guest, {
  stdout: testSink(),
  stderr: testSink(),
});
const preopens = binding('wasi:filesystem/preopens@0.2.6') as unknown as {
  getDirectories(): [[Descriptor, string]];
};
const [[root]] = preopens.getDirectories();
const out = root.openAt({}, 'log', { create: true }, { write: true }).appendViaStream();

let others = Atomics.add(ready, 0, 1) + 1;
Atomics.notify(ready, 0);
for (; others < workers; others = Atomics.load(ready, 0)) Atomics.wait(ready, 0, others);
for (let line = 0; line < lines; line++) out.blockingWriteAndFlush(bytes(`${name} ${line}\n`));
guest.release();
