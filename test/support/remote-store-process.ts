import { openStore } from '../../host/keyvalue/open.ts';

interface Call {
  readonly id: number;
  readonly isReported: boolean;
  readonly method: 'get' | 'read' | 'set' | 'setMany' | 'increment' | 'swap' | 'delete' | 'deleteMany';
  readonly args: readonly unknown[];
}

/** A process that opens the store of its argument and runs the calls that it is sent. */
const store = await openStore(process.argv[2], { durability: 'process', create: false });
process.on('message', async ({ id, isReported, method, args }: Call) => {
  try {
    const target = isReported ? store : store.changes!.unreported;
    const value: unknown = await Reflect.apply(target[method], target, args);
    process.send!({ id, value });
  } catch (error) {
    process.send!({ id, error: String(error) });
  }
});
process.on('disconnect', () => void store.close());
process.send!('ready');
