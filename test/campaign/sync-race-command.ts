/**
 * Whether this kernel reports success for syncs that a simulated power cut interrupts; of this project's code, only the disk is
 * used. With `--stop` the writer is stopped before the cut, as in the power-cut campaign.
 *
 *   node test/campaign/sync-race-command.ts [--cuts 120] [--stop]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createDisk, noDisks } from './disk.ts';
import { createRandom } from './random.ts';

const { values } = parseArgs({
  options: { cuts: { type: 'string', default: '120' }, stop: { type: 'boolean', default: false } },
});

const BLOCK = 4096;

/** Writes numbered blocks one after another, and prints the number of each once the block is synced. */
const WRITER = `
const fs = require('node:fs');
const file = fs.openSync(process.argv[1], 'w');
const block = Buffer.alloc(${BLOCK});
for (let n = 1; ; n++) {
  block.writeUInt32LE(n);
  fs.writeSync(file, block, 0, ${BLOCK}, (n - 1) * ${BLOCK});
  fs.fdatasyncSync(file);
  fs.writeSync(1, n + '\\n');
}`;

async function cut(path: string, pause: number): Promise<boolean> {
  const writer = spawn(process.execPath, ['-e', WRITER, path], { stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = once(writer, 'close');
  let said = '';
  writer.stdout.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  await once(writer.stdout, 'data');
  await sleep(pause);
  if (values.stop) writer.kill('SIGSTOP');
  disk.cut();
  // Time for the writer to report a sync that did not happen.
  if (!values.stop) await sleep(50);
  writer.kill('SIGKILL');
  await closed;
  disk.restart();
  const last = Number(said.trimEnd().split('\n').at(-1));
  const kept = readFileSync(path);
  return kept.length >= last * BLOCK && kept.readUInt32LE((last - 1) * BLOCK) === last;
}

const missing = noDisks();
if (missing !== undefined) throw new Error(`cannot cut the power here: ${missing}`);
const random = createRandom(1);
const disk = createDisk(256);
try {
  let lost = 0;
  for (let n = 0; n < Number(values.cuts); n++) {
    const path = join(disk.folder, 'blocks');
    rmSync(path, { force: true });
    if (!(await cut(path, random.whole(20, 200)))) lost++;
  }
  process.stdout.write(`${lost} of ${values.cuts} cuts lost a block that was reported as synced\n`);
} finally {
  disk.destroy();
}
