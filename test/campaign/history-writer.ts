import { openStore } from '../../host/index.ts';
import type { WriterReport, WriterTask } from './history.ts';
import type { Operation } from './linearizable.ts';
import { createRandom } from './random.ts';

/** One of the processes of the history campaign. It reports each operation before it starts it. */

const BUCKET = 'b';

function say(report: WriterReport): Promise<void> {
  return new Promise((resolve) => process.send!(report, () => resolve()));
}

process.once('message', async ({ path, seed, operations, keys }: WriterTask) => {
  const store = await openStore(`sqlite:${path}`, { durability: 'process' });
  const random = createRandom(seed);
  let known = 0n;
  const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();

  async function apply(key: string, kind: Operation['kind'], input: string): Promise<Operation['output']> {
    switch (kind) {
      case 'get':
        return text(await store.get(BUCKET, key));
      case 'set':
        await store.set(BUCKET, key, Buffer.from(input));
        return undefined;
      case 'delete':
        await store.delete(BUCKET, key);
        return undefined;
      case 'increment':
        return String(await store.increment(BUCKET, key, 1n, { min: 0n, max: 2n ** 64n - 1n }));
      case 'read': {
        const { value, version } = await store.read(BUCKET, key);
        known = version;
        return text(value);
      }
      case 'swap':
        return (await store.swap(BUCKET, key, known, Buffer.from(input))) ? 'swapped' : 'failed';
    }
  }

  async function operate(
    key: string,
    kind: Operation['kind'],
    expected?: string,
  ): Promise<string | undefined> {
    const input = String(random.whole(1, 1_000_000_000));
    await say({ begun: { key, kind, input, expected, output: undefined, start: process.hrtime.bigint() } });
    const output = await apply(key, kind, input);
    await say({ ended: { end: process.hrtime.bigint(), output } });
    return output;
  }

  for (let n = 0; n < operations; n++) {
    const key = `key ${random.whole(1, keys)}`;
    const kind = random.pick(['get', 'set', 'increment', 'swap', 'delete', 'increment'] as const);
    if (kind !== 'swap') await operate(key, kind);
    else if (++n < operations) await operate(key, 'swap', await operate(key, 'read'));
  }
  await store.close();
  process.disconnect?.();
});
