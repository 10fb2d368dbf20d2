import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects this thread's garbage, all of it, at once. What instances and buffers held goes back to the system with it. */
export type Collect = () => void;

export function createCollect(): Collect {
  let collect: Collect | undefined;
  return () => {
    collect ??= find();
    collect();
  };
}

/** V8 shows it to new contexts only, once it may. */
function find(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
