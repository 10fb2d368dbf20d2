import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Runs a full garbage collection of this thread, which returns the memory of instances and buffers to the system. */
export type Collect = () => void;

export function createCollect(): Collect {
  let collect: Collect | undefined;
  return () => {
    collect ??= find();
    collect();
  };
}

/** V8 exposes `gc` only in contexts that are created after the flag is set. */
function find(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
