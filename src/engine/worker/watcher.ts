import type { Binding, Change } from '../../../host/index.ts';
import { watcherOf } from '../../component/component.ts';
import type { GlueModule } from '../../component/glue.ts';

/** Notifies an instance's `wasi:keyvalue/watcher` of a change; settles when the guest has handled it. */
export type Tell = (change: Change) => unknown;

/** For one instance and the host functions that it is bound to. Only for a component that exports the watcher. */
export function createTell(exports: ReturnType<GlueModule['instantiate']>, bind: Binding): Tell {
  return (change) => {
    const watcher = watcherOf(Object.keys(exports))!;
    const { onSet, onDelete } = exports[watcher]!;
    const store = bind(watcher.replace('/watcher@', '/store@')) as { open(identifier: string): unknown };
    const bucket = store.open(change.bucket);
    return change.kind === 'set' ? onSet!(bucket, change.key, change.value) : onDelete!(bucket, change.key);
  };
}
