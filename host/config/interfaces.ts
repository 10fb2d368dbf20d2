import { type Interfaces, shared } from '../interfaces.ts';
import type { HostOptions } from '../options.ts';
import { configStore } from './store.ts';

/** The interface of `wasi:config` in both drafts, which are the same. */
export function configInterfaces({ config = {} }: HostOptions): Interfaces {
  const store = shared(configStore(config));
  return { 'wasi:config/store@0.2.0-draft-2024-09-27': store, 'wasi:config/store@0.2.0-rc.1': store };
}
