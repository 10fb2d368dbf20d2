import { type ByteSink, checked, createHost, openStore, Signal } from '../../host/index.ts';
import type { LoadedComponent } from '../../src/component/component.ts';
import { type Counts, type Manner, meteredInstance } from './metered.ts';

export interface CommandRun extends Counts {
  /** What it wrote, and how it ended. */
  readonly text: string;
}

/** Runs a command in this thread, with a store in memory. */
export async function runInThread(
  component: LoadedComponent,
  args: readonly string[],
  manner: Manner,
): Promise<CommandRun> {
  let written = '';
  const output: ByteSink = {
    changed: new Signal(),
    capacity: 64 * 1024,
    closed: false,
    failure: undefined,
    write(bytes) {
      written += Buffer.from(bytes).toString('latin1');
    },
  };
  const host = createHost({
    store: checked(await openStore('memory:')),
    env: { NAME: 'value' },
    args: ['command.wasm', ...args],
  });
  const { guest, exports, counts } = meteredInstance(
    component,
    host,
    { stdout: output, stderr: output },
    manner,
  );
  const entry = component.exports.find((name) => name.startsWith('wasi:cli/run@'))!;
  let end = 'returned';
  try {
    await exports[entry]!.run!();
  } catch (error) {
    end = String(error).split('\n', 1)[0]!;
  }
  guest.end('the run is over');
  guest.release();
  return { text: `${written}\n${end}`, ...counts() };
}
