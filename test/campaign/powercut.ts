import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Durability } from '../../host/index.ts';
import { compare } from './compare.ts';
import { createDisk, type Disk } from './disk.ts';
import { createLoad, type Load } from './load.ts';
import { createRandom } from './random.ts';
import { serveStore } from './server.ts';

export interface PowerCutOptions {
  readonly cuts: number;
  readonly seed: number;
  readonly clients: number;
  readonly durability: Durability;
  /** Each cut hits a store that was created moments before, together with its folders. */
  readonly firstStart: boolean;
  readonly progress?: (line: string) => void;
}

export interface PowerCutReport {
  readonly durability: Durability;
  readonly cuts: number;
  readonly acknowledged: number;
  readonly read: number;
  /** Keys whose acknowledged or read state was lost, over all cuts. */
  readonly lost: number;
  readonly phantom: number;
  readonly damaged: number;
}

/** Serves from a disk of its own, lets clients write, cuts the power at a random moment, mounts again and compares. */
export async function powerCutCampaign(options: PowerCutOptions): Promise<PowerCutReport> {
  const disk = createDisk(256);
  const random = createRandom(options.seed);
  const total = { acknowledged: 0, read: 0, lost: 0, phantom: 0, damaged: 0 };
  let load = createLoad(options.clients, random);
  try {
    for (let n = 1; n <= options.cuts; n++) {
      if (options.firstStart && n > 1) load = createLoad(options.clients, random);
      const path = join(disk.folder, options.firstStart ? `${n}/deep/store.db` : 'store.db');
      const before = { ...load.figures };
      const pause = options.firstStart ? random.whole(0, 300) : random.whole(100, 2500);
      await untilCut(disk, load, path, options, pause);
      const { lost, phantom, damage } = await compare(path, load.keys);
      total.acknowledged += load.figures.acknowledged - before.acknowledged;
      total.read += load.figures.read - before.read;
      total.lost += lost.length;
      total.phantom += phantom.length + load.figures.phantoms - before.phantoms;
      total.damaged += damage === undefined ? 0 : 1;
      options.progress?.(
        `${n}/${options.cuts}: ${total.acknowledged} acknowledged, ${total.lost} lost, ${total.phantom} phantom, ${total.damaged} damaged`,
      );
    }
  } finally {
    disk.destroy();
  }
  return { durability: options.durability, cuts: options.cuts, ...total };
}

/**
 * The server is stopped before the cut, because after a real one no process acknowledges anything. The kernel reports success for
 * some syncs that a simulated cut interrupts, and a running process would pass that on to its clients.
 */
async function untilCut(
  disk: Disk,
  load: Load,
  path: string,
  { durability }: PowerCutOptions,
  pause: number,
): Promise<void> {
  const server = await serveStore({ path, durability });
  const asking = load.run(server.url);
  await sleep(pause);
  server.child.kill('SIGSTOP');
  disk.cut();
  server.child.kill('SIGKILL');
  await server.ended;
  await asking;
  disk.restart();
}
