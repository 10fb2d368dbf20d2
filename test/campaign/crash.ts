import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Durability } from '../../host/index.ts';
import { compare } from './compare.ts';
import { createLoad } from './load.ts';
import { createRandom } from './random.ts';
import { serveStore } from './server.ts';

export interface CrashOptions {
  readonly cycles: number;
  readonly seed: number;
  readonly clients: number;
  readonly durability: Durability;
  readonly progress?: (line: string) => void;
}

export interface CrashReport {
  readonly cycles: number;
  readonly acknowledged: number;
  readonly read: number;
  readonly lost: number;
  readonly phantom: number;
  readonly damaged: number;
  readonly refused: number;
}

/** Repeatedly, with one store: serves, lets clients write, kills the server at a random moment, and compares. */
export async function crashCampaign(options: CrashOptions): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-crash-'));
  const path = join(folder, 'store.db');
  const random = createRandom(options.seed);
  const load = createLoad(options.clients, random);
  const found = { lost: 0, phantom: 0, damaged: 0 };
  try {
    for (let cycle = 1; cycle <= options.cycles; cycle++) {
      const server = await serveStore({ path, durability: options.durability });
      const asking = load.run(server.url);
      await sleep(random.whole(100, 2500));
      server.child.kill('SIGKILL');
      await server.ended;
      await asking;
      const { lost, phantom, damage } = await compare(path, load.keys);
      found.lost += lost.length;
      found.phantom += phantom.length;
      found.damaged += damage === undefined ? 0 : 1;
      options.progress?.(
        `${cycle}/${options.cycles}: ${load.figures.acknowledged} acknowledged, ${found.lost} lost, ${found.phantom} phantom, ${found.damaged} damaged`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const { acknowledged, read, refused, phantoms } = load.figures;
  return {
    cycles: options.cycles,
    acknowledged,
    read,
    refused,
    ...found,
    phantom: found.phantom + phantoms,
  };
}
