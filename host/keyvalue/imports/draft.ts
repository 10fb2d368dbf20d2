import { Guest } from '../../guest.ts';
import { type Draft, draft } from '../draft.ts';
import { defaultStore } from './default-store.ts';

const interfaces: Draft = draft(defaultStore, new Guest());

/** `wasi:keyvalue/store@0.2.0-draft` on the default store, for `jco transpile --map`. */
export const store: Draft['store'] = interfaces.store;
/** `wasi:keyvalue/batch@0.2.0-draft`. */
export const batch: Draft['batch'] = interfaces.batch;
/** `wasi:keyvalue/atomics@0.2.0-draft`. */
export const atomics: Draft['atomics'] = interfaces.atomics;
